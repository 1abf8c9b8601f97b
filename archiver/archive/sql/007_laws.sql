-- By which rules beliefs were made: when the law changes they are made again, and are proven under the law they stand on.

CREATE TABLE laws ( -- believed: each law that beliefs were made by; the last row is the one that they stand on now
    id INTEGER PRIMARY KEY, -- our number
    run_id INTEGER NOT NULL REFERENCES runs (id), -- which run believed everything again by it
    at TEXT NOT NULL, -- since when
    version INTEGER NOT NULL, -- which version of the law (`verdict.LAW`)
    rules TEXT NOT NULL CHECK (json_valid(rules)), -- JSON: the numbers of the config's [judgement]
    pages_changed INTEGER NOT NULL -- of how many pages something else is believed since
) STRICT;
CREATE INDEX laws_run_id ON laws (run_id)
