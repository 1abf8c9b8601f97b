"""A stored body as the reading page shows it: images from the archive, code highlighted, links led home.

nh3 gives well-formed HTML with all text escaped, which Python's own parser then reads in one pass; whatever goes out is
escaped anew (docs/design.md 'Reading').
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from html.parser import HTMLParser
from urllib.parse import urlsplit

import nh3

from archiver.browse.highlight import highlighted
from archiver.model.readings import CodeBlock
from archiver.pages import content
from archiver.text import line, safe

_WITHOUT_END = frozenset({"br", "hr", "img", "wbr", "col"})
_HEADING = re.compile("h[1-6]")
_LANGUAGE = re.compile(f"language-({content.LANGUAGE})")
_LEADS_SOMEWHERE = re.compile(r"https?://|mailto:|#", re.IGNORECASE)  # stored links are absolute, or inside the body
# What reorders the signs around it (UAX #9): code that reads otherwise than it runs (CVE-2021-42574).
_DIRECTION = re.compile("[\u202a-\u202e\u2066-\u2069]")
_MAX_TAGS = 20_000  # what can be cleaned and written within a second; a long article has some hundred
_MAX_COLOURED = 100_000  # characters of code on one page
_COST_OF_A_BLOCK = 200  # what beginning one takes, in characters
_FORMULA_HOST = "chart.googleapis.com"  # dead for years; the alternative text is the formula


@dataclass(frozen=True, slots=True)
class Image:
    """What the archive knows of an image: where we serve it from, or why not."""

    src: str | None
    said: str
    width: int | None = None
    height: int | None = None


@dataclass(frozen=True, slots=True)
class BodyWords:
    """What we say within a body."""

    image: str = "image"
    formula: str = "formula, image"
    not_held: str = "not held"
    told: str = "({kind} {state})"  # of an image that is not shown
    guessed: str = "guessed"  # of the language of code
    hidden: str = "Invisible direction marks stand in this code ({signs})."
    held: str = "held in this archive"  # of an article that a link leads to


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a body needs to know of the archive: URL → image, URL → our own page of it, code blocks in order."""

    images: Mapping[str, Image] = field(default_factory=dict)
    links: Mapping[str, str] = field(default_factory=dict)
    code: Sequence[CodeBlock] = ()
    words: BodyWords = BodyWords()


def tags_in(html: str) -> int:
    """How many tags the text holds at most: what its rendering costs."""
    return html.count("<")


def is_bearable(html: str, spent: int = 0) -> bool:
    """Whether a page that holds `spent` tags already can show this text as it was, too."""
    return spent + tags_in(html) <= _MAX_TAGS


def rendered(html: str, around: Surroundings) -> str:
    """HTML to be put in our page as it is. `html` may be anything."""
    writer = _Writer(around)
    writer.feed(_clean(html))
    writer.close()
    return writer.result()


def _clean(html: str) -> str:
    def keep(_tag: str, name: str, value: str) -> str | None:
        if name == "class":
            match = _LANGUAGE.fullmatch(value)
            return match[0] if match else None
        if name == "id":
            return value if value.startswith(content.ID_PREFIX) else None
        if name == "href":
            return value if _LEADS_SOMEWHERE.match(value) else None
        return value

    return nh3.clean(
        html, tags=content.TAGS, attributes=content.ATTRIBUTES, attribute_filter=keep, url_schemes=content.SCHEMES,
        link_rel="noopener noreferrer", strip_comments=True,
    )  # fmt: skip


class _Writer(HTMLParser):
    """Reads what nh3 gave, writes what we show."""

    def __init__(self, around: Surroundings) -> None:
        super().__init__(convert_charrefs=True)
        self._around = around
        self._out: list[str] = []
        self._pre: _Pre | None = None
        self._headings = _Headings()
        self._seen = 0
        self._coloured = 0

    def result(self) -> str:
        return "".join(self._out)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = {name: value or "" for name, value in attrs}
        if self._pre is not None:
            self._pre.enter(tag, attributes)
        elif tag == "pre":
            self._pre = _Pre(_language(attributes))
            return
        elif _HEADING.fullmatch(tag):
            tag = self._headings.begin(tag, len(self._out))
        elif tag == "img":
            self._headings.say()
        self._write(self._start(tag, attributes))

    def handle_endtag(self, tag: str) -> None:
        if self._pre is None:
            if _HEADING.fullmatch(tag):
                self._end_heading()
            elif tag not in _WITHOUT_END:
                self._write(f"</{tag}>")
        elif tag != "pre":
            self._write(f"</{tag}>" if tag not in _WITHOUT_END else "")
        elif self._pre.inner:
            self._pre.inner -= 1
            self._write("</pre>")
        else:
            pre, self._pre = self._pre, None
            self._coloured += _COST_OF_A_BLOCK + len(pre.text())
            known, coloured = self._known(pre.text()), self._coloured <= _MAX_COLOURED
            self._write(pre.html(known, self._around.words, coloured=coloured))
            self._seen += 1

    def updatepos(self, i: int, j: int) -> int:  # noqa: ARG002
        """Nobody asks in which line something stands, and counting lines takes a tenth of the time."""
        return j

    def handle_data(self, data: str) -> None:
        if self._pre is not None:
            self._pre.say(data)
        if not data.isspace():
            self._headings.say()
        self._write(escape(data, quote=False))

    def _end_heading(self) -> None:
        ended = self._headings.end()
        if ended is None:
            return
        tag, begins, is_one = ended
        if not is_one:
            self._out[begins] = self._out[begins].replace(f"<{tag}", "<div", 1)
        self._write(f"</{tag if is_one else 'div'}>")

    def _write(self, html: str) -> None:
        (self._out if self._pre is None else self._pre.pieces).append(html)

    def _known(self, text: str) -> CodeBlock | None:
        """What is held of this block, if it is this one: a block more or less must not colour all that follow."""
        block = self._around.code[self._seen] if self._seen < len(self._around.code) else None
        return block if block is not None and block.code.strip() == text.strip() else None

    def _start(self, tag: str, attributes: dict[str, str]) -> str:
        if tag == "img":
            return _image(attributes, self._around.images.get(attributes.get("src", "")), self._around.words)
        if tag == "a":
            attributes = self._led_home(attributes)
        return f"<{tag}{_attributes(attributes)}>"

    def _led_home(self, attributes: dict[str, str]) -> dict[str, str]:
        home = self._around.links.get(attributes.get("href", ""))
        return attributes if home is None else {"href": home, "class": "held", "title": self._around.words.held}


