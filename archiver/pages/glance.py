"""A quick look that proves most pages harmless, so that `scan` need not play the parser on them.

Where every tag is written plainly and ends what it began, the parser does what the tags say: nothing is closed before
its time, so no formatting element is opened again, and what is open is what the tags have opened. Then it is enough
to count. One regular expression finds the tags, and passes over what holds none (inline elements with nothing but
words in them, comments, scripts). Whatever is not plain is left to the scan: nothing is too heavy for a glance alone.
"""

from __future__ import annotations

import re

from archiver.pages.scan import Scan, has_framesets, scan

# What `scan` bears is two million steps. A tag of five characters costs at most a hundred, and all attributes together
# three steps a character (they are at most 480 in a tag, see below).
FEW_CHARACTERS = 80_000
MOST_CHARACTERS = 400_000
MOST_TAGS = 8_000  # where there are not few characters
MOST_DEPTH = 500

_REST = (  # of a tag, up to its end: at most 16 times 30 attributes, written so that a quote can only begin a value
    r"""(?=[\s/>])[^<>"'=]{0,60}+"""
    r"""(?:(?<=[^\s/"'])=(?:"[^"]*+"|'[^']*+'|[^\s<>"'=]++(?=[\s>]))[^<>"'=]{0,60}+){0,15}+>"""
)
_VOID = "area base br col img input link meta source wbr".split()
_INLINE = "a abbr b cite code del em i ins kbd label mark s small span strong sub sup time u".split()
_RAW_TEXT = "iframe script style textarea title".split()
_PASSED_OVER = "|".join(
    [f"{name}{_REST}" for name in _VOID]
    + [f"{name}{_REST}[^<]*+</{name}>" for name in _INLINE]
    + [rf"{name}{_REST}[^<]*+(?:<(?!(?i:/{name})[\s/>])[^<]*+)*+</{name}>" for name in _RAW_TEXT]
    + [rf"svg{_REST}\s*+(?:<(?:circle|path|rect){_REST}(?<=/>)\s*+)*+</svg>"]
    + [r"!--(?!-?>)[^-]*+(?:-(?!-!?>)[^-]*+)*+--!?>", r"!(?!--)[^>]*+>", r"(?![a-zA-Z/!?])"]
)
# What is neither passed over nor a plain tag ends the look: a bare `<` has no rule, and all after it goes with it.
_TAGS = re.compile(
    rf"[^<]*+(?:<(?!/)(?:{_PASSED_OVER})[^<]*+)*+"
    rf"(<(?!(?:{'|'.join(_RAW_TEXT)})[\s/>])/?[a-z]++[1-6]?+(?={_REST})|<|\Z)(?:(?<=<)[\s\S]*+)?+"
)

_HEADINGS = [f"h{rank}" for rank in range(1, 7)]
_BLOCKS = (  # each closes an open paragraph
    "address article aside blockquote center details div dl figcaption figure footer form header main nav ol p pre"
    " section summary table ul"
).split()
_CAREFUL = "button noscript template".split()  # these do not
_PARTS = {  # what stands right under these alone
    "li": "ol ul", "dd": "dl", "dt": "dl", "tbody": "table", "tfoot": "table", "thead": "table",
    "tr": "table tbody tfoot thead", "td": "tr", "th": "tr", "head": "html",
}  # fmt: skip


def _ends(names: list[str]) -> frozenset[str]:
    return frozenset(f"</{name}" for name in names)


