"""A quick look that proves most pages harmless, so that `scan` need not play the parser on them.

Where every tag is written plainly and ends what it began, the parser does what the tags say: nothing is closed before
its time, so no formatting element is opened again, and what is open is what the tags have opened. Then it is enough
to count. One regular expression finds the tags, and passes over what holds none (inline elements with nothing but
words in them, comments, scripts). Whatever is not plain is left to the scan: nothing is too heavy for a glance alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from archiver.pages.base import written
from archiver.pages.scan import Scan, scan

# What `scan` bears is two million steps. A tag of five characters costs at most a hundred, and all attributes together
# three steps a character (they are at most 480 in a tag, see below).
FEW_BYTES = 80_000
MOST_BYTES = 400_000
MOST_TAGS = 8_000  # where there are not few characters
MOST_DEPTH = 500

_NO_NAME = r"<>\"'=\x00-\x08\x0b\x0e-\x1f\x80-\xff"  # nor what may be white space to one reader and a letter to another
_REST = (  # of a tag, up to its end: at most 16 times 30 attributes, written so that a quote can only begin a value
    rf"""(?:(?: [a-z-]++="[^"]*+"){{0,15}}+>|(?=[\s/>])[^{_NO_NAME}]{{0,60}}+(?:(?<=[^\s/"'])="""
    rf"""(?:"[^"]*+"|'[^']*+'|[^\s{_NO_NAME}]++(?=[\s>]))[^{_NO_NAME}]{{0,60}}+){{0,15}}+>)"""
)
_VOID = "area base br col img input link meta source wbr".split()
_INLINE = "a abbr b cite code del em i ins kbd label mark s small span strong sub sup time u".split()
_RAW_TEXT = "iframe script style textarea title".split()
_NAMED = (
    [f"{name}{_REST}" for name in _VOID]
    + [f"{name}{_REST}[^<]*+</{name}>" for name in _INLINE]
    + [
        rf"{name}{_REST}[^<]*+(?:<(?!/(?:(?i:{name})[^a-zA-Z0-9-]|[a-zA-Z]{{0,8}}[\x80-\xff]))[^<]*+)*+</{name}>"
        for name in _RAW_TEXT
    ]
    + [rf"svg{_REST}\s*+(?:<(?:circle|path|rect){_REST}(?<=/>)\s*+)*+</svg>"]
)
_BY_LETTER = {letter: [one[1:] for one in _NAMED if one[0] == letter] for letter in sorted({one[0] for one in _NAMED})}
_PASSED_OVER = "|".join(
    [f"{letter}(?:{'|'.join(rest)})" for letter, rest in _BY_LETTER.items()]
    + [r"!--(?!-?>)[^-]*+(?:-(?!-!?>)[^-]*+)*+--!?>", r"!(?!--)[^<>]*+>", r"(?![a-zA-Z/!?])"]
)
# What is neither passed over nor a plain tag ends the look: all that is left goes with it, the mark of the end too.
_END = b"<end"
_TAGS = re.compile(
    (
        rf"[^<]*+(?:<(?!/)(?:{_PASSED_OVER})[^<]*+)*+"
        rf"(?:(<(?!(?:{'|'.join(_RAW_TEXT)})[\s/>])/?[a-z]++[1-6]?+){_REST}|<[\s\S]*+)"
    ).encode()
)
_FRAME = re.compile(rb"<frame", re.IGNORECASE)

_HEADINGS = [f"h{rank}" for rank in range(1, 7)]
_BLOCKS = (  # each closes an open paragraph
    "address article aside blockquote center details div dl figcaption figure footer form header main nav ol p pre"
    " section summary table ul"
).split()
_CAREFUL = "button noscript template".split()  # these do not
_PARTS = {  # what stands right under these alone
    "li": "ol ul", "dd": "dl", "dt": "dl", "tbody": "table", "tfoot": "table", "thead": "table",
    "tr": "table tbody tfoot thead", "td": "tr", "th": "tr",
}  # fmt: skip


def _ends(names: Iterable[str]) -> frozenset[bytes]:
    return frozenset(f"</{name}".encode() for name in names)


def _tags(names: Iterable[str]) -> frozenset[bytes]:
    return frozenset(f"<{name}".encode() for name in names)


