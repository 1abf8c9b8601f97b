-- What an archive needs to speak of time: state changes, versions of comments, what parsers no longer find; and of images,
-- outside links and control requests as pages. Kinds and sources gain words by `schema.widen`, not here.

ALTER TABLE runs ADD COLUMN kept_digest TEXT; -- over sources, pages and captures as the run left them; of the last run it must still hold
ALTER TABLE pages ADD COLUMN absent_since TEXT; -- first absence since the last success, whether it counts or not
ALTER TABLE articles ADD COLUMN body_sha256 TEXT; -- of the body's words alone: finds the same text under another id
CREATE INDEX articles_body_sha256 ON articles (body_sha256);
ALTER TABLE edits ADD COLUMN cosmetic INTEGER NOT NULL DEFAULT 0 CHECK (cosmetic IN (0, 1)); -- 1: the words and the code are the same, only their dress changed
ALTER TABLE events ADD COLUMN other_article_id INTEGER; -- the other article it is about
ALTER TABLE code_blocks ADD COLUMN language_guessed INTEGER NOT NULL DEFAULT 0 CHECK (language_guessed IN (0, 1)); -- 1: nobody declared the language, a library guessed it
ALTER TABLE links ADD COLUMN target_url TEXT; -- the URL without its fragment, as a page has it; empty where none is ever asked
CREATE INDEX links_target_url ON links (target_url);
ALTER TABLE images ADD COLUMN capture_id INTEGER REFERENCES captures (id); -- the bytes, where they are held
ALTER TABLE images ADD COLUMN media_type TEXT; -- what the bytes are, by their own signature
ALTER TABLE images ADD COLUMN width INTEGER; -- in pixels
ALTER TABLE images ADD COLUMN height INTEGER; -- in pixels
ALTER TABLE images ADD COLUMN bytes INTEGER; -- length
CREATE INDEX images_capture_id ON images (capture_id);
CREATE INDEX images_media_type ON images (media_type);

CREATE TABLE state_changes ( -- believed: each change of what we believe of a page, computed from its fetches
    id INTEGER PRIMARY KEY, -- our number
    page_id INTEGER NOT NULL REFERENCES pages (id), -- of which page
    at TEXT NOT NULL, -- when
    old_state TEXT NOT NULL CHECK (old_state IN ('new', 'alive', 'moved', 'suspect', 'gone', 'blocked', 'excluded')), -- before
    new_state TEXT NOT NULL CHECK (new_state IN ('new', 'alive', 'moved', 'suspect', 'gone', 'blocked', 'excluded')) -- after
) STRICT;
CREATE INDEX state_changes_page_id ON state_changes (page_id, at);
CREATE INDEX state_changes_at ON state_changes (at);
CREATE INDEX state_changes_new_state ON state_changes (new_state);

CREATE TABLE comment_versions ( -- derived: each text that a comment had
    id INTEGER PRIMARY KEY, -- our number
    comment_id INTEGER NOT NULL REFERENCES comments (id) ON DELETE CASCADE, -- of which comment
    content_sha256 TEXT NOT NULL, -- of the text
    body_html TEXT NOT NULL, -- sanitised
    body_text TEXT NOT NULL, -- as plain text
    first_seen_at TEXT NOT NULL, -- when we first saw this text
    last_seen_at TEXT NOT NULL -- when we last saw it
) STRICT;
CREATE INDEX comment_versions_comment_id ON comment_versions (comment_id);

CREATE TABLE comment_images ( -- derived: which comment shows which image
    comment_id INTEGER NOT NULL REFERENCES comments (id) ON DELETE CASCADE, -- the comment
    position INTEGER NOT NULL, -- order in the comment, from 1
    image_id INTEGER NOT NULL REFERENCES images (id), -- the image
    alt TEXT NOT NULL DEFAULT '', -- its alternative text
    PRIMARY KEY (comment_id, position)
) STRICT;
CREATE INDEX comment_images_image_id ON comment_images (image_id);

CREATE TABLE lost_fields ( -- derived: values that a page used to yield and, though it is alive, no longer does
    page_id INTEGER NOT NULL REFERENCES pages (id), -- on which page
    field TEXT NOT NULL, -- which value
    last_found_at TEXT NOT NULL, -- when it was last found
    lost_since TEXT NOT NULL, -- since when the parser does not find it
    parser TEXT NOT NULL, -- which parser does not find it
    PRIMARY KEY (page_id, field)
) STRICT;
CREATE INDEX lost_fields_field ON lost_fields (field)
