"""What a run is to ask next, in a temporary table that is kept in order while it goes on.

Why it cannot be wrong about what is asked: docs/design.md 'Rows, and what is made of them'.
"""

from __future__ import annotations

import json
from collections.abc import Collection
from datetime import datetime
from typing import Any

from archiver.archive import frontier
from archiver.archive.database import Database
from archiver.archive.frontier import Scope
from archiver.archive.times import stamp

_TABLE = "CREATE TEMP TABLE due (page_id INTEGER PRIMARY KEY, a, b, c, d, e, f, g, h, i)"
_ORDER = "CREATE INDEX temp.due_order ON due (a, b, c, d, e, f, g, h, i, page_id)"  # made at once when all are there

_FIRST = "SELECT page_id FROM temp.due ORDER BY a, b, c, d, e, f, g, h, i, page_id LIMIT 1"

_ASKED = """
SELECT fetches.id, page_id, kind FROM fetches JOIN pages ON pages.id = page_id
WHERE fetches.id > ? ORDER BY fetches.id
"""

_NAMED_BY = """
SELECT pages.id FROM mentions CROSS JOIN names ON names.id = name_id CROSS JOIN pages ON pages.url = names.url
WHERE from_page_id IN (SELECT value FROM json_each(?))
"""

_OF_ARTICLES = "SELECT id FROM pages WHERE article_id IN (SELECT value FROM json_each(?))"
_LISTS_OF_ARTICLES = """
SELECT id FROM pages WHERE +kind IN ('series', 'feed') AND series_id IN (
    SELECT series_id FROM articles WHERE id IN (SELECT value FROM json_each(?1))
    UNION SELECT series_id FROM parts WHERE article_id IN (SELECT value FROM json_each(?1)))
"""
_NEW = "SELECT id FROM pages WHERE id > ?"
_DUE_SINCE = "SELECT id FROM pages WHERE due_at > ? AND due_at <= ?"


class Queue:
    """The pages that one scope wants asked. Nobody else may ask in between without a row in `fetches`."""

    def __init__(self, database: Database, scope: Scope) -> None:
        self.scope = scope
        self._database = database
        self._seen_fetch = 0
        self._seen_page = 0
        self._filled_at: datetime | None = None
        self._looked_at: datetime | None = None
        self._written = -1  # changes by this connection when that was
        self.count = 0

    def next(self, now: datetime, rearranged: Collection[int]) -> dict[str, Any] | None:
        """The page to be asked now; None when none is left. `rearranged`: articles whose place may have changed."""
        self.renew(now, rearranged)
        while True:
            found = self._database.execute(_FIRST).fetchone()
            if found is None and self._filled_at == now:
                return None
            if found is None:
                self._fill(now)
                continue
            page = frontier.due_among(self._database, self.scope, now, found)
            if page:
                return page[0]
            self._drop(found)  # what was asked since, such as another address of the same list, made it wait

    def renew(self, now: datetime, rearranged: Collection[int]) -> None:
        """Bring it up to date with what was asked, and what became known, since it was looked at last."""
        if self._filled_at is None or self._looked_at is None or now < self._looked_at:
            self._fill(now)
            return
        if self._written == self._database.conn.total_changes and not rearranged:
            return  # what became due in the moment since is found the next time
        asked = list(self._database.query(_ASKED, [self._seen_fetch]))
        lists = [row["page_id"] for row in asked if row["kind"] in {"index", "series", "feed"}]
        if any(row["kind"] == "index" for row in asked):  # perhaps under another of its addresses
            frontier.lay_out(self._database, self.scope)
        again = self._database.numbers(_NAMED_BY, lists) if lists else set()
        for sql in (_OF_ARTICLES, _LISTS_OF_ARTICLES) if rearranged else ():  # their series may be followed since
            again |= self._database.numbers(sql, rearranged)
        new = self._numbers(_NEW, self._seen_page)
        again |= new | {row["page_id"] for row in asked}
        again |= self._numbers(_DUE_SINCE, stamp(self._looked_at), stamp(now))
        self._seen_fetch = asked[-1]["id"] if asked else self._seen_fetch
        self._seen_page, self._looked_at = max(new, default=self._seen_page), now
        if again:
            self._drop(again)
            self.count += frontier.put_due(self._database, self.scope, now, sorted(again))
        self._written = self._database.conn.total_changes

    def _fill(self, now: datetime) -> None:
        for statement in ("DROP TABLE IF EXISTS temp.due", _TABLE):
            self._database.execute(statement)
        frontier.lay_out(self._database, self.scope)
        self.count = frontier.put_due(self._database, self.scope, now, None)
        self._database.execute(_ORDER)
        self._seen_fetch, self._seen_page = self._largest("fetches"), self._largest("pages")
        self._filled_at = self._looked_at = now
        self._written = self._database.conn.total_changes

    def _drop(self, page_ids: Collection[int]) -> None:
        dropped = self._database.execute(
            "DELETE FROM temp.due WHERE page_id IN (SELECT value FROM json_each(?))", [json.dumps(list(page_ids))]
        )
        self.count -= dropped.rowcount

    def _numbers(self, sql: str, *parameters: Any) -> set[int]:
        return {number for (number,) in self._database.execute(sql, parameters)}

    def _largest(self, table: str) -> int:
        return int(self._database.value(f"SELECT coalesce(max(id), 0) FROM {table}"))  # noqa: S608 - our words
