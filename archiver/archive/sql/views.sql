-- What people ask of an archive, each as a view named for its answer. Made anew whenever their text changes.

CREATE VIEW page_status AS -- every part: what we believe of it and whether it is held
SELECT
    parts.article_id AS id, -- the site's article id
    parts.series_id AS series_id, -- its series
    parts.position AS position, -- its place in the series
    coalesce(articles.title, parts.title) AS title, -- its title, or the words of the link to it
    pages.state AS state, -- what we believe
    articles.id IS NOT NULL AS safe, -- 1: a good capture is held
    coalesce(articles.capture_id IN (SELECT captures.id FROM captures WHERE source < 'live' OR source > 'live'), 0) AS rescued, -- 1: the good capture is somebody else's copy
    articles.id IS NULL AS missing, -- 1: no good capture is held
    pages.state_since AS state_since, -- since when it is in this state
    pages.last_ok_at AS last_ok_at, -- when we last saw it
    pages.last_fetch_at AS last_fetch_at, -- when we last asked
    pages.last_outcome AS last_outcome, -- what came of it
    (SELECT count(*) FROM edits WHERE article_id = parts.article_id) AS edits, -- how often we saw it changed
    EXISTS (SELECT 1 FROM collapses WHERE article_id = parts.article_id) AS collapsed, -- 1: its text shrank to nearly nothing; the last full one is in collapses
    parts.source_id AS source_id, -- the source that leads to it, while no series is known
    parts.said_by AS said_by, -- who says that it is a part
    pages.url AS url, -- where it lives
    pages.id AS page_id -- its row in pages
FROM parts
JOIN pages ON pages.id = parts.page_id
LEFT JOIN articles ON articles.id = parts.article_id
ORDER BY parts.series_id, parts.position IS NULL, parts.position, parts.article_id;

CREATE VIEW series_progress AS -- every series that is kept: how much of it is safe
SELECT
    series.id AS id, -- the site's series id
    series.title AS title, -- its title
    series.url AS url, -- its page
    series.author_id AS author_id, -- who writes it
    series.declared_parts AS declared_parts, -- how many parts the site says it has
    series.contest_days AS contest_days, -- for how many days the site says it was written
    count(parts.article_id) AS parts, -- how many parts we know
    count(articles.id) AS safe, -- how many are held
    coalesce(sum(articles.capture_id IN (SELECT captures.id FROM captures WHERE source < 'live' OR source > 'live')), 0) AS rescued, -- of those, how many are somebody else's copies
    count(parts.article_id) - count(articles.id) AS missing, -- how many are not held
    coalesce(sum(pages.state = 'gone'), 0) AS gone, -- how many are gone from the site
    (SELECT count(*) FROM articles AS edited WHERE edited.series_id = series.id
        AND EXISTS (SELECT 1 FROM edits WHERE edits.article_id = edited.id)) AS edited, -- how many we saw changed
    (SELECT count(*) FROM parts AS linked JOIN pages AS linked_page ON linked_page.id = linked.page_id
        WHERE linked.series_id = series.id AND EXISTS (
            SELECT 1 FROM names CROSS JOIN mentions ON name_id = names.id
            WHERE names.url = linked_page.url AND via = 'index')) AS linked_by_index, -- how many an index page links to
    max(pages.last_fetch_at) AS last_checked_at -- when a part was last asked for
FROM series
LEFT JOIN parts ON parts.series_id = series.id
LEFT JOIN pages ON pages.id = parts.page_id
LEFT JOIN articles ON articles.id = parts.article_id
WHERE series.followed
GROUP BY series.id;

CREATE VIEW missing_parts AS -- parts of which no good capture is held, and the last answer
SELECT
    page_status.id AS id, -- the site's article id
    page_status.series_id AS series_id, -- its series
    page_status.position AS position, -- its place
    page_status.title AS title, -- the words of the link to it
    page_status.state AS state, -- what we believe
    page_status.last_outcome AS last_outcome, -- the last answer
    page_status.last_fetch_at AS last_fetch_at, -- when we last asked
    page_status.url AS url -- where it should be
FROM page_status
WHERE page_status.missing;

