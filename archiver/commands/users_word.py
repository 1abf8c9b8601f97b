"""What a saved page is that the user names (`import --url`), where it does not name itself. Pure.

An article is known by its own name alone (`og:url`), and a list by its looks. Whoever saved a page knows what it was:
that counts, and is said, unless its own links or the tool that saved it name another.
"""

from __future__ import annotations

from dataclasses import replace

from archiver import ithome
from archiver.model import SUCCESSES, Address, Answer, Judgement, Kind, Outcome
from archiver.model.readings import Reading, SeriesPage
from archiver.pages import saved
from archiver.verdict import judge

_LISTS = frozenset({Kind.SERIES, Kind.FEED})


def judge_again(
    named: Address, answer: Answer, reading: Reading | None, judgement: Judgement, file_says: str, *, held: bool
) -> Judgement:
    """The judgement of the page that a file is one copy of, with the user's word for its name.

    `judgement` is what it is without that; `file_says` is the URL that the tool which saved it wrote, or empty.
    """
    if reading is not None and named.kind is Kind.INDEX and judgement.outcome in SUCCESSES:
        own = ithome.classify(reading.facts.own_url or file_says)
        if reading.facts.kind is not Kind.INDEX and isinstance(own, Address):  # it looks as iThome's, and says so
            return _of_another(named, {own.url}, judgement)
    if reading is None or reading.facts.own_url is not None or not _counts(named, judgement):
        return judgement
    others = _others(named, answer, reading, file_says)
    if others:
        return _of_another(named, others, judgement)
    as_named = replace(reading, facts=replace(reading.facts, own_url=named.url))
    judged = judge(named, answer, as_named, held=held)
    if judged.outcome not in SUCCESSES:
        return judged
    reason = f"{judged.reason}, by the word of --url alone: it does not name itself (og:url)"
    return replace(judged, reason=reason, signals={**judged.signals, "own_url": None, "named_by": "--url"})


def _of_another(named: Address, others: set[str], judgement: Judgement) -> Judgement:
    words = f"--url names {named.url}, but the file says that it is {', '.join(sorted(others))}"
    return Judgement(Outcome.WRONG_PAGE, words, judgement.signals)


def _counts(named: Address, judgement: Judgement) -> bool:
    """Whether only a name is missing: an article is not read without, a list is taken for whatever was asked for."""
    return judgement.outcome is Outcome.UNREADABLE or (named.kind in _LISTS and judgement.outcome in SUCCESSES)


def _others(named: Address, answer: Answer, reading: Reading, file_says: str) -> set[str]:
    """Which other pages of the site the file says that it is."""
    told = [file_says] if file_says else []
    if named.kind is Kind.ARTICLE:
        told += map(ithome.article_url, saved.named_by_its_buttons(answer.body or b""))
    if isinstance(reading.page, SeriesPage) and reading.page.feed_url:
        told.append(reading.page.feed_url)
    found = [address for url in told if isinstance(address := ithome.classify(url), Address)]
    return {address.url for address in found if not _is_the_same(address, named)}


def _is_the_same(one: Address, other: Address) -> bool:
    if one.article_id is not None or other.article_id is not None:
        return one.article_id == other.article_id
    return one.series_id == other.series_id
