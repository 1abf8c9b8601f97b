"""`search`: hits in, text or JSON out. Pure."""

from __future__ import annotations

from typing import Any

from archiver.archive.search import Hit, Hits
from archiver.text import safe, storable

COLUMNS = ("article", "series", "part", "title", "snippet")


def as_json(query: str, found: Hits) -> dict[str, Any]:
    """The documented shape (docs/json.md). Hits stand between « and » in the snippet."""
    hits = [
        {"id": hit.id, "title": hit.title, "series_id": hit.series_id, "position": hit.position,
         "snippet": marked(hit), "score": hit.score, "url": hit.url}
        for hit in found.hits
    ]  # fmt: skip
    return {"query": storable(query), "hits": hits, "is_demonstration": found.is_demonstration}


def table(found: Hits) -> list[tuple[str, ...]]:
    """A row a hit, as `COLUMNS`."""
    return [
        (str(hit.id), str(hit.series_id or ""), str(hit.position or ""), safe(hit.title or "(no title)"), marked(hit))
        for hit in found.hits
    ]


def marked(hit: Hit) -> str:
    """The snippet with its hits between « and »."""
    return "".join(f"«{piece}»" if is_hit else piece for piece, is_hit in hit.snippet).strip()


def notes(query: str, found: Hits, *, quiet: bool) -> list[str]:
    """What a person should know beside the hits, for stderr."""
    told = []
    if not found.hits and not quiet:
        told.append(f"Nothing here holds all of: {safe(query, 200)}")
    if found.total > len(found.hits) and not quiet:
        most = "" if found.is_counted else "at most "
        told.append(f"The best {len(found.hits)} of {most}{found.total}; --limit shows more.")
    if not found.is_indexed:
        told.append("The search index is not whole, so every text was read; `archiver verify --repair` mends it.")
    return told