CREATE VIEW refusals AS -- every time a host answered, but refused us
SELECT
    fetches.id AS id, -- the row in fetches
    fetches.started_at AS started_at, -- when
    fetches.outcome AS outcome, -- how
    fetches.http_status AS http_status, -- status code
    fetches.retry_after_s AS retry_after_s, -- how long it asked us to wait, in seconds
    pages.kind AS kind, -- what kind of page
    pages.host AS host, -- which host
    fetches.requested_url AS requested_url -- what was asked
FROM fetches
JOIN pages ON pages.id = fetches.page_id
WHERE fetches.outcome IN ('forbidden', 'rate_limited', 'challenge', 'login') AND fetches.source = 'live'
ORDER BY fetches.id DESC;

CREATE VIEW whole_fetches AS -- fetches, with what the row of an unchanged page leaves out, since an earlier one of the page says it
SELECT
    fetches.id AS id, -- our number, in order of time
    fetches.run_id AS run_id, -- during which run
    fetches.page_id AS page_id, -- for which page
    iif(base.id IS NULL, fetches.requested_url, pages.url) AS requested_url, -- what was asked
    iif(base.id IS NULL, fetches.final_url, pages.url) AS final_url, -- where the answer came from, or where its redirect pointed
    fetches.started_at AS started_at, -- when the request went out
    fetches.elapsed_ms AS elapsed_ms, -- until the last byte
    fetches.tries AS tries, -- which try of this URL in this visit
    fetches.hop AS hop, -- redirects followed before it
    fetches.outcome AS outcome, -- what came of it
    fetches.http_status AS http_status, -- status code, if there was an answer
    iif(base.id IS NULL, fetches.headers, json_patch(json_replace(json_remove(base.headers, '$.date', '$."cf-ray"'), '$."content-length"', iif(fetches.http_status = 200, CAST(fetches.bytes AS TEXT), base.headers ->> '$."content-length"')), fetches.headers)) AS headers, -- JSON: the response headers that matter; of an unchanged page without date and cf-ray
    fetches.bytes AS bytes, -- body bytes as received
    fetches.error AS error, -- one line: what went wrong
    fetches.retry_after_s AS retry_after_s, -- how long the host asked us to wait
    fetches.capture_id AS capture_id, -- the response, where it is held
    iif(base.id IS NULL, fetches.signals, json_remove(json_patch(json_set(base.signals, '$.reason', 'the page itself, with content that is held already'), fetches.signals), '$.as')) AS signals, -- JSON: what the judgement rests on, and the counters shown
    fetches.final AS final, -- 0: another try or redirect hop followed in the same visit
    fetches.source AS source, -- who answered: the host itself (live), or whose copy it is
    fetches.source_url AS source_url, -- where the copy was had from: its URL, or the name and SHA-256 of a file
    fetches.source_at AS source_at -- when the copy was made
FROM fetches
JOIN pages ON pages.id = fetches.page_id
LEFT JOIN fetches AS base ON base.id = fetches.signals ->> 'as';

CREATE VIEW latest_fetch AS -- the last time that each page was asked of its host
SELECT
    pages.id AS page_id, -- the page
    pages.kind AS kind, -- what it is
    pages.state AS state, -- what we believe of it
    fetches.outcome AS outcome, -- what came of the last attempt
    fetches.http_status AS http_status, -- status code
    fetches.started_at AS started_at, -- when
    fetches.elapsed_ms AS elapsed_ms, -- how long it took, in milliseconds
    fetches.error AS error, -- what went wrong
    pages.url AS url -- its URL
FROM pages
JOIN fetches ON fetches.id = (
    SELECT max(id) FROM fetches AS later WHERE later.page_id = pages.id AND later.source = 'live')
ORDER BY fetches.id DESC;

CREATE VIEW code_by_language AS -- how much code there is in which language
SELECT
    coalesce(code_blocks.language, '(none known)') AS language, -- as declared or guessed
    articles.series_id AS series_id, -- in which series
    count(*) AS blocks, -- how many blocks
    sum(code_blocks.length) AS characters -- how much code
FROM code_blocks
JOIN articles ON articles.id = code_blocks.article_id
GROUP BY articles.series_id, code_blocks.language
ORDER BY blocks DESC;

CREATE VIEW code AS -- every code block of a kept article, to the letter
SELECT
    code_blocks.id AS id, -- our number
    code_blocks.article_id AS article_id, -- in which article
    articles.series_id AS series_id, -- in which series
    code_blocks.position AS position, -- order in the body, from 1
    code_blocks.language AS language, -- as declared or guessed
    code_blocks.language_guessed AS language_guessed, -- 1: nobody declared the language, a library guessed it
    coalesce(code_blocks.code, substr(articles.body_text, code_blocks.start, code_blocks.length)) AS code -- the exact text
