-- The search index. What stands in it is written by `search.py`; docs/design.md says why it has this shape ('Search').

CREATE TABLE search_rows ( -- derived: which row of the search index is which article
    id INTEGER PRIMARY KEY, -- our number: small, since the index repeats it for each of its words
    article_id INTEGER NOT NULL UNIQUE REFERENCES articles (id), -- the article
    digest TEXT NOT NULL -- of the title, body and comments that are indexed
) STRICT;

CREATE VIRTUAL TABLE search_index USING fts5(
    article_id,
    content='search_rows',
    content_rowid='id',
    detail=none,
    columnsize=0,
    tokenize="unicode61 remove_diacritics 0 categories 'L* M* N* P* S* Z* C*' separators '
'"
);
