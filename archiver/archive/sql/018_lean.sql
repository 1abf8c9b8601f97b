-- A body stands in the file once, as its text: other forms are made from its capture when they are asked for, and code
-- is found in the text. What is long stands last in its row, so that lists of articles need not read it.

CREATE TABLE articles ( -- derived: the best reading of a part, or of a cited article
    id INTEGER PRIMARY KEY, -- the site's article id
    title TEXT, -- as iThome shows it
    series_id INTEGER REFERENCES series (id), -- the series its own page names
    position INTEGER, -- its place in the series, from its own page
    title_day INTEGER, -- the day its title names
    badge_day INTEGER, -- the posting streak its badge shows
    author_id INTEGER REFERENCES authors (id), -- who wrote it
    published_at TEXT, -- when it was published
    url TEXT NOT NULL, -- canonical URL
    "group" TEXT, -- the contest group shown
    contest_year INTEGER CHECK (contest_year BETWEEN 2008 AND 2107), -- year of the contest
    team TEXT, -- the team shown
    views INTEGER, -- as last shown
    likes INTEGER, -- as last shown
    comments_count INTEGER, -- as last shown
    previous_id INTEGER, -- article id of the part before
    next_id INTEGER, -- article id of the part after
    content_sha256 TEXT, -- of title, body and tags, normalised
    body_sha256 TEXT, -- of the body's words alone: finds the same text under another id
    html_sha256 TEXT, -- of the body's sanitised HTML: another one means that something of the body changed
    capture_id INTEGER NOT NULL REFERENCES captures (id), -- the capture it was read from; its HTML and Markdown are made from that
    parser TEXT NOT NULL, -- what read it
    is_citation INTEGER NOT NULL DEFAULT 0 CHECK (is_citation IN (0, 1)), -- 1: linked, but not a part of what is kept
    body_text TEXT -- the body as plain text
) STRICT;
CREATE INDEX articles_series_id ON articles (series_id, position);
CREATE INDEX articles_author_id ON articles (author_id);
CREATE INDEX articles_capture_id ON articles (capture_id);
CREATE INDEX articles_published_at ON articles (published_at);
CREATE INDEX articles_is_citation ON articles (is_citation);
CREATE INDEX articles_contest_year ON articles (contest_year);
CREATE INDEX articles_body_sha256 ON articles (body_sha256);

CREATE TABLE comments ( -- derived: comments and replies
    id INTEGER PRIMARY KEY, -- our number
    article_id INTEGER NOT NULL REFERENCES articles (id) ON DELETE CASCADE, -- under which article
    site_id INTEGER, -- the site's own id, where it shows one
    identity TEXT NOT NULL, -- what tells it apart on its page
    position INTEGER NOT NULL, -- order on the page, from 1
    reply_to INTEGER REFERENCES comments (id), -- the comment it answers
    author_id INTEGER REFERENCES authors (id), -- who wrote it, where a link shows the id
    author_name TEXT, -- the name shown
    level TEXT, -- the rank shown
    published_at TEXT, -- when it was written
    likes INTEGER, -- as last shown
    content_sha256 TEXT NOT NULL, -- of the text
    first_seen_at TEXT NOT NULL, -- when we first saw it
    last_seen_at TEXT NOT NULL, -- when we last saw it
    deleted_at TEXT, -- when we first saw its page without it
    body_text TEXT NOT NULL, -- as plain text
    body_html TEXT NOT NULL, -- sanitised
    UNIQUE (article_id, identity)
) STRICT;
CREATE INDEX comments_reply_to ON comments (reply_to);
CREATE INDEX comments_author_id ON comments (author_id);

CREATE TABLE comment_versions ( -- derived: each text that a comment had
    id INTEGER PRIMARY KEY, -- our number
    comment_id INTEGER NOT NULL REFERENCES comments (id) ON DELETE CASCADE, -- of which comment
    content_sha256 TEXT NOT NULL, -- of the text
    first_seen_at TEXT NOT NULL, -- when we first saw this text
    last_seen_at TEXT NOT NULL, -- when we last saw it
    body_text TEXT NOT NULL -- as plain text
) STRICT;
CREATE INDEX comment_versions_comment_id ON comment_versions (comment_id);

CREATE TABLE code_blocks ( -- derived: every code block of a body; the view `code` shows each to the letter
    id INTEGER PRIMARY KEY, -- our number
    article_id INTEGER NOT NULL REFERENCES articles (id) ON DELETE CASCADE, -- in which article
    position INTEGER NOT NULL, -- order in the body, from 1
    language TEXT, -- as declared
    language_guessed INTEGER NOT NULL DEFAULT 0 CHECK (language_guessed IN (0, 1)), -- 1: nobody declared the language, a library guessed it
    start INTEGER CHECK (start > 0), -- where it begins in the article's body_text, in characters from 1
    length INTEGER NOT NULL CHECK (length >= 0), -- how many characters it has
    code TEXT, -- the exact text, where body_text does not hold it to the letter
    UNIQUE (article_id, position),
    CHECK ((start IS NULL) = (code IS NOT NULL))
) STRICT;
CREATE INDEX code_blocks_language ON code_blocks (language);

CREATE TABLE collapses ( -- derived: articles whose text shrank to nearly nothing, with the last full one
    article_id INTEGER PRIMARY KEY REFERENCES articles (id) ON DELETE CASCADE, -- the site's article id
    since TEXT NOT NULL, -- when the shrunken text was first seen
    letters INTEGER NOT NULL, -- how many letters it has; a picture counts as a hundred
    full_letters INTEGER NOT NULL, -- how many the fullest text had
    full_capture_id INTEGER NOT NULL REFERENCES captures (id), -- what the last full text was read from
    full_seen_at TEXT NOT NULL, -- when that was last seen
    full_title TEXT, -- the title that it had
    full_body_text TEXT NOT NULL -- as plain text
) STRICT;
CREATE INDEX collapses_full_capture_id ON collapses (full_capture_id)
