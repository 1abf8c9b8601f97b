"""What Datasette 0.65 shall know of an archive: words for every table and column, labels, facets, orders, queries.

The words are those of the SQL (`archive.schema.descriptions`). Facets and sort orders stand on indexed columns only,
so that they stay within Datasette's time limits however long the ledger grows.
"""

from __future__ import annotations

from typing import Any

from archiver.archive.schema import descriptions
from archiver.browse.queries import canned

# Columns named `title` or `name` are labels by themselves; these tables have neither.
_LABELS = {
    "sources": "url", "runs": "started_at", "pages": "url", "captures": "captured_at", "comments": "author_name",
    "images": "url", "links": "text", "state_changes": "new_state", "comment_versions": "first_seen_at",
    "pushes": "state", "collapses": "full_title",
}  # fmt: skip
_FACETS = {
    "pages": ["kind", "state", "host"],
    "captures": ["source", "outcome"],
    "fetches": ["outcome", "run_id"],
    "series": ["contest_year", "group", "author_id", "followed"],
    "articles": ["series_id", "author_id", "contest_year", "is_citation"],
    "parts": ["series_id"],
    "articles_tags": ["tag_id"],
    "comments": ["author_id"],
    "code_blocks": ["language"],
    "images": ["host"],
    "links": ["target_kind"],
    "events": ["kind"],
    "parse_problems": ["field"],
    "lost_fields": ["field"],
    "state_changes": ["new_state"],
    "pushes": ["state"],
}
_OLDEST_FIRST = {"articles": "published_at"}
_NEWEST_FIRST = {
    "runs": "id", "captures": "id", "fetches": "id", "metrics": "id", "edits": "first_seen_new_at", "events": "at",
    "state_changes": "at", "pushes": "queued_at",
}  # fmt: skip
_ROWS_A_PAGE = {"articles": 20, "captures": 50, "comments": 50, "code_blocks": 50, "code": 50}
_HIDDEN = ("progress", "search_rows", "_sqlite_migrations")


_WHOSE = {
    "title": "archiver",
    "description": "iThome Ironman series, kept: what was asked, what came of it, what is believed, what it says.",
    "source": "iT 邦幫忙",
    "source_url": "https://ithelp.ithome.com.tw/",
    "license": "the authors' own, kept here to be read",
}


def metadata(database: str, notice: str = "") -> dict[str, Any]:
    """Datasette's metadata for an archive, by its name there; `notice` says of a demonstration that it is one."""
    invented = {"title": "archiver: a demonstration", "description": notice, "source": "invented"}
    return {**(invented if notice else _WHOSE), "databases": {database: {"tables": _tables(), "queries": canned()}}}


def _tables() -> dict[str, dict[str, Any]]:
    tables = {name: _table(name, words) for name, words in descriptions().items()}
    for name in _HIDDEN:
        tables.setdefault(name, {})["hidden"] = True
    return tables


def _table(name: str, words: dict[str, str]) -> dict[str, Any]:
    options = (
        ("label_column", _LABELS), ("facets", _FACETS), ("sort", _OLDEST_FIRST), ("sort_desc", _NEWEST_FIRST),
        ("size", _ROWS_A_PAGE),
    )  # fmt: skip
    described = {"description": words[""], "columns": {column: text for column, text in words.items() if column}}
    return described | {option: of[name] for option, of in options if name in of}