FROM code_blocks
JOIN articles ON articles.id = code_blocks.article_id;

CREATE VIEW discoveries AS -- who names which page, and since when
SELECT
    mentions.id AS id, -- our number
    mentions.from_page_id AS from_page_id, -- the page that names it
    names.url AS url, -- canonical URL of what is named
    names.kind AS kind, -- what kind of page is named
    names.article_id AS article_id, -- the article that is named
    mentions.series_id AS series_id, -- the series that is named, or whose part the site says it is
    mentions.via AS via, -- how
    mentions.position AS position, -- its place in the list that names it, from 1
    names.text AS text, -- the words of the link (an English index translates titles)
    names.heading AS heading, -- the nearest heading above
    names.raw_url AS raw_url, -- the URL as written
    mentions.first_seen_at AS first_seen_at, -- first time it was named there
    mentions.last_seen_at AS last_seen_at, -- last time it was named there
    mentions.gone_at AS gone_at -- first time the page no longer named it
FROM mentions
JOIN names ON names.id = mentions.name_id;

CREATE VIEW who_says AS -- every page that names a part, with its words: how the lists of a series were reconciled
SELECT
    discoveries.article_id AS article_id, -- the article that is named
    discoveries.via AS via, -- how
    lists.kind AS from_kind, -- what kind of page names it
    discoveries.position AS position, -- at which place of that list
    discoveries.heading AS heading, -- under which heading
    discoveries.text AS text, -- in which words
    discoveries.first_seen_at AS first_seen_at, -- since when
    discoveries.gone_at AS gone_at, -- until when
    lists.url AS from_url -- the page that names it
FROM discoveries
JOIN pages AS lists ON lists.id = discoveries.from_page_id
WHERE discoveries.kind = 'article'
ORDER BY discoveries.article_id, discoveries.id;

CREATE VIEW articles_fts AS -- the search index under the name and with the mark by which Datasette finds it (VIRTUAL TABLE USING FTS content="articles")
SELECT
    search_index.article_id AS rowid, -- the article
    search_index.search_index AS articles_fts, -- what MATCH is asked of
    search_index.rank AS rank -- here for those who order by it: the index keeps no counts, `archiver search` ranks
FROM search_index;

CREATE VIEW parser_drift AS -- values that living pages used to yield and no longer do: the parser no longer fits
SELECT
    pages.kind AS kind, -- what kind of page
    lost_fields.field AS field, -- which value
    lost_fields.parser AS parser, -- which parser does not find it
    count(*) AS pages, -- on how many pages
    min(lost_fields.lost_since) AS since, -- since when
    max(lost_fields.last_found_at) AS last_found_at, -- when it was last found on one of them
    min(pages.url) AS example -- one of them
FROM lost_fields
JOIN pages ON pages.id = lost_fields.page_id
GROUP BY pages.kind, lost_fields.field, lost_fields.parser
ORDER BY pages DESC, field;

CREATE VIEW timeline AS -- everything that happened to a page, an article or a comment, with its date
SELECT
    state_changes.at AS at, -- when
    state_changes.new_state AS what, -- gone, alive, edited, renumbered and so on
    pages.kind AS kind, -- what it happened to
    pages.article_id AS article_id, -- the article
    coalesce(articles.series_id, pages.series_id) AS series_id, -- the series
    'was ' || state_changes.old_state AS detail, -- in plain words
    pages.url AS url -- the page
FROM state_changes
JOIN pages ON pages.id = state_changes.page_id
LEFT JOIN articles ON articles.id = pages.article_id
UNION ALL
SELECT events.at, events.kind, 'article', events.article_id, events.series_id, events.detail, articles.url
FROM events LEFT JOIN articles ON articles.id = events.article_id
UNION ALL
SELECT edits.first_seen_new_at,
    CASE WHEN edits.collapsed THEN 'collapsed' WHEN edits.cosmetic THEN 'edited (cosmetic)' ELSE 'edited' END, 'article', edits.article_id,
    articles.series_id,
    rtrim(iif(edits.title_changed, 'title, ', '') || iif(edits.body_changed, 'body, ', '')
        || iif(edits.tags_changed, 'tags, ', ''), ', ') || ' since ' || edits.last_seen_old_at, articles.url