# What is open is known by its end tag. A document and its body have none: what comes after belongs to the body.
_NO_BLOCK_IN = _ends([*_INLINE, "p"])
_BLOCK_IN = _ends([*_BLOCKS, *_CAREFUL, *_HEADINGS, "li", "dd", "dt", "td", "th"]) | {b"", b"body"}
_BLOCK_IN -= _ends(["p", "table", "ul", "ol", "dl"])
_WORDS_IN = _BLOCK_IN | _NO_BLOCK_IN
_UNDER = {  # under which ends an element may stand
    **dict.fromkeys(_BLOCKS + _CAREFUL, _BLOCK_IN), **dict.fromkeys(_HEADINGS, _BLOCK_IN - _ends(_HEADINGS)),
    **dict.fromkeys(_INLINE, _WORDS_IN), **{name: _ends(above.split()) for name, above in _PARTS.items()},
    "button": _BLOCK_IN - _ends(["button"]), "head": frozenset([b"html"]),
}  # fmt: skip
_RULES = {  # an opening tag, its end tag, and the end tags under which it may stand
    **{f"<{name}".encode(): (f"</{name}".encode(), under) for name, under in _UNDER.items()},
    b"<html": (b"html", frozenset([b""])),
    b"<body": (b"body", frozenset([b"html", b""])),
}
_CLOSES_P = _tags([*_BLOCKS, *_HEADINGS, "li", "dd", "dt"])
_CELL_OR_ROW = _ends(["td", "th", "tr"])
_LIKE = {  # what ends of itself before the next of its kind
    **dict.fromkeys(_tags(["li"]), _ends(["li"])), **dict.fromkeys(_tags(["dd", "dt"]), _ends(["dd", "dt"])),
    **dict.fromkeys(_tags(["td", "th"]), _ends(["td", "th"])), **dict.fromkeys(_tags(["tr"]), _CELL_OR_ROW),
}  # fmt: skip
_ITEMS = _ends(["p", "li", "dd", "dt"])
_ROWS = _CELL_OR_ROW | _ends(["p", "tbody", "tfoot", "thead"])
_ENDS_OF_ITSELF = {  # before an end tag that is not its own
    **dict.fromkeys(_ends([*_BLOCKS, *_HEADINGS, "button", "template", "li", "dd", "dt"]), _ITEMS),
    **dict.fromkeys(_ends(["table", "tbody", "tfoot", "thead", "tr", "td", "th"]), _ROWS),
}
_NOTHING: frozenset[bytes] = frozenset()
_IGNORED = _ends(["body", "html"])
_MAY_STAY = frozenset([b"", b"html", b"body"])


def look(text: str, data: bytes | None = None) -> Scan:
    """What the parser would meet in a text, and how it ends: by a glance where that is enough.

    `data` is the text as the parser takes it, where somebody has made that already.
    """
    return glance(written(text) if data is None else data) or scan(text)


def glance(data: bytes) -> Scan | None:
    """What `scan` would see in a text that is plainly harmless; None for one that it has to look at."""
    if len(data) > FEW_BYTES and (len(data) > MOST_BYTES or data.count(b"<") > MOST_TAGS):
        return None
    if _FRAME.search(data) is not None:  # other rules hold inside of them
        return None
    tags: list[bytes] = _TAGS.findall(data + _END + b">")
    depth = _depth(tags[:-1]) if tags and tags[-1] == _END else None
    return Scan(False, depth, b"</html" in tags, True, ()) if depth is not None and depth <= MOST_DEPTH else None


def _depth(tags: list[bytes]) -> int | None:
    """How deep tags nest; None where they do not close what they open, each where the parser would."""
    waiting = [b""]
    last, rules = b"", _RULES.get  # `last` is `waiting[-1]`: a page has a thousand tags
    deepest = 1
    for tag in tags:
        if tag == last:
            waiting.pop()
            last = waiting[-1]
            continue
        rule = rules(tag)
        if rule is not None:
            if last not in rule[1] and not _makes_place(tag, rule[1], waiting):
                return None
            last = rule[0]
            waiting.append(last)
            if len(waiting) > deepest:
                deepest = len(waiting)
        elif _is_borne(tag, waiting):
            last = waiting[-1]
        else:
            return None
    while waiting[-1] in _ITEMS:
        waiting.pop()
    return deepest if _MAY_STAY.issuperset(waiting) else None


def _makes_place(tag: bytes, under: frozenset[bytes], waiting: list[bytes]) -> bool:
    """Whether an element may stand where it comes, after what ends before it of itself."""
    if waiting[-1] == b"</a":  # a link around blocks stands where they may
        return waiting[-2] in under
    if waiting[-1] == b"</p" and tag in _CLOSES_P:
        waiting.pop()
    like = _LIKE.get(tag, _NOTHING)
    while waiting[-1] in like:
        waiting.pop()
    return waiting[-1] in under


def _is_borne(tag: bytes, waiting: list[bytes]) -> bool:
    """Whether a tag that opens nothing is one that the parser takes as it seems."""
    if tag in _IGNORED:
        return True
    if tag == b"<hr":
        return waiting[-1] in _BLOCK_IN
    of_itself = _ENDS_OF_ITSELF.get(tag, _NOTHING)
    while waiting[-1] in of_itself and waiting[-1] != tag:
        waiting.pop()
    return waiting.pop() == tag
