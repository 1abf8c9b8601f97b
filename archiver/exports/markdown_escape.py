"""Words that Markdown, and each tool that reads it, gives back as the same words. Pure.

What acts is more than Markdown: Hugo finds `{{<` and Hexo `{{` before any Markdown is read, in code too; Obsidian has
links, tags, comments and formulae of its own; most make links of bare addresses and other quotes of straight ones.
"""

from __future__ import annotations

import re

from archiver.text import line

PARAMS = {"archiver_angle": "{{<", "archiver_percent": "{{%", "archiver_more": "<!--more-->"}
"""Words that Hugo takes out of code wherever they stand; a post has them in its front matter, whence they are shown."""

_ALWAYS = re.compile(r"[\\`*_\[\]<>&~|$^#{}@\"']|(?<=[.-])[.-]|[.-](?=[.-])|:(?=//)|(?<=www)\.|==|%%|!$", re.IGNORECASE)
_LINE_START = re.compile(r"([-+:=])|(\d{1,9})([.)])")
_TEMPLATE = re.compile(r"\{[{%#]")
_HUGO_TAKES = re.compile(r"\{\{<|\{\{%|<!--\s*more\s*-->", re.IGNORECASE)
_RUNS = re.compile("`+")
_OBSIDIAN_RUNS = re.compile(r"\$?=")  # inline code that a plugin of Obsidian evaluates
# Fences whose language is no language but an order: Obsidian's plugins run them, Hugo draws a picture of them.
_PLAIN_LANGUAGES = frozenset(
    "bash c c++ cpp cs csharp css dart diff dockerfile elixir erlang go graphql haskell html http ini java javascript"
    " js json jsx kotlin latex lua makefile markdown md nginx objectivec perl php plaintext powershell python py r ruby"
    " rust scala scss sh shell sql swift text toml ts tsx typescript vim vue xml yaml yml zig".split()
)


def prose(text: str, preset: str) -> str:
    """A piece of one line of a text, its words no markup."""
    braces = preset in ("hugo", "hexo")

    def escaped(match: re.Match[str]) -> str:
        found = match[0]
        if braces and found in "{}":
            return f"&#{ord(found)};"
        return "".join(f"\\{sign}" for sign in found)

    return _ALWAYS.sub(escaped, text)


def line_start(written: str) -> str:
    """A line whose beginning makes no list, heading or rule of it."""
    match = _LINE_START.match(written)
    if match is None:
        return written
    return f"\\{written}" if match[1] else f"{match[2]}\\{written[match.end(2) :]}"


def inline_code(text: str, preset: str, *, in_table: bool = False) -> str:
    """Code inside a line."""
    text = " ".join(text.split())
    if not text:
        return ""
    if (preset == "hexo" and _TEMPLATE.search(text)) or (preset == "obsidian" and _OBSIDIAN_RUNS.match(text)):
        return f"<code>{_as_html(text)}</code>"
    ticks = "`" * (max(map(len, _RUNS.findall(text)), default=0) + 1)
    padding = " " if text[0] == "`" or text[-1] == "`" else ""
    if in_table:
        text = text.replace("|", r"\|")
    return f"{ticks}{padding}{hugo_code(text) if preset == 'hugo' else text}{padding}{ticks}"


def block(code: str, language: str | None, preset: str) -> list[str]:
    """The lines of a block of code, to the letter."""
    code = code.removesuffix("\n")
    language = language or ""
    if preset == "hexo" and _TEMPLATE.search(code):
        return f"<pre><code>{_as_html(code)}\n</code></pre>".split("\n")
    if preset in ("hugo", "obsidian") and language.lower() not in _PLAIN_LANGUAGES:
        language = ""
    if preset == "hugo":
        shown = hugo_code(code)
        language = "" if "{{< param " in shown else language  # what colours code would cut the place of the word
        code = shown
    fence = "`" * max(3, max(map(len, _RUNS.findall(code)), default=0) + 1)
    return [f"{fence}{language}", *(code.split("\n") if code else ()), fence]


def hugo_code(code: str) -> str:
    """Code about Hugo as Hugo gives it back: `{{</* … */>}}` for `{{< … >}}`, and the word itself for half of one."""
    written, at = [], 0
    while (match := _HUGO_TAKES.search(code, at)) is not None:
        written.append(code[at : match.start()])
        sign = ">" if match[0][-1] == "<" else "%"
        end = code.find(f"{sign}}}}}", match.end()) if match[0].startswith("{{") else -1
        if end > match.end() and "\n" not in code[match.start() : end]:
            inside = code[match.end() : end]
            written.append(f"{match[0]}/*{inside}*/{sign}}}}}")
            at = end + 3
        else:
            name = next((key for key, word in PARAMS.items() if word == match[0]), None)
            written.append(f'{{{{< param "{name}" >}}}}' if name else match[0])
            at = match.end()
    return "".join([*written, code[at:]])


def destination(url: str) -> str:
    """An address as the target of a link: no sign of it ends that, or is a template."""
    return (
        "<" + re.sub(r"[\x00-\x20<>\\{}|`\"]", lambda match: f"%{ord(match[0]):02X}", url).replace("&", "&amp;") + ">"
    )


def words(text: str, preset: str) -> str:
    """One line of our own or of a title, escaped whole."""
    return line_start(prose(line(text), preset))


def _as_html(text: str) -> str:
    """Text inside of HTML in Markdown: no empty line ends it, and nothing of it is a template."""
    return re.sub(r"[&<>\"'{}]", lambda match: f"&#{ord(match[0])};", text)
