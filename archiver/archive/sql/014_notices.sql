-- What somebody is to be told of, until they were.

CREATE TABLE notices ( -- seen: that a run owed the notify command what changed, and that it was told; what is owed is told by a later run
    id INTEGER PRIMARY KEY, -- our number, in order of time
    run_id INTEGER NOT NULL REFERENCES runs (id), -- during which run
    state TEXT NOT NULL CHECK (state IN ('owed', 'told')), -- owed: whatever changes from this run on is to be told; told: all until then was, or nothing had changed
    at TEXT NOT NULL -- when
) STRICT;
CREATE INDEX notices_run_id ON notices (run_id);
