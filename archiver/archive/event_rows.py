"""The rows of events: what happened to a part or a series, with its date. None deletes anything (docs/law.md §14).

left_index, back_in_index    an index page no longer links the article, or does so again
left_series, back_in_series  no page of the series' list names it any more, or one does again
emptied                      the first page of the series' list, or its feed, names no article any more
duplicate_day                another part of the series has the same day in its title
beyond_thirty                a part after the thirtieth: the contest has thirty days (docs/site.md §2)
reposted                     the same text under another id
renumbered                   another position than before
changed_series               its own page names another series than before
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from archiver.archive.database import Database

CONTEST_DAYS = 30


def note(
    database: Database, at: str, kind: str, article_id: int | None, series_id: int | None, detail: str,
    other_article_id: int | None = None, *, once: bool = False,
) -> None:  # fmt: skip
    """Write an event; `once`: where its article has none of the kind beside that other."""
    known = "SELECT 1 FROM events WHERE article_id = ? AND kind = ? AND other_article_id IS ?"
    if once and database.execute(known, [article_id, kind, other_article_id]).fetchone() is not None:
        return
    database.execute(
        "INSERT INTO events (at, kind, series_id, article_id, detail, other_article_id) VALUES (?, ?, ?, ?, ?, ?)",
        [at, kind, series_id, article_id, detail, other_article_id],
    )


def notice_article(database: Database, before: Mapping[str, Any] | None, now: Mapping[str, Any], at: str) -> None:
    """What the row of an article tells beside the others, as it is `now`. `before` is its row until now."""
    if before is not None:
        _notice_move(database, before, now, at)
    if now["position"] is not None and now["position"] > CONTEST_DAYS:
        notice_beyond(database, now["id"], now["series_id"], now["position"], at)
    _notice_twins(database, now, at)


def notice_beyond(database: Database, article_id: int, series_id: int | None, position: int, at: str) -> None:
    """A part after the thirtieth, once."""
    detail = f"part {position} of a contest of {CONTEST_DAYS} days"
    note(database, at, "beyond_thirty", article_id, series_id, detail, once=True)


def _notice_move(database: Database, before: Mapping[str, Any], now: Mapping[str, Any], at: str) -> None:
    old, new = before["position"], now["position"]
    if old is not None and new is not None and old != new and before["series_id"] == now["series_id"]:
        note(database, at, "renumbered", now["id"], now["series_id"], f"was part {old}, is part {new}")
    if before["series_id"] is not None and before["series_id"] != now["series_id"]:
        detail = f"was in series {before['series_id']}, is in {now['series_id'] or 'none'}"
        note(database, at, "changed_series", now["id"], now["series_id"], detail)


def _notice_twins(database: Database, now: Mapping[str, Any], at: str) -> None:
    """Parts with the same day, and articles with the same text. The later id is the one that the event is about.

    Each is set beside the first of them alone: of a thousand with one text there are a thousand events, not a million.
    """
    same = database.execute(
        "SELECT (SELECT min(id) FROM articles WHERE series_id = ?2 AND title_day = ?3 AND id != ?1),"
        " (SELECT min(id) FROM articles WHERE body_sha256 = ?4 AND id != ?1)",
        [now["id"], now["series_id"], now["title_day"], now["body_sha256"]],
    )
    of_day, of_text = next(same)
    if of_day is not None:
        first, later = sorted((of_day, now["id"]))
        detail = f"Day {now['title_day']} is the title of {first} and of {later}"
        note(database, at, "duplicate_day", later, now["series_id"], detail, first, once=True)
    if of_text is not None:
        first, later = sorted((of_text, now["id"]))
        detail = f"the same text as {first}, under a new id"
        note(database, at, "reposted", later, now["series_id"], detail, first, once=True)


_LISTS = {"index": "the index", "series": "the series page"}


def notice_lists(
    database: Database, page_id: int, named_before: Mapping[tuple[str, str], Mapping[str, Any]],
    named_now: set[tuple[str, str]], at: str,
) -> None:  # fmt: skip
    """Articles that a list names no longer, or again. Keys are (URL, via); values are the rows as they were."""
    for key, row in named_before.items():
        via = key[1]
        if via not in _LISTS or row["article_id"] is None:
            continue
        was_named = row["gone_at"] is None
        if was_named is (key in named_now) or _is_named_elsewhere(database, page_id, row):
            continue
        words = f"{_LISTS[via]} names it {'no longer' if was_named else 'again'}: {row['text'] or 'without words'}"
        if was_named:
            note(database, at, f"left_{via}", row["article_id"], row["series_id"], words)
        else:
            note(database, at, f"back_in_{via}", row["article_id"], row["series_id"], words)


def notice_emptied(database: Database, page: Mapping[str, Any], via: str, at: str) -> None:
    """A list that named articles until now and names none, though it answers."""
    lost = "SELECT count(*) FROM discoveries WHERE from_page_id = ? AND via = ? AND gone_at = ?"
    if count := database.value(lost, [page["id"], via, at]):
        name = "the series page" if via == "series" else "the feed"
        note(database, at, "emptied", None, page["series_id"], f"{name} names no article any more; it named {count}")


def _is_named_elsewhere(database: Database, page_id: int, row: Mapping[str, Any]) -> bool:
    """Whether another page of the same list names it: a part that moves to the list's next page has not left."""
    named = "SELECT 1 FROM discoveries WHERE url = ? AND via = ? AND from_page_id != ? AND gone_at IS NULL LIMIT 1"
    return database.execute(named, [row["url"], row["via"], page_id]).fetchone() is not None
