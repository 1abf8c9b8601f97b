"""The HTML and XML of `templates/`, filled in. `§{name}` is a slot; values are put in as they are: escape before."""

from __future__ import annotations

import html
import string
from functools import cache
from importlib import resources


class _Template(string.Template):
    delimiter = "§"  # scripts are full of `$`


@cache
def _template(name: str) -> _Template:
    return _Template((resources.files("archiver.standin") / "templates" / name).read_text("utf-8"))


def fill(name: str, /, **values: object) -> str:
    """A template with every slot filled; raises KeyError for a slot without a value."""
    return _template(name).substitute(values)


def escape(text: str) -> str:
    """Text as Blade's `{{ }}` writes it: all five characters escaped, `'` as `&#039;`."""
    return html.escape(text).replace("&#x27;", "&#039;")