class _Headings:
    """The headings of a body below that of the page, each one below the one above it, so that none is left out.

    One without words is none: who walks through a page by its headings is not to stop where nothing is said.
    """

    def __init__(self) -> None:
        self._levels: list[int] = []  # of the headings above this place
        self._open: list[tuple[str, int, int]] = []  # as what it is written, where, and how much was said before
        self._said = 0

    def begin(self, tag: str, at: int) -> str:
        """As what a heading is written that begins at this place."""
        level = int(tag[1])
        while self._levels and self._levels[-1] >= level:
            self._levels.pop()
        self._levels.append(level)
        self._open.append((f"h{min(len(self._levels) + 1, 6)}", at, self._said))
        return self._open[-1][0]

    def say(self) -> None:
        self._said += 1

    def end(self) -> tuple[str, int, bool] | None:
        """As what the heading was written that ends here, where, and whether anything was said in it."""
        if not self._open:
            return None
        tag, at, said = self._open.pop()
        if said == self._said:
            self._levels.pop()
        return tag, at, said != self._said


class _Pre:
    """One `pre` while it is read. Only one that is nothing but code can be highlighted."""

    def __init__(self, language: str | None) -> None:
        self.pieces: list[str] = []
        self.inner = 0
        self._language = language
        self._said: list[str] = []
        self._is_code = True

    def enter(self, tag: str, attributes: dict[str, str]) -> None:
        self.inner += tag == "pre"
        if tag == "code":
            self._language = self._language or _language(attributes)
        else:
            self._is_code = False

    def say(self, data: str) -> None:
        self._said.append(data)

    def text(self) -> str:
        return "".join(self._said)

    def html(self, known: CodeBlock | None, words: BodyWords, *, coloured: bool) -> str:
        language = self._language or (known.language if known else None)
        text = self.text()
        inner = (
            f"<code>{highlighted(text, language if coloured else None)}</code>" if self._is_code else self._verbatim()
        )
        guessed = f" ({escape(words.guessed)})" if not self._language and known is not None and known.guessed else ""
        label = f"<figcaption>{escape(language)}{guessed}</figcaption>" if language else ""
        return f'<figure class="code">{label}{_warning(text, words)}<pre tabindex="0">{inner}</pre></figure>'

    def _verbatim(self) -> str:
        """A browser drops the line break that opens a `pre` (HTML Standard §13.2.6.4.7): one more where it counts."""
        inner = "".join(self.pieces)
        return f"\n{inner}" if inner.startswith("\n") else inner


def _language(attributes: Mapping[str, str]) -> str | None:
    match = _LANGUAGE.fullmatch(attributes.get("class", ""))
    return match[1] if match else None


def _warning(code: str, words: BodyWords) -> str:
    found = sorted({f"U+{ord(sign):04X}" for sign in _DIRECTION.findall(code)})
    if not found:
        return ""
    return f'<p class="warning">{escape(words.hidden.format(signs=", ".join(found)))}</p>'


def _attributes(attributes: Mapping[str, str]) -> str:
    return "".join(f' {name}="{escape(value)}"' for name, value in attributes.items())


def _image(attributes: Mapping[str, str], image: Image | None, words: BodyWords) -> str:
    """The image from our own route; else its words, its state and its address as text. Nothing asks its host."""
    url, alt = attributes.get("src", ""), line(attributes.get("alt", ""))
    if image is not None and image.src is not None:
        size = {"width": image.width, "height": image.height} if image.width and image.height else {}
        shown = {"src": image.src, "alt": alt, **{name: str(value) for name, value in size.items()}}
        return f'<img{_attributes(shown)} loading="lazy" decoding="async">'
    said = image.said if image is not None else words.not_held
    if alt.startswith(("http://", "https://")):  # the site's editor writes its address there, which is told anyway
        alt = ""
    is_formula = alt != "" and _host(url) == _FORMULA_HOST
    shown_as = f'<code class="formula">{escape(alt)}</code>' if is_formula else f"<b>{escape(alt or words.image)}</b>"
    kind = words.formula if is_formula else words.image
    told = f"<small>{escape(words.told.format(kind=kind, state=said))} <bdi>{escape(safe(url, 200))}</bdi></small>"
    return f'<span class="absent">{shown_as} {told}</span>'


def _host(url: str) -> str | None:
    try:
        return urlsplit(url).hostname
    except ValueError:
        return None
