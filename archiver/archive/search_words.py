"""The words of a search: how texts are folded, which pieces of them are indexed, what a query means, where it hits.

Pure. The rule, for people: letters of either case and either width are the same, accents and punctuation count, and a
word is found wherever it stands, also inside another.
"""

from __future__ import annotations

import operator
import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, compress, islice

from archiver.text import safe, storable

LONGEST_PIECE = 4  # atoms (Chinese characters, Latin words, signs): any four that stand together are in the index
LONGEST_OF_WORD = 4  # letters: any four of a Latin word are there, too
_LONGEST_LANDMARK = 2  # atoms
OFTEN = 4  # times that a body must hold a landmark to be among the first that are read
_AT_ONCE = 20_000  # atoms
_LONGEST_TOKEN = 64  # code may hold a word of ten thousand letters
WINDOW = 80  # characters of a snippet
_BEFORE = 24  # of those before the first hit
MOST_SPANS = 1_000  # hits of one term in one text: more do not change its rank

# Full-width letters and digits are their ASCII selves. The others have lower cases that depend on what stands beside
# them or are two characters long, or that SQLite's unicode61 folds and Python does not; here all are one character.
_ONE_LETTER = dict(zip(map(ord, "İΣςµſϐϑϕϖϰϱϵ\u0345\u1fbe\ufffe\uffff"), "iσσμsβθφπκρειι\ufffd\ufffd", strict=True))
_FOLDED: dict[int, int | str] = {
    **{0xFF01 + place: 0x21 + place for place in range(94) if chr(0x21 + place).isalnum()},
    **_ONE_LETTER,
}
_OF_ONE_LETTER = re.compile("[" + "".join(map(chr, _ONE_LETTER)) + "]")
_UNUSUAL = re.compile("[\x00\ud800-\udfff" + "".join(map(chr, _FOLDED)) + "]")
# White space, and the punctuation of Chinese text: no indexed piece reaches across it.
_SIGNS = r"\u00a7\u00ab\u00b6\u00b7\u00bb\u2010-\u2027\u2030-\u205e\u3001-\u3003\u3008-\u3020\u3030\u303d\ufe30-\ufe6f\uff01-\uff0f\uff1a-\uff20\uff3b-\uff40\uff5b-\uff65"  # noqa: E501 - one class
_BREAK = re.compile(rf"[\s{_SIGNS}]+")
_SIGN = re.compile(f"[{_SIGNS}]")
_ATOM = re.compile(r"[a-z0-9_]+|.", re.DOTALL)
_WORD = re.compile(r"[a-z0-9_]+")
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


def shown_and_folded(text: str) -> tuple[str, str]:
    """The text composed, and folded."""
    if _UNUSUAL.search(text) is None and unicodedata.is_normalized("NFC", text):
        return text, text.lower()
    text = composed(text)
    return text, folded(text)


def tokens(text: str, mark: str = "", least: int = 1) -> set[str]:
    """Every piece of a text that can be looked up as one word (docs/design.md 'Search').

    With a `mark`, also its landmarks: the mark and then a piece of up to two atoms that stands there at least so often.
    """
    plain = composed(text)
    found: set[str] = set()
    counted: Counter[str] = Counter()
    longest = 0
    for fold in {folded(plain), plain.lower()}:  # two, where full-width letters stand: they are found as typed, too
        atoms = _ATOM.findall(_BREAK.sub("\n", fold))
        for begin in range(0, len(atoms), _AT_ONCE):  # a long text would take a hundred bytes a piece
            part = atoms[begin : begin + _AT_ONCE + LONGEST_PIECE - 1]
            # In C, for it is half of what indexing costs: a byte an atom says whether no break is in the piece there.
            pieces, stands = part[:_AT_ONCE], int.from_bytes(bytes(map("\n".__ne__, part)), "little")
            together = stands
            for size in range(1, LONGEST_PIECE + 1):
                those = compress(pieces, together.to_bytes(len(part), "little"))
                (counted if size <= _LONGEST_LANDMARK else found).update(those)
                pieces = list(map(operator.add, pieces, part[size:]))
                together &= stands >> 8 * size
        words = set(_WORD.findall(fold))
        longest = max(longest, *map(len, words), 0)
        for word in words:
            sizes = range(1, min(LONGEST_OF_WORD + 1, len(word)))
            found.update([word[start : start + size] for size in sizes for start in range(len(word) - size + 1)])
        found.update(_SIGN.findall(fold))
    found.update(counted)
    if 2 * longest + LONGEST_PIECE - 2 > _LONGEST_TOKEN:  # two Latin words never stand side by side
        found = {piece for piece in found if len(piece) <= _LONGEST_TOKEN}
    if mark:
        found.update([mark + piece for piece, often in counted.items() if often >= least and piece in found])
    return found


