"""Which contest a page belongs to: its year and its edition, from what the site calls it (docs/site.md §10). Pure.

The contest was called by its edition (`第 12 屆 iThome 鐵人賽`), by its year (`2023 iThome 鐵人賽`), and by the year
after the one in which it was held (the autumn of 2018 was `2019 iT 邦幫忙鐵人賽`). So a number in a name is what its
words say it is, and the other follows from a table, never from a subtraction; what no name tells is not known.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from archiver.pages.base import Problems

_FIRST_YEAR = 2008
_STEADY_SINCE = 2021  # the thirteenth: from here on an edition is its year - 2008
_LAST_EDITION = 99
# What is known of the contests before. The year is the one in the contest's name. Two are called 2020's, the eleventh
# at `/2020ironman` and the twelfth at `/2020-12th-ironman`; so that year alone does not tell which.
_YEARS = {6: 2013, 10: 2019, 11: 2020, 12: 2020}
_EDITIONS = {2013: 6, 2019: 10}
_EDITION_IN_WORDS = re.compile(r"第\s*([0-9]{1,3})\s*屆")
_YEAR_IN_WORDS = re.compile(r"(?<![0-9])(20[0-9]{2})\s*(?:it|鐵人賽)", re.IGNORECASE)
_IN_ADDRESS = re.compile(r"/(20[0-9]{2})(?:-([0-9]{1,2})th)?-?ironman(?![A-Za-z0-9_-])|/ironman([0-9]{1,2})(?![0-9])")
_TAG = re.compile(r"(?:([0-9]{1,2})th|(20[0-9]{2}))\s*鐵人賽", re.IGNORECASE)
_GROUP = re.compile(r"ironman/([A-Za-z0-9_-]+)")
_IN_CLASS = re.compile(r"ir-article-icon-([0-9]{1,2})th\b")


@dataclass(frozen=True, slots=True)
class Contest:
    """One contest, as far as it is known."""

    year: int | None = None  # in its name
    edition: int | None = None


def named(words: str, addresses: Iterable[str] = (), tags: Iterable[str] = (), classes: str = "") -> Contest:
    """The contest that a page names: by words, links, tags, the class of its badge. Each completes those before."""
    found = _completed(_in_words(words))
    others = _otherwise(addresses, tags, classes)
    while found.year is None or found.edition is None:
        told = next(others, None)  # looked for only when it is needed
        if told is None:
            break
        if _agree(found.year, told.year) and _agree(found.edition, told.edition):
            found = _completed(Contest(found.year or told.year, found.edition or told.edition))
    return Contest(found.year, found.edition or _EDITIONS.get(found.year or 0))


def _otherwise(addresses: Iterable[str], tags: Iterable[str], classes: str) -> Iterator[Contest]:
    yield from map(_in_address, addresses)
    yield from map(_in_tag, tags)
    yield Contest(None, _edition(_first(_IN_CLASS, classes)))


def required(
    problems: Problems, words: str, addresses: Iterable[str] = (), tags: Iterable[str] = (), classes: str = ""
) -> Contest:
    """The same of a page that is of a contest, with a problem for each of the two that it does not tell."""
    found = named(words, addresses, tags, classes)
    if found.year is None:
        problems.add("contest_year", "not_known" if words.strip() else "not_found", words)
    elif found.edition is None:
        problems.add("contest_edition", "not_known", words)
    return found


def group_slug(address: str) -> str | None:
    """What a contest calls a group in the address of its page; None where it is none."""
    return _first(_GROUP, address)


def _completed(contest: Contest) -> Contest:
    """With what follows for sure: the year of an edition, and the edition of a year since the thirteenth."""
    year, edition = contest.year, contest.edition
    if edition is None and year is not None and year >= _STEADY_SINCE:
        edition = year - 2008
    elif year is None and edition is not None:
        year = edition + 2008 if edition + 2008 >= _STEADY_SINCE else _YEARS.get(edition)
    return Contest(year, edition)


def _agree(one: int | None, other: int | None) -> bool:
    return one is None or other is None or one == other


def _in_words(words: str) -> Contest:
    plain = unicodedata.normalize("NFKC", words)
    return Contest(_year(_first(_YEAR_IN_WORDS, plain)), _edition(_first(_EDITION_IN_WORDS, plain)))


def _in_tag(tag: str) -> Contest:
    match = _TAG.fullmatch(unicodedata.normalize("NFKC", tag))
    return Contest(_year(match[2]), _edition(match[1])) if match else Contest()


def _in_address(address: str) -> Contest:
    match = _IN_ADDRESS.search(address)
    if match is None:
        return Contest()
    if match[3]:
        return Contest(None, _edition(match[3]))
    year, edition = _year(match[1]), _edition(match[2])
    return Contest(year, 11 if year == 2020 and edition is None else edition)


def _first(pattern: re.Pattern[str], text: str) -> str | None:
    match = pattern.search(text)
    return match[1] if match else None


def _year(digits: str | None) -> int | None:
    return int(digits) if digits and _FIRST_YEAR <= int(digits) <= _FIRST_YEAR + _LAST_EDITION else None


def _edition(digits: str | None) -> int | None:
    return int(digits) if digits and 1 <= int(digits) <= _LAST_EDITION else None