# What is open is known by its end tag. A document and its body have none: what comes after belongs to the body.
_NO_BLOCK_IN = _ends([*_INLINE, "p"])
_BLOCK_IN = _ends([*_BLOCKS, *_CAREFUL, *_HEADINGS, "li", "dd", "dt", "td", "th"]) | {"", "body"}
_BLOCK_IN -= _ends(["p", "table", "ul", "ol", "dl"])
_WORDS_IN = _BLOCK_IN | _NO_BLOCK_IN
_RULES = {  # an opening tag, its end tag, and the end tags under which it may stand
    **{f"<{name}": (f"</{name}", _BLOCK_IN) for name in _BLOCKS + _CAREFUL},
    **{f"<{name}": (f"</{name}", _BLOCK_IN - _ends(_HEADINGS)) for name in _HEADINGS},
    **{f"<{name}": (f"</{name}", _WORDS_IN) for name in _INLINE},
    **{f"<{name}": (f"</{name}", _ends(above.split())) for name, above in _PARTS.items()},
    "<button": ("</button", _BLOCK_IN - {"</button"}),
    "<html": ("html", frozenset({""})),
    "<body": ("body", frozenset({"html", ""})),
}
_RULES["<head"] = ("</head", frozenset({"html"}))
_CLOSES_P = frozenset(f"<{name}" for name in [*_BLOCKS, *_HEADINGS, "li", "dd", "dt", "hr"])
_CELL_OR_ROW = _ends(["td", "th", "tr"])
_LIKE = {  # what ends of itself before the next of its kind
    "<li": _ends(["li"]), "<dd": _ends(["dd", "dt"]), "<dt": _ends(["dd", "dt"]), "<td": _ends(["td", "th"]),
    "<th": _ends(["td", "th"]), "<tr": _CELL_OR_ROW,
}  # fmt: skip
_ITEMS = _ends(["p", "li", "dd", "dt"])
_ROWS = _CELL_OR_ROW | _ends(["p", "tbody", "tfoot", "thead"])
_ENDS_OF_ITSELF = {  # before an end tag that is not its own
    **dict.fromkeys(_ends([*_BLOCKS, *_HEADINGS, "button", "template", "li", "dd", "dt"]), _ITEMS),
    **dict.fromkeys(_ends(["table", "tbody", "tfoot", "thead", "tr", "td", "th"]), _ROWS),
}


def glance(text: str) -> Scan | None:
    """What `scan` would see in a text that is plainly harmless; None for one that it has to look at."""
    if len(text) > FEW_CHARACTERS and (len(text) > MOST_CHARACTERS or text.count("<") > MOST_TAGS):
        return None
    if has_framesets(text):
        return None
    tags = _TAGS.findall(text)
    depth = _depth(tags)
    return Scan(False, depth, "</html" in tags, True, ()) if depth is not None and depth <= MOST_DEPTH else None


def _depth(tags: list[str]) -> int | None:
    """How deep tags nest; None where they do not close what they open, each where the parser would."""
    waiting = [""]
    deepest = 1
    for tag in tags:
        if tag == waiting[-1] and tag:
            waiting.pop()
            continue
        rule = _RULES.get(tag)
        if rule is not None:
            if waiting[-1] not in rule[1] and not _makes_place(tag, rule[1], waiting):
                return None
            waiting.append(rule[0])
            if len(waiting) > deepest:
                deepest = len(waiting)
        elif tag and not _is_borne(tag, waiting):
            return None
    while waiting[-1] in _ITEMS:
        waiting.pop()
    return deepest if {"", "html", "body"}.issuperset(waiting) else None


def _makes_place(tag: str, under: frozenset[str], waiting: list[str]) -> bool:
    """Whether an element may stand where it comes, after what ends before it of itself."""
    if waiting[-1] == "</a":  # a link around blocks stands where they may
        return waiting[-2] in under
    if waiting[-1] == "</p" and tag in _CLOSES_P:
        waiting.pop()
    like = _LIKE.get(tag, frozenset())
    while waiting[-1] in like:
        waiting.pop()
    return waiting[-1] in under


def _is_borne(tag: str, waiting: list[str]) -> bool:
    """Whether a tag that opens nothing is one that the parser takes as it seems."""
    if tag in {"</html", "</body"}:
        return True
    if tag == "<hr":
        return waiting[-1] in _BLOCK_IN
    of_itself = _ENDS_OF_ITSELF.get(tag, frozenset())
    while waiting[-1] in of_itself and waiting[-1] != tag:
        waiting.pop()
    return waiting.pop() == tag


def look(text: str) -> Scan:
    """What the parser would meet in a text, and how it ends: by a glance where that is enough."""
    return glance(text) or scan(text)
