-- Articles whose text shrank to nearly nothing, with the last full text beside it, so that it can be read and found.

CREATE TABLE collapses ( -- derived: articles whose text shrank to nearly nothing, with the last full one
    article_id INTEGER PRIMARY KEY REFERENCES articles (id) ON DELETE CASCADE, -- the site's article id
    since TEXT NOT NULL, -- when the shrunken text was first seen
    letters INTEGER NOT NULL, -- how many letters it has; a picture counts as a hundred
    full_letters INTEGER NOT NULL, -- how many the fullest text had
    full_capture_id INTEGER NOT NULL REFERENCES captures (id), -- what the last full text was read from
    full_seen_at TEXT NOT NULL, -- when that was last seen
    full_title TEXT, -- the title that it had
    full_body_html TEXT NOT NULL, -- sanitised
    full_body_text TEXT NOT NULL -- as plain text
) STRICT;
CREATE INDEX collapses_full_capture_id ON collapses (full_capture_id);
ALTER TABLE edits ADD COLUMN collapsed INTEGER NOT NULL DEFAULT 0 CHECK (collapsed IN (0, 1)); -- 1: the new text is nearly nothing beside the old one
DELETE FROM progress WHERE EXISTS (SELECT 1 FROM edits WHERE body_changed AND NOT cosmetic)
    OR EXISTS (SELECT 1 FROM articles JOIN pages ON pages.article_id = articles.id
        JOIN captures ON captures.page_id = pages.id WHERE captures.source != 'live');
