-- Every column carries its description: `archiver serve` and docs/schema.md read them from here.
-- Times are UTC, ISO 8601 with Z. Three kinds of table: asked/seen (append-only), believed, derived.

CREATE TABLE sources ( -- asked: what the user wants kept, as named in the config or on the command line
    id INTEGER PRIMARY KEY, -- our number
    url TEXT NOT NULL UNIQUE, -- canonical URL of the index page, series page or article
    kind TEXT NOT NULL CHECK (kind IN ('index', 'series', 'feed', 'article')), -- what kind of page it is
    alternates TEXT NOT NULL DEFAULT '[]' CHECK (json_valid(alternates)), -- JSON list: the same page elsewhere
    series_hint INTEGER, -- the series it is about, where the user said so
    added_at TEXT NOT NULL -- when it was first asked for
) STRICT;

CREATE TABLE runs ( -- seen: one command that could ask the network
    id INTEGER PRIMARY KEY, -- our number
    command TEXT NOT NULL, -- fetch, rescue, push, import
    started_at TEXT NOT NULL, -- when it began
    finished_at TEXT, -- when it ended; empty while it runs, or when it was killed
    ended_by TEXT CHECK (ended_by IN ('finished', 'limit', 'refused', 'interrupted', 'error', 'killed')), -- how it ended
    exit_code INTEGER, -- what the command returned
    version TEXT NOT NULL, -- of archiver
    config TEXT NOT NULL DEFAULT '{}' CHECK (json_valid(config)), -- JSON: the settings in force
    mass_absence INTEGER NOT NULL DEFAULT 0 CHECK (mass_absence IN (0, 1)), -- 1: so many parts were absent that none of it is believed
    note TEXT, -- what the run said at its end
    digest TEXT -- hash chain over this run's rows and the digest of the run before
) STRICT;

CREATE TABLE pages ( -- believed: one canonical URL and what we believe of it, computed from its fetches
    id INTEGER PRIMARY KEY, -- our number
    url TEXT NOT NULL UNIQUE, -- canonical URL
    kind TEXT NOT NULL CHECK (kind IN ('robots', 'index', 'series', 'feed', 'article', 'image')), -- what the page is
    host TEXT NOT NULL, -- host name (and port) of the URL
    article_id INTEGER, -- the site's article id
    series_id INTEGER, -- the site's series id, of series pages and feeds
    user_id INTEGER, -- the site's user id, of series pages
    page_number INTEGER, -- which page of a series' list
    first_seen_at TEXT NOT NULL, -- when we first heard of it
    state TEXT NOT NULL DEFAULT 'new' CHECK (state IN ('new', 'alive', 'moved', 'suspect', 'gone', 'blocked', 'excluded')), -- what we believe
    state_since TEXT NOT NULL, -- since when
    last_fetch_at TEXT, -- last attempt of any outcome
    last_outcome TEXT, -- what came of it
    last_ok_at TEXT, -- when we last saw the page itself
    due_at TEXT NOT NULL, -- when to ask again
    failures INTEGER NOT NULL DEFAULT 0, -- attempts without success since the last success
    absences INTEGER NOT NULL DEFAULT 0, -- absences that count towards gone
    last_absence_at TEXT, -- the last absence that counted
    moved_to TEXT, -- where a redirect pointed
    etag TEXT, -- validator of the last good answer
    last_modified TEXT -- validator of the last good answer
) STRICT;
CREATE INDEX pages_kind_state ON pages (kind, state);
CREATE INDEX pages_state ON pages (state);
CREATE INDEX pages_host ON pages (host);
CREATE INDEX pages_due_at ON pages (due_at);
CREATE INDEX pages_article_id ON pages (article_id);
CREATE INDEX pages_series_id ON pages (series_id);