def as_indexed(words: set[str]) -> set[str]:
    """Words, as `tokens` gives them, with the letters that SQLite's unicode61 takes for one as one."""
    if _OF_ONE_LETTER.search("".join(words)) is None:
        return words
    return {word.translate(_ONE_LETTER) for word in words}


Spans = list[tuple[int, int]]


@dataclass(frozen=True, slots=True)
class Term:
    """One word or quoted phrase of a query, folded; white space in a phrase matches any white space."""

    text: str
    pattern: re.Pattern[str]

    def spans(self, folded_text: str, most: int = MOST_SPANS) -> Spans:
        """Where it stands in a folded text, the first so many."""
        return [match.span() for match in islice(self.pattern.finditer(folded_text), most)]

    def weight(self, folded_text: str) -> float:
        """How often it stands in a folded text; inside a longer Latin word it counts half (`rust` in `trust`)."""
        if _is_latin(self.text[0]) or _is_latin(self.text[-1]):
            return sum(1.0 if _is_whole(folded_text, *span) else 0.5 for span in self.spans(folded_text))
        if " " in self.text:
            return float(len(self.spans(folded_text)))
        return float(min(folded_text.count(self.text), MOST_SPANS))

    def pieces(self) -> list[str]:
        """Indexed tokens that stand in every text that holds the term; it alone, where it is one of them."""
        found = _SIGN.findall(self.text)
        runs = _BREAK.split(self.text)
        for place, run in enumerate(runs):
            found += _pieces_of_run(_ATOM.findall(run), opens=place == 0, ends=place == len(runs) - 1)
        return list(dict.fromkeys(found))

    def is_indexed_whole(self) -> bool:
        """Whether the index alone tells which texts hold it."""
        return self.pieces() == [self.text]

    def landmarks(self) -> list[str]:
        """Landmarks of every text that holds it as whole words."""
        runs = map(_ATOM.findall, _BREAK.split(self.text))
        pieces = chain.from_iterable(_cover(run, _LONGEST_LANDMARK) for run in runs)
        return list(dict.fromkeys(piece for piece in pieces if len(piece) <= _LONGEST_TOKEN))


def _pieces_of_run(atoms: list[str], *, opens: bool, ends: bool) -> Iterator[str]:
    """Indexed tokens of what stands between two breaks; where the term opens and ends the text may go on."""
    start = int(opens and bool(atoms) and _WORD.match(atoms[0]) is not None)
    stop = len(atoms) - int(ends and len(atoms) > start and _WORD.match(atoms[-1]) is not None)
    for piece in _cover(atoms[start:stop], LONGEST_PIECE):
        words = [] if len(piece) <= _LONGEST_TOKEN else _ATOM.findall(piece)
        yield from chain.from_iterable(_cover(word, LONGEST_OF_WORD) for word in words) if words else [piece]
    for word in atoms[:start] + atoms[stop:]:
        yield from _cover(word, LONGEST_OF_WORD)


def _cover(parts: Sequence[str], size: int) -> Iterator[str]:
    """Pieces of so many parts that hold all of them, each the half of the one before."""
    last = max(0, len(parts) - size)
    for start in [*range(0, last, size // 2), last] if parts else []:
        yield "".join(parts[start : start + size])


def terms(query: str) -> list[Term]:
    """The words and "quoted phrases" of what was typed, each once: all of them must be found."""
    found: dict[str, Term] = {}
    for phrase, word in _QUERY.findall(folded(composed(query))):
        text = _SPACE.sub(" ", phrase or word).strip()
        if text:
            found[text] = Term(text, re.compile(r"\s+".join(map(re.escape, text.split(" ")))))
    return list(found.values())


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
    end = min(len(text), begin + WINDOW)
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
            if other >= start + WINDOW - _BEFORE:
                break
            shown.add(number)
        if len(shown) > most:
            best, most = start, len(shown)
        if most == sum(map(bool, spans)):
            break
    return best


def _clean(piece: str) -> str:
    """Harmless, in one line, and with the white space at its ends: the next piece goes on from there."""
    return safe(f"|{piece}|")[1:-1]
