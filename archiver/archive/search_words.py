"""The words of a search: how texts are folded, which pieces of them are indexed, what a query means, where it hits.

Pure. The rule, for people: letters of either case and either width are the same, accents and punctuation count, and a
word is found wherever it stands, also inside another.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

from archiver.text import safe, storable

LONGEST_PIECE = 6  # characters: any six or fewer that stand together are in the index
_MOST_ATOMS = 6  # of a longer piece: Latin words, Chinese characters, signs
_LONGEST_TOKEN = 64  # code may hold a word of ten thousand letters
_WINDOW = 80  # characters of a snippet
_BEFORE = 24  # of those before the first hit
_MOST_SPANS = 1_000  # hits of one term in one text: more do not change its rank

# Full-width letters and digits are their ASCII selves. The others have lower cases that depend on what stands beside
# them or are two characters long, or that SQLite's unicode61 folds and Python does not; here all are one character.
_FOLDED: dict[int, int | str] = {
    **{0xFF01 + place: 0x21 + place for place in range(94) if chr(0x21 + place).isalnum()},
    **dict(zip(map(ord, "İΣςµſϐϑϕϖϰϱϵ\u0345\u1fbe\ufffe\uffff"), "iσσμsβθφπκρειι\ufffd\ufffd", strict=True)),
}
_UNUSUAL = re.compile("[" + "".join(map(chr, _FOLDED)) + "]")
# White space, and the punctuation of Chinese text: no indexed piece reaches across it.
_SIGNS = r"\u00a7\u00ab\u00b6\u00b7\u00bb\u2010-\u2027\u2030-\u205e\u3001-\u3003\u3008-\u3020\u3030\u303d\ufe30-\ufe6f\uff01-\uff0f\uff1a-\uff20\uff3b-\uff40\uff5b-\uff65"  # noqa: E501 - one class
_BREAK = re.compile(rf"[\s{_SIGNS}]+")
_SIGN = re.compile(f"[{_SIGNS}]")
_ATOM = re.compile(r"[a-z0-9_]+|.", re.DOTALL)
_PAIR = re.compile(r"(?<![a-z0-9_])(?=([a-z0-9_]+\s+[a-z0-9_]+))")
_SPACE = re.compile(r"\s+")
_QUERY = re.compile(r'"([^"]*)"?|([^\s"]+)')


def composed(text: str) -> str:
    """The text in NFC, storable: what is shown. `folded` keeps its length."""
    text = storable(text)
    return text if unicodedata.is_normalized("NFC", text) else unicodedata.normalize("NFC", text)


def folded(composed_text: str) -> str:
    """A composed text as it is compared: character for character, without case and without width."""
    if _UNUSUAL.search(composed_text):
        composed_text = composed_text.translate(_FOLDED)
    return composed_text.lower()


def tokens(text: str) -> set[str]:
    """Every piece of a text that can be looked up as one word.

    Those are all pieces of up to six characters; longer ones of up to six atoms (so that a Latin word, an expression
    such as `polars.struct` and a mixture such as `Docker容器` are found whole); and pairs of Latin words. None reaches
    across white space, but for the pairs, or across Chinese punctuation.
    """
    plain = composed(text)
    found: set[str] = set()
    for fold in {folded(plain), plain.lower()}:  # two, where full-width letters stand: they are found as typed, too
        found.update(_SIGN.findall(fold))
        found.update(_pairs(fold))
        for run in set(_BREAK.split(fold)):
            for size in range(1, LONGEST_PIECE + 1):
                found.update([run[start : start + size] for start in range(len(run) - size + 1)])
            if len(run) > LONGEST_PIECE:
                found.update(_long_tokens(_ATOM.findall(run)))
    return found


def _pairs(text: str) -> Iterator[str]:
    for pair in _PAIR.finditer(text):
        if len(pair[1]) <= _LONGEST_TOKEN:
            yield _SPACE.sub(" ", pair[1])


def _long_tokens(atoms: list[str]) -> Iterator[str]:
    for start in range(len(atoms)):
        token = ""
        for atom in atoms[start : start + _MOST_ATOMS]:
            token += atom
            if len(token) > _LONGEST_TOKEN:
                break
            if len(token) > LONGEST_PIECE:
                yield token


Spans = list[tuple[int, int]]


@dataclass(frozen=True, slots=True)
class Term:
    """One word or quoted phrase of a query, folded; white space in a phrase matches any white space."""

    text: str
    pattern: re.Pattern[str]

    def spans(self, folded_text: str) -> Spans:
        """Where it stands in a folded text."""
        found = []
        for match in self.pattern.finditer(folded_text):
            found.append(match.span())
            if len(found) == _MOST_SPANS:
                break
        return found

    def pieces(self) -> list[str]:
        """Indexed tokens that stand in every text that holds the term."""
        found = _SIGN.findall(self.text)
        for run in _BREAK.split(self.text):
            starts = [*range(0, len(run) - LONGEST_PIECE, LONGEST_PIECE), max(0, len(run) - LONGEST_PIECE)]
            found += [run[start : start + LONGEST_PIECE] for start in starts if run]
        return list(dict.fromkeys(found))


def terms(query: str) -> list[Term]:
    """The words and "quoted phrases" of what was typed, each once: all of them must be found."""
    found: dict[str, Term] = {}
    for phrase, word in _QUERY.findall(folded(composed(query))):
        text = _SPACE.sub(" ", phrase or word).strip()
        if text:
            found[text] = Term(text, re.compile(r"\s+".join(map(re.escape, text.split(" ")))))
    return list(found.values())


def weight(folded_text: str, spans: Spans) -> float:
    """How often a term stands in a text; inside a longer Latin word it counts half (`rust` in `trust`)."""
    return sum(1.0 if _is_whole(folded_text, *span) else 0.5 for span in spans)


def _is_whole(text: str, start: int, end: int) -> bool:
    before = start > 0 and _is_latin(text[start]) and _is_latin(text[start - 1])
    after = end < len(text) and _is_latin(text[end - 1]) and _is_latin(text[end])
    return not (before or after)


def _is_latin(character: str) -> bool:
    return character.isascii() and (character.isalnum() or character == "_")


Snippet = tuple[tuple[str, bool], ...]


def snippet(text: str, spans: list[Spans]) -> Snippet:
    """The place of a text with the most terms, as pieces that are hits or not, each harmless on a terminal.

    `spans` holds one list for each term.
    """
    start = _best_start(spans)
    begin = max(0, start - _BEFORE)
    end = min(len(text), begin + _WINDOW)
    pieces: list[tuple[str, bool]] = [("…", False)] if begin else []
    place = begin
    for hit_start, hit_end in sorted(span for one in spans for span in one):
        if hit_end <= place or hit_start >= end:
            continue
        pieces.append((_clean(text[place : max(place, hit_start)]), False))
        pieces.append((_clean(text[max(place, hit_start) : min(hit_end, end)]), True))
        place = min(hit_end, end)
    pieces.append((_clean(text[place:end]), False))
    pieces += [("…", False)] if end < len(text) else []
    return tuple((piece, is_hit) for piece, is_hit in pieces if piece)


def _best_start(spans: list[Spans]) -> int:
    """Where the window begins that shows the most different terms; the first of several."""
    starts = sorted((start, number) for number, one in enumerate(spans) for start, _ in one)
    best, most = 0, 0
    for place, (start, _) in enumerate(starts):
        shown = set()
        for other, number in starts[place : place + 50]:
            if other >= start + _WINDOW - _BEFORE:
                break
            shown.add(number)
        if len(shown) > most:
            best, most = start, len(shown)
    return best


def _clean(piece: str) -> str:
    """Harmless, in one line, and with the white space at its ends: the next piece goes on from there."""
    return safe(f"|{piece}|")[1:-1]