CREATE TABLE captures ( -- seen: one distinct response as received
    id INTEGER PRIMARY KEY, -- our number
    page_id INTEGER NOT NULL REFERENCES pages (id), -- whose response it is
    sha256 TEXT NOT NULL CHECK (length(sha256) = 64), -- of the body, before our gzip
    fingerprint TEXT, -- hash of content, comments and skeleton: decides whether a later response is new
    captured_at TEXT NOT NULL, -- when it was received
    final_url TEXT NOT NULL, -- the URL that answered
    http_status INTEGER, -- status code
    headers TEXT NOT NULL DEFAULT '[]' CHECK (json_valid(headers)), -- JSON list of [name, value]
    body BLOB NOT NULL, -- gzip (RFC 1952) of the body after content decoding
    body_bytes INTEGER NOT NULL, -- length before our gzip
    outcome TEXT NOT NULL, -- what it was judged to be when it came
    source TEXT NOT NULL DEFAULT 'live' CHECK (source IN ('live', 'wayback', 'common_crawl', 'import', 'feed')), -- whose copy
    source_url TEXT, -- where that copy was had from
    source_at TEXT -- when that copy was made
) STRICT;
CREATE INDEX captures_page_id ON captures (page_id, fingerprint);
CREATE INDEX captures_sha256 ON captures (sha256);
CREATE INDEX captures_source ON captures (source);
CREATE INDEX captures_outcome ON captures (outcome);

CREATE TABLE fetches ( -- seen: one attempt, whatever came of it; append-only
    id INTEGER PRIMARY KEY, -- our number, in order of time
    run_id INTEGER NOT NULL REFERENCES runs (id), -- during which run
    page_id INTEGER NOT NULL REFERENCES pages (id), -- for which page
    requested_url TEXT NOT NULL, -- what was asked
    final_url TEXT, -- where the answer came from, or where its redirect pointed
    started_at TEXT NOT NULL, -- when the request went out
    elapsed_ms INTEGER NOT NULL, -- until the last byte
    tries INTEGER NOT NULL DEFAULT 1, -- which try of this URL in this visit
    hop INTEGER NOT NULL DEFAULT 0, -- redirects followed before it
    outcome TEXT NOT NULL -- what came of it
        CHECK (outcome IN (
            'ok', 'unchanged', 'moved', 'not_found', 'removed', 'soft_404', 'login', 'challenge', 'forbidden',
            'rate_limited', 'server_error', 'timeout', 'dns_error', 'connect_error', 'tls_error', 'protocol_error',
            'truncated', 'too_large', 'not_html', 'wrong_page', 'unreadable', 'off_site', 'disallowed',
            'robots_unreachable', 'skipped')),
    http_status INTEGER, -- status code, if there was an answer
    headers TEXT NOT NULL DEFAULT '{}' CHECK (json_valid(headers)), -- JSON: the response headers that matter
    bytes INTEGER NOT NULL DEFAULT 0, -- body bytes as received
    error TEXT, -- one line: what went wrong
    retry_after_s REAL, -- how long the host asked us to wait
    capture_id INTEGER REFERENCES captures (id), -- the response, where it is held
    signals TEXT NOT NULL DEFAULT '{}' CHECK (json_valid(signals)), -- JSON: what the judgement rests on, and the counters shown
    final INTEGER NOT NULL DEFAULT 1 CHECK (final IN (0, 1)) -- 0: another try or redirect hop followed in the same visit
) STRICT;
CREATE INDEX fetches_page_id ON fetches (page_id);
CREATE INDEX fetches_run_id ON fetches (run_id, outcome);
CREATE INDEX fetches_outcome ON fetches (outcome);
CREATE INDEX fetches_started_at ON fetches (started_at);
CREATE INDEX fetches_capture_id ON fetches (capture_id);
CREATE INDEX fetches_elapsed_ms ON fetches (elapsed_ms);

CREATE TABLE progress ( -- derived: how far the derived tables have read the ledger
    name TEXT PRIMARY KEY, -- library (what was read), settled (what was decided on)
    fetch_id INTEGER NOT NULL -- the last fetch that was read
) STRICT;

