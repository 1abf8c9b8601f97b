-- What no fetch proves by itself is sealed: how it was when the last run ended, and what of it another program changed.

ALTER TABLE runs ADD COLUMN changed_before TEXT; -- what another program had changed since the run before, as verify told it; empty: nothing

CREATE TABLE seals ( -- sealed: the rows, and the shape, of what cannot be proven from the fetches, as the last run left them
    kind TEXT NOT NULL CHECK (kind IN ('rows', 'table', 'view', 'index', 'trigger')), -- of what: rows of a table, or how something was made
    name TEXT NOT NULL, -- its name
    digest TEXT NOT NULL, -- SHA-256 of its rows or of its SQL
    PRIMARY KEY (kind, name)
) STRICT
