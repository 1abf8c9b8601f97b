-- Where an answer came from: only live ones feed what is believed of a page. A capture says it too, but a copy that was
-- refused has none, and one that says what is held already points at the older capture.

ALTER TABLE fetches ADD COLUMN source TEXT NOT NULL DEFAULT 'live' CHECK (source IN ('live', 'wayback', 'common_crawl', 'import', 'feed', 'memento')); -- who answered: the host itself (live), or whose copy it is
ALTER TABLE fetches ADD COLUMN source_url TEXT; -- where the copy was had from: its URL, or the name and SHA-256 of a file
ALTER TABLE fetches ADD COLUMN source_at TEXT; -- when the copy was made
CREATE INDEX fetches_source ON fetches (source)