CREATE TABLE authors ( -- derived: people as their pages show them
    id INTEGER PRIMARY KEY, -- the site's user id
    name TEXT, -- the name shown
    account TEXT, -- the account name, where a series page shows it
    level TEXT -- the rank the site shows
) STRICT;

CREATE TABLE series ( -- derived: an Ironman series
    id INTEGER PRIMARY KEY, -- the site's series id
    title TEXT, -- its title
    url TEXT NOT NULL, -- its page
    author_id INTEGER REFERENCES authors (id), -- who writes it
    contest_year INTEGER, -- year of the contest
    contest_edition INTEGER, -- which contest: 15 for 2023
    "group" TEXT, -- the contest group
    group_slug TEXT, -- the contest group in URLs
    declared_parts INTEGER, -- how many articles the site says it has
    description TEXT, -- its introduction
    finished INTEGER NOT NULL DEFAULT 0 CHECK (finished IN (0, 1)), -- 1: the contest was completed
    feed_url TEXT, -- its RSS feed
    followed INTEGER NOT NULL DEFAULT 0 CHECK (followed IN (0, 1)) -- 1: a source asks for it; 0: only cited
) STRICT;
CREATE INDEX series_author_id ON series (author_id);
CREATE INDEX series_contest_year ON series (contest_year);
CREATE INDEX series_group ON series ("group");
CREATE INDEX series_followed ON series (followed);

CREATE TABLE series_sources ( -- derived: which source asks for which series
    series_id INTEGER NOT NULL REFERENCES series (id), -- the series
    source_id INTEGER NOT NULL REFERENCES sources (id), -- the source
    PRIMARY KEY (series_id, source_id)
) STRICT;
CREATE INDEX series_sources_source_id ON series_sources (source_id);

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
    contest_year INTEGER, -- year of the contest
    team TEXT, -- the team shown
    views INTEGER, -- as last shown
    likes INTEGER, -- as last shown
    comments_count INTEGER, -- as last shown
    previous_id INTEGER, -- article id of the part before
    next_id INTEGER, -- article id of the part after
    body_html TEXT, -- the body, sanitised; links absolute
    body_markdown TEXT, -- the body as Markdown
    body_text TEXT, -- the body as plain text
    content_sha256 TEXT, -- of title, body and tags, normalised
    capture_id INTEGER NOT NULL REFERENCES captures (id), -- the capture it was read from
    parser TEXT NOT NULL, -- what read it
    is_citation INTEGER NOT NULL DEFAULT 0 CHECK (is_citation IN (0, 1)) -- 1: linked, but not a part of what is kept
) STRICT;
CREATE INDEX articles_series_id ON articles (series_id, position);
CREATE INDEX articles_author_id ON articles (author_id);
CREATE INDEX articles_capture_id ON articles (capture_id);
CREATE INDEX articles_published_at ON articles (published_at);
CREATE INDEX articles_is_citation ON articles (is_citation);
CREATE INDEX articles_contest_year ON articles (contest_year);

CREATE TABLE parts ( -- derived: which page is a part of which series, and who says so
    page_id INTEGER PRIMARY KEY REFERENCES pages (id), -- the part's page
    series_id INTEGER REFERENCES series (id), -- of which series; empty while no series is known
    source_id INTEGER REFERENCES sources (id), -- the source that leads to it, while no series is known
    article_id INTEGER NOT NULL, -- the site's article id
    position INTEGER, -- its own page's word, else its place in the list that names it
    title TEXT, -- its own title, else the text of the link
    said_by TEXT NOT NULL CHECK (said_by IN ('article', 'series', 'feed', 'neighbour', 'index')) -- the best witness
) STRICT;
CREATE INDEX parts_series_id ON parts (series_id, position);
CREATE INDEX parts_source_id ON parts (source_id);
CREATE INDEX parts_article_id ON parts (article_id);