FROM edits JOIN articles ON articles.id = edits.article_id
UNION ALL
SELECT comments.deleted_at, 'comment deleted', 'comment', comments.article_id, articles.series_id,
    'by ' || coalesce(comments.author_name, 'unknown'), articles.url
FROM comments JOIN articles ON articles.id = comments.article_id WHERE comments.deleted_at IS NOT NULL;

CREATE VIEW rescue_attempts AS -- every request to somebody who may hold a copy, and what came of it
SELECT
    fetches.id AS id, -- the row in fetches
    fetches.started_at AS started_at, -- when
    fetches.source AS source, -- who was asked
    fetches.outcome AS outcome, -- what came of it
    fetches.http_status AS http_status, -- status code
    fetches.signals ->> 'reason' AS reason, -- in words
    fetches.capture_id AS capture_id, -- the copy, where it is held now
    pages.article_id AS article_id, -- for which article
    fetches.requested_url AS requested_url -- what was asked
FROM fetches
JOIN pages ON pages.id = fetches.page_id
WHERE fetches.source != 'live'
ORDER BY fetches.id DESC;

CREATE VIEW copies_of_parts AS -- every part and how many hold it: ours, and those that others say to hold
SELECT
    parts.article_id AS id, -- the site's article id
    parts.series_id AS series_id, -- its series
    parts.position AS position, -- its place
    coalesce(articles.title, parts.title) AS title, -- its title
    captures.source AS ours, -- whose copy ours is; empty when none is held
    captures.captured_at AS ours_at, -- when we had it
    (SELECT max(made_at) FROM copies WHERE copies.page_id = pages.id AND holder = 'wayback' AND confirmed AND (collapses.since IS NULL OR made_at < collapses.since)
        AND (judged_by IS NULL OR outcome IN ('ok', 'unchanged'))) AS wayback_at, -- the latest in the Wayback Machine, confirmed by its index
    (SELECT max(made_at) FROM copies WHERE copies.page_id = pages.id AND holder = 'common_crawl' AND (collapses.since IS NULL OR made_at < collapses.since)
        AND (judged_by IS NULL OR outcome IN ('ok', 'unchanged'))) AS common_crawl_at, -- the latest in Common Crawl
    (SELECT max(made_at) FROM copies WHERE copies.page_id = pages.id AND holder = 'memento' AND (collapses.since IS NULL OR made_at < collapses.since)
        AND (judged_by IS NULL OR outcome IN ('ok', 'unchanged'))) AS other_archive_at, -- the latest in another web archive
    (SELECT max(source_at) FROM captures AS imported WHERE imported.page_id = pages.id AND source = 'import'
        AND outcome = 'ok') AS imported_at, -- the latest that was imported
    (SELECT max(checked_at) FROM copies WHERE copies.page_id = pages.id) AS checked_at, -- when others last confirmed a copy
    (captures.id IS NOT NULL) + (SELECT count(DISTINCT holder) FROM copies WHERE copies.page_id = pages.id
        AND confirmed AND (judged_by IS NULL OR outcome IN ('ok', 'unchanged'))
        AND (collapses.since IS NULL OR made_at < collapses.since)) AS copies, -- how many hold it, we included; the full text of one that shrank to nearly nothing
    pushes.state AS push, -- how far the last `archiver push` of it got; empty when there was none
    pushes.reason AS push_reason, -- why, in plain words
    coalesce(pushes.asked_at, pushes.queued_at) AS pushed_at, -- when it was asked for
    pages.state AS state, -- what we believe of its own place
    pages.url AS url -- where it lives
FROM parts
JOIN pages ON pages.id = parts.page_id
LEFT JOIN articles ON articles.id = parts.article_id
LEFT JOIN captures ON captures.id = articles.capture_id
LEFT JOIN collapses ON collapses.article_id = articles.id
LEFT JOIN pushes ON pushes.id = (SELECT max(id) FROM pushes AS latest WHERE latest.page_id = pages.id)
ORDER BY parts.series_id, parts.position IS NULL, parts.position, parts.article_id;

