-- What an index links to is found without reading every other mention of it.

CREATE INDEX mentions_of_indexes ON mentions (name_id) WHERE via = 'index'
