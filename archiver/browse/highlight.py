"""Code with its words marked by class, so that a style sheet can colour it; the text stays the same to the letter."""

from __future__ import annotations

import time
from functools import lru_cache
from html import escape

from pygments.lexer import Lexer
from pygments.lexers import get_lexer_by_name
from pygments.token import STANDARD_TYPES, _TokenType
from pygments.util import ClassNotFound

_MAX_CHARACTERS = 20_000  # of one block; longer ones are logs and data, not code
_MAX_LINE = 1_000  # several lexers (pycon, console, ini) take quadratic time on one long line, at one go
_DEADLINE_S = 0.5  # a few lexers take quadratic time on text made for it


def highlighted(code: str, language: str | None) -> str:
    """HTML of the code: `<span class="k">` and the like; escaped and plain for no, or an unknown, language."""
    is_bearable = len(code) <= _MAX_CHARACTERS and max(map(len, code.split("\n"))) <= _MAX_LINE
    lexer = _lexer(language.lower()) if language and is_bearable else None
    marked = _marked(code, lexer) if lexer is not None else None
    return escape(code, quote=False) if marked is None else marked


@lru_cache(maxsize=64)
def _lexer(language: str) -> Lexer | None:
    try:
        return get_lexer_by_name(language, stripnl=False, ensurenl=False)
    except ClassNotFound:
        return None


def _marked(code: str, lexer: Lexer) -> str | None:
    """None where the lexer is too slow, or does not give back the text that it was given."""
    deadline = time.monotonic() + _DEADLINE_S
    pieces, said = [], []
    for token, text in lexer.get_tokens(code):
        name, words = _class(token), escape(text, quote=False)
        pieces.append(f'<span class="{name}">{words}</span>' if name else words)
        said.append(text)
        if time.monotonic() > deadline:
            return None
    return "".join(pieces) if "".join(said) == code else None


def _class(token: _TokenType) -> str:
    """Pygments' short name for a token or the nearest kind above it; '' for ordinary text."""
    kind: _TokenType | None = token
    while kind is not None and kind not in STANDARD_TYPES:
        kind = kind.parent
    return "" if kind is None else STANDARD_TYPES[kind]
