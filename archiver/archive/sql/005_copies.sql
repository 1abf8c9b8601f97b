-- What others say that they hold: for the insurance report, and so that nothing is asked twice.

CREATE TABLE copies ( -- seen: a copy of a page that somebody else says to hold, as their index told when last asked
    id INTEGER PRIMARY KEY, -- our number
    page_id INTEGER NOT NULL REFERENCES pages (id), -- of which page
    holder TEXT NOT NULL CHECK (holder IN ('wayback', 'common_crawl', 'memento')), -- who holds it
    url TEXT NOT NULL, -- where it is had
    byte_range TEXT NOT NULL DEFAULT '', -- which bytes of that file, as first-last; empty for all
    made_at TEXT NOT NULL, -- when it was made
    digest TEXT, -- of its payload, as the index writes it
    media_type TEXT, -- what the index says it is
    http_status INTEGER, -- the status code that the index says
    confirmed INTEGER NOT NULL DEFAULT 1 CHECK (confirmed IN (0, 1)), -- 1: an index of the holder names it; 0: we only asked for it to be made
    outcome TEXT, -- what it was judged to be when we had it; empty: not looked at
    first_seen_at TEXT NOT NULL, -- when we first heard of it
    checked_at TEXT NOT NULL, -- when we last did
    UNIQUE (page_id, holder, url, byte_range)
) STRICT;
CREATE INDEX copies_holder ON copies (holder);
CREATE INDEX copies_made_at ON copies (made_at);
CREATE INDEX copies_outcome ON copies (outcome);