CREATE VIEW link_rot AS -- every outside link of a kept article that no longer answers, as `fetch --check-links` found it: absent, no such host, or failing for a month
SELECT
    links.id AS link_id, -- the row in links
    links.article_id AS article_id, -- the article that links there
    articles.series_id AS series_id, -- its series
    links.position AS position, -- the how-manieth link of its body
    links.text AS text, -- the words of the link
    links.url AS url, -- where it led
    pages.state AS state, -- what we believe of it; only absences make a page gone
    pages.last_outcome AS last_outcome, -- the last answer
    last.error AS reason, -- why it counts as dead, in words
    iif(pages.state IN ('suspect', 'gone'), pages.absent_since, began.started_at) AS failing_since, -- since when it has been absent, or its host has failed
    iif(pages.state IN ('suspect', 'gone'), pages.failures, (SELECT count(*) FROM fetches WHERE page_id = failed.id
        AND id >= began.id AND final AND source = 'live' AND outcome != 'skipped')) AS attempts, -- how often it was asked for in vain since then
    pages.last_fetch_at AS last_fetch_at, -- when we last asked
    pages.last_ok_at AS last_ok_at -- when it last answered
FROM links
JOIN pages ON pages.url = links.target_url
JOIN articles ON articles.id = links.article_id
LEFT JOIN fetches AS last ON last.id = (SELECT max(id) FROM fetches
    WHERE page_id = pages.id AND final AND source = 'live' AND outcome != 'skipped')
-- What fails: the page, or the robots.txt without which nothing may be asked. A refusal says something about us alone.
LEFT JOIN pages AS failed ON failed.url = iif(pages.last_outcome = 'robots_unreachable',
    substr(last.requested_url, 1, 8 + instr(substr(last.requested_url, 9), '/')) || 'robots.txt', pages.url)
    AND failed.last_outcome IN (
        'server_error', 'timeout', 'dns_error', 'connect_error', 'tls_error', 'protocol_error', 'truncated')
LEFT JOIN fetches AS began ON began.id = (SELECT min(id) FROM fetches WHERE page_id = failed.id
    AND final AND source = 'live' AND outcome != 'skipped' AND id > coalesce((SELECT max(id) FROM fetches
        WHERE page_id = failed.id AND final AND source = 'live' AND outcome NOT IN ('skipped',
            'server_error', 'timeout', 'dns_error', 'connect_error', 'tls_error', 'protocol_error', 'truncated')), 0))
WHERE pages.kind = 'link' AND pages.last_outcome NOT IN ('ok', 'unchanged') AND (
    pages.state IN ('suspect', 'gone')
-- No connection to it, though there was one to others in that run; or a month of faults, asked more than once.
    OR (failed.last_outcome IN ('dns_error', 'connect_error', 'tls_error') AND EXISTS (
        SELECT 1 FROM fetches AS others WHERE others.run_id = last.run_id AND others.http_status IS NOT NULL))
    OR julianday(failed.last_fetch_at) - julianday(began.started_at) >= 30);

CREATE VIEW image_status AS -- every image that a kept article or a comment under it shows, and whether it is held
SELECT
    images.id AS id, -- the row in images
    shown.article_id AS article_id, -- the article, or the one under which the comment stands
    articles.series_id AS series_id, -- its series
    images.url AS url, -- where it lives, or lived
    images.capture_id IS NOT NULL AS held, -- 1: its bytes are here
    coalesce(pages.state, 'excluded') AS state, -- what we believe of its place; excluded: never asked for
    pages.last_outcome AS last_outcome, -- the last answer
    (SELECT error FROM fetches WHERE id = (SELECT max(id) FROM fetches WHERE page_id = pages.id AND final
        AND source = 'live' AND outcome != 'skipped')) AS reason, -- what went wrong with it, in words
    pages.last_fetch_at AS last_fetch_at, -- when we last asked
    images.media_type AS media_type, -- what it is, by its bytes
    images.bytes AS bytes, -- how large
    shown.alt AS alt -- its alternative text; the source of a formula
FROM (
    SELECT article_id, image_id, max(alt) AS alt FROM (
        SELECT article_id, image_id, alt FROM article_images
        UNION ALL SELECT article_id, image_id, alt FROM comment_images JOIN comments ON comments.id = comment_id)
    GROUP BY article_id, image_id) AS shown
JOIN images ON images.id = shown.image_id
JOIN articles ON articles.id = shown.article_id
LEFT JOIN pages ON pages.url = images.url AND pages.kind = 'image'
WHERE NOT articles.is_citation
