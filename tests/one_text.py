"""One text in all formats: by which normalisation the words of two of them are compared."""

from __future__ import annotations

import unicodedata


def words(text: str) -> str:
    """The letters and signs of a text: composed (NFC), and without any white space.

    Where a line breaks, and how wide a gap is, is each format's own affair; which words stand there is not.
    """
    return "".join(unicodedata.normalize("NFC", text).split())
