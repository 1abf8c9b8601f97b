"""Text from the world made harmless: for a database column, for one line, for a terminal. Pure.

Titles, names, header values and error messages are hostile until they have passed through here. HTML is not this
module's business (`pages.body` sanitises it), nor is SQL (always parameters).
"""

from __future__ import annotations

import re
import unicodedata

_STORABLE_BLOCK = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
_LINE_BREAKS = re.compile(r"\r\n?")
# Bidirectional controls (UAX #9), zero-width characters, line and paragraph separators, the soft hyphen, the
# byte order mark, interlinear annotations and tag characters: invisible, and able to change what a reader sees.
_INVISIBLE = re.compile(
    r"[\u00ad\u061c\u115f\u1160\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164\ufeff\ufff9-\ufffb\U000e0000-\U000e007f]"
)
_ACTING = _INVISIBLE.pattern + r"|[\x7f-\x9f\ud800-\udfff]"


def storable(text: str) -> str:
    """The text to the letter, but for what SQLite, JSON and UTF-8 cannot carry: NUL and lone surrogates, now U+FFFD."""
    if "\0" not in text and not _has_surrogates(text):
        return text
    return "".join(["\ufffd" if sign == "\0" or "\ud800" <= sign <= "\udfff" else sign for sign in text])


def _has_surrogates(text: str) -> bool:
    """Asked of the codec: a pattern of them takes longer to compile than `status` has."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return True
    return False


def prose(text: str) -> str:
    """Several lines of prose for a column: storable, line breaks as LF, no control characters but LF and TAB."""
    if "\r" in text:
        text = _LINE_BREAKS.sub("\n", text)
    return _STORABLE_BLOCK.sub("", storable(text))


def line(text: str, limit: int = 2_000) -> str:
    """One line for a column, a header or a message: `prose` with white space folded, cut at `limit` characters."""
    folded = " ".join(prose(text).split())
    return folded if len(folded) <= limit else folded[: limit - 1] + "…"


def safe(text: object, limit: int = 2_000) -> str:
    """One line for a terminal or a log: `line` without bidirectional, zero-width and other invisible characters."""
    return line(_INVISIBLE.sub("", str(text)), limit)


def event(name: str, **values: object) -> str:
    """One line for the log: `request outcome=ok status=200 url=https://… reason="the page itself"`."""
    told = {key: safe(value, 400) for key, value in values.items() if value is not None}
    return " ".join([name, *(f"{key}={_quoted(value)}" for key, value in told.items())])


def _quoted(value: str) -> str:
    if re.fullmatch(r'[^\s"=]+|https?://[^\s"]+', value):
        return value
    return '"' + value.replace('"', "'") + '"'


def document(value: object, indent: int | None = 2) -> str:
    """A JSON document for whoever reads it, a terminal included: what is invisible there is escaped in it.

    The value is the same for a program. Characters that a terminal obeys or that hide can only stand in strings.
    """
    import json  # `--help` needs none

    written = json.dumps(value, ensure_ascii=False, indent=indent)
    return re.sub(_ACTING, lambda match: json.dumps(match[0])[1:-1], written)


def document_line(value: object) -> str:
    """The same on one line."""
    return document(value, indent=None)


def inked(text: str) -> str:
    """A piece of a text for a terminal: as `safe`, but with its own spaces."""
    return _INVISIBLE.sub("", prose(text)).replace("\n", " ")


_FEW_SIGNS = 60


def bare_words(text: str) -> str:
    """Letters, digits and symbols alone, folded (NFKC, case): the same for two texts that differ in dress only."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    dress = {sign for sign in set(folded) if not sign.isalnum() and unicodedata.category(sign)[0] not in "LNSM"}
    if len(dress) > _FEW_SIGNS:
        return "".join([sign for sign in folded if sign not in dress])
    for sign in dress:  # in C, which for as many as prose has takes half as long
        folded = folded.replace(sign, "")
    return folded


def same_words(one: str, other: str) -> bool:
    """Whether two texts say the same but for their dress."""
    return bare_words(one) == bare_words(other)


_TITLE_DAY = (  # compiled when it is asked for: `status` is not to wait for it
    r"(?<![a-z])day\s*[-_.:#]?\s*0*([0-9]{1,3})(?![0-9])"
    r"|(?<![a-z0-9])d-0*([0-9]{1,3})(?![0-9])"  # not D3, which draws
    r"|第\s*0*([0-9]{1,3})\s*[天日]|第([一二三四五六七八九十]{1,3})[天日]"
)
_NUMERALS = "零一二三四五六七八九"


def title_day(title: str) -> int | None:
    """The day that a title names: `[Day 07] …`, `DAY12`, `Day1：…`, `D-3`, `第 7 天`, `第七天`; None for none."""
    match = re.search(_TITLE_DAY, unicodedata.normalize("NFKC", title), re.IGNORECASE)
    if match is None:
        return None
    return _chinese_number(match[4]) if match[4] else int(match[1] or match[2] or match[3])


def _chinese_number(numerals: str) -> int | None:
    """`七`, `十`, `二十一`; None for what is no number below a hundred."""
    tens, ten, ones = numerals.rpartition("十")
    if len(tens) > 1 or len(ones) > 1 or "十" in tens:
        return None
    high = (_NUMERALS.index(tens) if tens else 1) if ten else 0
    return high * 10 + (_NUMERALS.index(ones) if ones else 0)
