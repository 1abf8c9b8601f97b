"""What the site's own lists say of a part that is absent (docs/law.md §6). Reads only."""

from __future__ import annotations

from datetime import datetime, timedelta

from archiver.archive.database import Database

_FRESH = timedelta(days=1)  # lists heard within a day of each other are of one mind, or none is believed

# Of each list that named the page, by what its host itself answered: whether it still does, else since when not.
_WORDS = """
SELECT via, max(gone_at IS NULL) AS names_it, max(gone_at) AS gone_at, max(lists.last_ok_at) AS heard_at,
    max(from_page_id) AS list_id
FROM discoveries JOIN pages AS lists ON lists.id = from_page_id
WHERE discoveries.url = ? AND via IN ('series', 'feed') AND lists.last_ok_at IS NOT NULL GROUP BY via
"""

# A feed that holds only so many articles drops its oldest for each new one. One that shrank lost what it dropped.
_SHRANK = """
SELECT count(*) FILTER (WHERE gone_at = :at) > count(*) FILTER (WHERE first_seen_at = :at) AS shrank
FROM discoveries WHERE from_page_id = :list_id AND via = 'feed'
"""

LEFT_SINCE_ASKED = """
pages.kind = 'article' AND pages.state IN ('suspect', 'gone') AND EXISTS (
    SELECT 1 FROM events WHERE events.article_id = pages.article_id
    AND events.kind IN ('back_in_series', 'back_in_index')
    AND events.at > pages.last_fetch_at AND events.at <= :tomorrow)
OR pages.kind = 'article' AND EXISTS (
    SELECT 1 FROM discoveries JOIN pages AS lists ON lists.id = from_page_id
    WHERE discoveries.url = pages.url AND via IN ('series', 'feed') AND (
        (gone_at > pages.last_fetch_at AND gone_at <= :tomorrow AND NOT EXISTS (
            SELECT 1 FROM discoveries AS other WHERE other.url = pages.url AND other.via = discoveries.via
            AND other.gone_at IS NULL))
        OR (gone_at IS NULL AND lists.absent_since > pages.last_fetch_at AND lists.absent_since <= :tomorrow)))
"""
"""Of a row of `pages`: whether a list left its part out, named it again, or vanished itself since it was last asked.

`:tomorrow`: what is dated later was seen under a wrong clock."""

LEFT_SINCE = """
SELECT id FROM pages WHERE kind = 'article' AND state IN ('suspect', 'gone')
UNION SELECT pages.id FROM mentions INDEXED BY mentions_gone CROSS JOIN names ON names.id = name_id
    CROSS JOIN pages ON pages.url = names.url WHERE gone_at IS NOT NULL AND via IN ('series', 'feed')
UNION SELECT pages.id FROM pages AS lists INDEXED BY pages_absent
    CROSS JOIN mentions ON mentions.from_page_id = lists.id CROSS JOIN names ON names.id = name_id
    CROSS JOIN pages ON pages.url = names.url
    WHERE lists.absent_since IS NOT NULL AND lists.kind IN ('series', 'feed') AND +via IN ('series', 'feed')
"""
"""The pages of which `LEFT_SINCE_ASKED` can be true, and some others, found by indexes."""


def unlisted_since(database: Database, url: str) -> str | None:
    """Since when the lists of its series name a page no longer; None where one does, or none ever did."""
    words = list(database.query(_WORDS, [url]))
    gone = [row for row in words if not row["names_it"] and (row["via"] == "series" or _shrank(database, row))]
    if not gone:
        return None
    heard_at = max(datetime.fromisoformat(row["heard_at"]) for row in gone)
    if any(row["names_it"] and datetime.fromisoformat(row["heard_at"]) > heard_at - _FRESH for row in words):
        return None
    return str(min(row["gone_at"] for row in gone))


def _shrank(database: Database, word: dict[str, object]) -> bool:
    return bool(database.value(_SHRANK, {"at": word["gone_at"], "list_id": word["list_id"]}))
