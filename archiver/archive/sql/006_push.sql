-- Copies that others were asked to make: a queue that a later run goes on with, and what came of each.

CREATE TABLE pushes ( -- asked: a page that somebody else was asked to save, and how far that got
    id INTEGER PRIMARY KEY, -- our number
    page_id INTEGER NOT NULL REFERENCES pages (id), -- which page
    state TEXT NOT NULL CHECK (state IN ('queued', 'pending', 'confirmed', 'refused', 'mismatch')), -- confirmed: the index shows the capture and its text is ours; mismatch: it was captured, but with another text
    reason TEXT NOT NULL DEFAULT '', -- why that is its state, in plain words
    queued_at TEXT NOT NULL, -- when the user asked for it
    attempts INTEGER NOT NULL DEFAULT 0, -- how often the service was asked, and answered
    asked_at TEXT, -- when it was last asked
    not_before TEXT, -- a capture from then on is the one that was asked for
    job_id TEXT, -- the service's own name for its work
    made_at TEXT, -- when the capture was made: as the service says, then as its index does
    copy_url TEXT, -- where the capture is had that was compared with ours
    text_sha256 TEXT, -- our text that it was compared with (content_sha256 of the article)
    checked_at TEXT, -- when we last heard of it
    CHECK (state != 'confirmed' OR (copy_url IS NOT NULL AND made_at IS NOT NULL))
) STRICT;
CREATE UNIQUE INDEX pushes_open ON pushes (page_id) WHERE state IN ('queued', 'pending');
CREATE INDEX pushes_page_id ON pushes (page_id);
CREATE INDEX pushes_state ON pushes (state);
CREATE INDEX pushes_queued_at ON pushes (queued_at);
