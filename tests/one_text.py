"""One text in all formats: by which normalisation their words are compared, and how a page is read for it."""

from __future__ import annotations

import unicodedata
from html.parser import HTMLParser

_WITHOUT_END = frozenset({"area", "br", "col", "embed", "hr", "img", "input", "link", "meta", "wbr"})


def words(text: str) -> str:
    """The letters and signs of a text: composed (NFC), and without any white space.

    Where a line breaks, and how wide a gap is, is each format's own affair; which words stand there is not.
    """
    return "".join(unicodedata.normalize("NFC", text).split())


class Shown(HTMLParser):
    """What a reader of HTML or XHTML sees: words, an image as its words, and each block of code to the letter.

    Without what we put there: the language above code, a warning of what hides in it, and why an image is not shown. An
    image without words is shown by its address or as "圖片", which are none of the author's.
    """

    def __init__(self, html: str, within: str | None = None, *, is_xml: bool = False) -> None:
        """`within`: reads the first element with this class or id alone."""
        super().__init__(convert_charrefs=True)
        self.said: list[str] = []
        self.code: list[str] = []
        self._within, self._is_xml = within, is_xml
        self._open: list[tuple[str, bool, bool]] = []  # tag, whether it is read, whether it is words of an image
        self._is_done = False
        self._opens_code = self._is_above_code = False
        self.feed(html)
        self.close()

    @property
    def words(self) -> str:
        """All of it, as `words` has it."""
        return words("".join(self.said))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        names = {given.get("id", ""), *given.get("class", "").split()}
        above = self._open[-1] if self._open else ("", self._within is None, False)
        is_read = above[1] or (not self._is_done and self._within in names)
        is_ours = (self._is_above_code and tag != "pre") or (tag == "small" and self._is_in_absent())
        self._is_above_code = tag != "pre" and (self._is_above_code or (tag in ("figure", "div") and "code" in names))
        if tag == "pre" and is_read:
            self.code.append("")
        self._opens_code = tag == "pre" and not self._is_xml
        if tag == "img" and is_read:
            self._say_image(given.get("alt", ""))
        if tag not in _WITHOUT_END:
            self._open.append((tag, is_read and not is_ours, "absent" in names))

    def _is_in_absent(self) -> bool:
        return any(absent for _, _, absent in self._open)

    def _say_image(self, alt: str) -> None:
        if not alt.startswith(("http://", "https://")) and alt not in ("image", "圖片"):
            self.said.append(alt)

    def handle_endtag(self, tag: str) -> None:
        if tag in _WITHOUT_END or not any(one[0] == tag for one in self._open):
            return
        while self._open:
            found, was_read, _ = self._open.pop()
            if was_read and not any(one[1] for one in self._open) and self._within is not None:
                self._is_done = True
            if found == tag:
                break

    def handle_data(self, data: str) -> None:
        if not (self._open and self._open[-1][1]) and self._within is not None:
            return
        if self._open and not self._open[-1][1]:
            return
        if self._opens_code:
            data = data.removeprefix("\n")
        self._opens_code = False
        if self._is_in_absent():
            self._say_image(data)
        else:
            self.said.append(data)
        if any(one[0] == "pre" for one in self._open):
            self.code[-1] += data