CREATE TABLE tags ( -- derived: tags as the author set them
    id INTEGER PRIMARY KEY, -- our number
    name TEXT NOT NULL UNIQUE -- the tag
) STRICT;

CREATE TABLE articles_tags ( -- derived: which article has which tag, in order
    article_id INTEGER NOT NULL REFERENCES articles (id) ON DELETE CASCADE, -- the article
    tag_id INTEGER NOT NULL REFERENCES tags (id), -- the tag
    position INTEGER NOT NULL, -- order on the page, from 1
    PRIMARY KEY (article_id, tag_id)
) STRICT;
CREATE INDEX articles_tags_tag_id ON articles_tags (tag_id);

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
    body_html TEXT NOT NULL, -- sanitised
    body_markdown TEXT NOT NULL, -- as Markdown
    body_text TEXT NOT NULL, -- as plain text
    content_sha256 TEXT NOT NULL, -- of the text
    first_seen_at TEXT NOT NULL, -- when we first saw it
    last_seen_at TEXT NOT NULL, -- when we last saw it
    deleted_at TEXT, -- when we first saw its page without it
    UNIQUE (article_id, identity)
) STRICT;
CREATE INDEX comments_reply_to ON comments (reply_to);
CREATE INDEX comments_author_id ON comments (author_id);

CREATE TABLE code_blocks ( -- derived: every code block of a body, to the letter
    id INTEGER PRIMARY KEY, -- our number
    article_id INTEGER NOT NULL REFERENCES articles (id) ON DELETE CASCADE, -- in which article
    position INTEGER NOT NULL, -- order in the body, from 1
    language TEXT, -- as declared
    code TEXT NOT NULL, -- the exact text
    UNIQUE (article_id, position)
) STRICT;
CREATE INDEX code_blocks_language ON code_blocks (language);

CREATE TABLE images ( -- derived: images that bodies show
    id INTEGER PRIMARY KEY, -- our number
    url TEXT NOT NULL UNIQUE, -- absolute URL as written
    host TEXT NOT NULL -- where it lives
) STRICT;
CREATE INDEX images_host ON images (host);

CREATE TABLE article_images ( -- derived: which body shows which image
    article_id INTEGER NOT NULL REFERENCES articles (id) ON DELETE CASCADE, -- the article
    position INTEGER NOT NULL, -- order in the body, from 1
    image_id INTEGER NOT NULL REFERENCES images (id), -- the image
    alt TEXT NOT NULL DEFAULT '', -- its alternative text
    PRIMARY KEY (article_id, position)
) STRICT;
CREATE INDEX article_images_image_id ON article_images (image_id);

CREATE TABLE links ( -- derived: every link in a body
    id INTEGER PRIMARY KEY, -- our number
    article_id INTEGER NOT NULL REFERENCES articles (id) ON DELETE CASCADE, -- in which article
    position INTEGER NOT NULL, -- order in the body, from 1
    url TEXT NOT NULL, -- absolute URL
    text TEXT NOT NULL DEFAULT '', -- the words of the link
    target_kind TEXT NOT NULL CHECK (target_kind IN ('article', 'series', 'ithome', 'outside')), -- where it leads
    target_article_id INTEGER, -- the article it leads to
    UNIQUE (article_id, position)
) STRICT;
CREATE INDEX links_target_article_id ON links (target_article_id);
CREATE INDEX links_target_kind ON links (target_kind);

CREATE TABLE metrics ( -- derived: counters over time; a row only when a number moved
    id INTEGER PRIMARY KEY, -- our number
    page_id INTEGER NOT NULL REFERENCES pages (id), -- of which page
    at TEXT NOT NULL, -- when they were shown
    views INTEGER, -- 瀏覽
    likes INTEGER, -- Like
    comments INTEGER, -- 留言
    subscribers INTEGER -- 人訂閱, of the series
) STRICT;
CREATE INDEX metrics_page_id ON metrics (page_id, at);

