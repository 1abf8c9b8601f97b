"""The canned queries that `archiver serve` offers, each with a title, one sentence, and its SQL.

An empty parameter means "all". No query bears the name of a table or view: Datasette would show it in their place.
"""

from __future__ import annotations

_QUERIES: dict[str, tuple[str, str, str]] = {
    "parts_missing": ("Missing parts", "Parts of which no good capture is held, with the last answer.", """\
SELECT
    missing_parts.id, series.title AS series, missing_parts.position, missing_parts.title, missing_parts.state,
    missing_parts.last_outcome, latest_fetch.http_status, latest_fetch.error, missing_parts.last_fetch_at,
    missing_parts.url
FROM missing_parts
JOIN pages ON pages.url = missing_parts.url
LEFT JOIN latest_fetch ON latest_fetch.page_id = pages.id
LEFT JOIN series ON series.id = missing_parts.series_id
ORDER BY missing_parts.series_id, missing_parts.position IS NULL, missing_parts.position, missing_parts.id"""),
    "changes": ("Changes", "Each change of a title, a body or tags, newest first.", """\
SELECT
    edits.first_seen_new_at, articles.title, series.title AS series, articles.position,
    edits.title_changed, edits.body_changed, edits.tags_changed, edits.last_seen_old_at,
    edits.old_capture_id, edits.new_capture_id, edits.article_id, articles.url
FROM edits
JOIN articles ON articles.id = edits.article_id
LEFT JOIN series ON series.id = articles.series_id
ORDER BY edits.first_seen_new_at DESC, edits.id DESC"""),
    "refusals_by_day": ("Refusals by day", "How often which host refused us, and how.", """\
SELECT
    substr(started_at, 1, 10) AS day, host, kind, outcome, http_status, count(*) AS times,
    max(retry_after_s) AS longest_retry_after_s, min(started_at) AS first_at, max(started_at) AS last_at
FROM refusals
GROUP BY day, host, kind, outcome, http_status
ORDER BY day DESC, times DESC"""),
    "slowest_pages": ("Slowest pages", "The hundred requests that took longest.", """\
SELECT
    fetches.elapsed_ms, fetches.bytes, fetches.outcome, fetches.http_status, pages.kind, fetches.started_at,
    coalesce(nullif(fetches.requested_url, ''), pages.url) AS requested_url, fetches.id AS fetch_id
FROM fetches
JOIN pages ON pages.id = fetches.page_id
ORDER BY fetches.elapsed_ms DESC
LIMIT 100"""),
    "code_languages": ("Code by language", "How much code there is in which language.", """\
SELECT
    coalesce(code_blocks.language, '(none known)') AS language, count(*) AS blocks,
    count(DISTINCT code_blocks.article_id) AS articles, count(DISTINCT articles.series_id) AS series,
    sum(code_blocks.length) AS characters
FROM code_blocks
JOIN articles ON articles.id = code_blocks.article_id
GROUP BY code_blocks.language
ORDER BY blocks DESC, language"""),
    "code_of_series": (
        "Code of a series",
        "Every code block of one series (its id, 9066) in one language (python). Empty: all of them.", """\
SELECT
    articles.position, articles.title, code.position AS block,
    coalesce(code.language, '(none known)') AS language, code.language_guessed AS guessed,
    code.code, articles.url
FROM code
JOIN articles ON articles.id = code.article_id
WHERE (:series_id = '' OR articles.series_id = :series_id)
    AND (:language = '' OR coalesce(code.language, '(none known)') = :language)
ORDER BY articles.series_id, articles.position, articles.id, code.position"""),
    "rust_of_series": (
        "Rust of a series",
        "Every block of Rust in one series (its id, 5943), declared or guessed. Empty: of all series.", """\
SELECT
    articles.position, articles.title, code.position AS block, code.language_guessed AS guessed,
    code.code, articles.url
FROM code
JOIN articles ON articles.id = code.article_id
WHERE code.language IN ('rust', 'rs') AND (:series_id = '' OR articles.series_id = :series_id)
ORDER BY articles.series_id, articles.position, articles.id, code.position"""),
    "who_says_which_part": (
        "Who says which part",
        "Every page that names a part of one series (its id), and at which place. Empty: of all series.", """\
SELECT
    parts.series_id, parts.position AS part, who_says.article_id, who_says.via, who_says.position AS place_there,
    who_says.text, who_says.heading, who_says.first_seen_at, who_says.gone_at, who_says.from_url
FROM who_says
LEFT JOIN parts ON parts.article_id = who_says.article_id
WHERE (:series_id = '' OR parts.series_id = :series_id)
ORDER BY parts.series_id, parts.position IS NULL, parts.position, who_says.article_id, who_says.via"""),
}  # fmt: skip


def canned() -> dict[str, dict[str, str]]:
    """Name → title, description and SQL, as Datasette's metadata wants them."""
    return {
        name: {"title": title, "description": description, "sql": sql}
        for name, (title, description, sql) in _QUERIES.items()
    }
