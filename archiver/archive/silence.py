"""What a page does not say is no evidence: known values stay as they were last told (docs/law.md §11). Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from archiver.archive.times import moment
from archiver.model.readings import ArticlePage, Neighbour, Problem, Reading

# What every part's page says, beside its author; that one no longer does is told (`lost_fields`). Badge and team may
# well be blank.
_TOLD_BY_EVERY_PART = ("title", "series_id", "position", "published_at", "group", "contest_year")


def completed(
    before: Mapping[str, Any] | None, tags_before: list[str], held_comments: int, reading: Reading
) -> Reading:
    """A reading of an article with what it does not say as the article's row until now has it.

    Each value of a part that it should have said becomes a problem `not_said` of its field.
    """
    article = reading.page
    if before is None or not isinstance(article, ArticlePage):
        return reading
    known = {problem.field for problem in reading.problems}
    said = {"author_id": article.author.id, **{name: getattr(article, name) for name in _TOLD_BY_EVERY_PART}}
    silent = [name for name, value in said.items() if before[name] is not None and value is None]
    silent += ["comments"] * (held_comments > 0 and not speaks_of_comments(article))
    added = tuple(Problem(name, "not_said", "kept as it was last said") for name in silent if name not in known)
    return replace(reading, page=_with(before, tags_before, article, known), problems=(*reading.problems, *added))


def speaks_of_comments(article: ArticlePage) -> bool:
    """Whether a comment that the page does not show is not there any more: it shows as many as it announces."""
    if article.comments_count is None:
        return bool(article.comments)
    return len(article.comments) >= article.comments_count


def speaks_of_neighbours(article: ArticlePage) -> bool:
    """Whether the page has its box of the series, in which a missing neighbour means that there is none."""
    return any(value is not None for value in (article.declared_parts, article.previous, article.next)) or bool(
        article.catalog
    )


def _with(before: Mapping[str, Any], tags_before: list[str], article: ArticlePage, problems: set[str]) -> ArticlePage:
    team = article.team
    if team is None and article.author.id is None:  # the panel that would show it is not there
        team = before["team"]
    kept = replace(
        article,
        title=article.title or before["title"],
        title_day=article.title_day if article.title else before["title_day"],
        series_id=_known(article.series_id, before["series_id"]),
        position=_known(article.position, before["position"]),
        badge_day=_known(article.badge_day, before["badge_day"]),
        author=replace(article.author, id=_known(article.author.id, before["author_id"])),
        published_at=article.published_at or moment(before["published_at"]),
        group=article.group or before["group"],
        contest_year=_known(article.contest_year, before["contest_year"]),
        team=team,
        tags=article.tags or (tuple(tags_before) if "title" in problems else ()),  # they stand in one header
    )
    if speaks_of_neighbours(article):
        return kept
    return replace(kept, previous=_neighbour(before["previous_id"]), next=_neighbour(before["next_id"]))


def _known(said: int | None, before: int | None) -> int | None:
    return before if said is None else said


def _neighbour(article_id: int | None) -> Neighbour | None:
    return None if article_id is None else Neighbour(article_id, "")