CREATE TABLE edits ( -- derived: each change of a title, a body or tags
    id INTEGER PRIMARY KEY, -- our number
    article_id INTEGER NOT NULL REFERENCES articles (id) ON DELETE CASCADE, -- of which article
    old_capture_id INTEGER NOT NULL REFERENCES captures (id), -- before
    new_capture_id INTEGER NOT NULL REFERENCES captures (id), -- after
    last_seen_old_at TEXT NOT NULL, -- when the old text was last seen
    first_seen_new_at TEXT NOT NULL, -- when the new text was first seen
    title_changed INTEGER NOT NULL CHECK (title_changed IN (0, 1)), -- 1: the title changed
    body_changed INTEGER NOT NULL CHECK (body_changed IN (0, 1)), -- 1: the words or code of the body changed
    tags_changed INTEGER NOT NULL CHECK (tags_changed IN (0, 1)) -- 1: the tags changed
) STRICT;
CREATE INDEX edits_article_id ON edits (article_id);
CREATE INDEX edits_old_capture_id ON edits (old_capture_id);
CREATE INDEX edits_new_capture_id ON edits (new_capture_id);
CREATE INDEX edits_first_seen_new_at ON edits (first_seen_new_at);

CREATE TABLE events ( -- derived: what happened to a part or a series, with its date
    id INTEGER PRIMARY KEY, -- our number
    at TEXT NOT NULL, -- when we saw it
    kind TEXT NOT NULL, -- what happened
    series_id INTEGER, -- to which series
    article_id INTEGER, -- to which article
    detail TEXT -- in plain words
) STRICT;
CREATE INDEX events_at ON events (at);
CREATE INDEX events_kind ON events (kind);
CREATE INDEX events_series_id ON events (series_id);
CREATE INDEX events_article_id ON events (article_id);

CREATE TABLE discoveries ( -- derived: who names which page, and since when
    id INTEGER PRIMARY KEY, -- our number
    from_page_id INTEGER NOT NULL REFERENCES pages (id), -- the page that names it
    url TEXT NOT NULL, -- canonical URL of what is named
    kind TEXT NOT NULL CHECK (kind IN ('series', 'feed', 'article')), -- what kind of page is named
    article_id INTEGER, -- the article that is named
    series_id INTEGER, -- the series that is named, or whose part the site says it is
    via TEXT NOT NULL CHECK (via IN ('index', 'series', 'feed', 'previous', 'next', 'catalog', 'pager')), -- how
    position INTEGER, -- its place in the list that names it, from 1
    text TEXT, -- the words of the link (an English index translates titles)
    heading TEXT, -- the nearest heading above
    raw_url TEXT, -- the URL as written
    first_seen_at TEXT NOT NULL, -- first time it was named there
    last_seen_at TEXT NOT NULL, -- last time it was named there
    gone_at TEXT, -- first time the page no longer named it
    UNIQUE (from_page_id, url, via)
) STRICT;
CREATE INDEX discoveries_url ON discoveries (url);
CREATE INDEX discoveries_article_id ON discoveries (article_id);
CREATE INDEX discoveries_series_id ON discoveries (series_id);
CREATE INDEX discoveries_via ON discoveries (via);

CREATE TABLE parse_problems ( -- derived: what a parser should have found on a page and did not
    id INTEGER PRIMARY KEY, -- our number
    page_id INTEGER NOT NULL REFERENCES pages (id), -- on which page
    capture_id INTEGER NOT NULL REFERENCES captures (id), -- in which capture
    parser TEXT NOT NULL, -- which parser
    field TEXT NOT NULL, -- which value
    problem TEXT NOT NULL, -- what is wrong with it
    detail TEXT NOT NULL DEFAULT '' -- an excerpt
) STRICT;
CREATE INDEX parse_problems_page_id ON parse_problems (page_id);
CREATE INDEX parse_problems_capture_id ON parse_problems (capture_id);
CREATE INDEX parse_problems_field ON parse_problems (field)
