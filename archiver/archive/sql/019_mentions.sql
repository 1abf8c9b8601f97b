-- Who names which page: a page that thirty parts name in the same words stands here once. The view `discoveries` shows both.

CREATE TABLE names ( -- derived: each page that another names, in the words that name it
    id INTEGER PRIMARY KEY, -- our number
    url TEXT NOT NULL, -- canonical URL of what is named
    kind TEXT NOT NULL CHECK (kind IN ('series', 'feed', 'article')), -- what kind of page is named
    article_id INTEGER, -- the article that is named
    text TEXT, -- the words of the link (an English index translates titles)
    heading TEXT, -- the nearest heading above
    raw_url TEXT -- the URL as written
) STRICT;
CREATE INDEX names_url ON names (url);
CREATE INDEX names_article_id ON names (article_id);

CREATE TABLE mentions ( -- derived: which page names which, and since when
    id INTEGER PRIMARY KEY, -- our number
    from_page_id INTEGER NOT NULL REFERENCES pages (id), -- the page that names it
    name_id INTEGER NOT NULL REFERENCES names (id), -- what it names, in which words
    via TEXT NOT NULL CHECK (via IN ('index', 'series', 'feed', 'previous', 'next', 'catalog', 'pager')), -- how
    series_id INTEGER, -- the series that is named, or whose part the site says it is
    position INTEGER, -- its place in the list that names it, from 1
    first_seen_at TEXT NOT NULL, -- first time it was named there
    last_seen_at TEXT NOT NULL, -- last time it was named there
    gone_at TEXT -- first time the page no longer named it
) STRICT;
CREATE INDEX mentions_from_page_id ON mentions (from_page_id);
CREATE INDEX mentions_name_id ON mentions (name_id);
CREATE INDEX mentions_series_id ON mentions (series_id);

INSERT INTO names (url, kind, article_id, text, heading, raw_url)
    SELECT url, kind, article_id, text, heading, raw_url FROM discoveries
    GROUP BY url, kind, article_id, text, heading, raw_url ORDER BY min(id);
INSERT INTO mentions (id, from_page_id, name_id, via, series_id, position, first_seen_at, last_seen_at, gone_at)
    SELECT discoveries.id, from_page_id, names.id, via, series_id, position, first_seen_at, last_seen_at, gone_at
    FROM discoveries JOIN names ON names.url = discoveries.url AND names.kind = discoveries.kind
        AND names.article_id IS discoveries.article_id AND names.text IS discoveries.text
        AND names.heading IS discoveries.heading AND names.raw_url IS discoveries.raw_url;
DROP TABLE discoveries
