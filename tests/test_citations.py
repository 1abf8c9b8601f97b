"""Whatever a comment or docstring gives as a reason can be looked up: in a page of a clone, or in a public standard.

A page of ours is cited as `docs/law.md §4.2`, or by the first words of its heading (`docs/design.md 'The rooms'`). A
bare `§2.1` is of the page or standard named last in the same comment, else of the one that the file names. Somebody
else's issue is `owner/name#123`.
"""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FOLDERS = ("archiver", "tests", "bench", "docs", "config")
STANDARD = (
    r"RFC ?[0-9]{3,5}(?:bis)?|HTML Standard|CommonMark|WHATWG MIME Sniffing|PNG, W3C|ITU T\.81|ISO [0-9]+(?:-[0-9]+)?"
    r"|APPNOTE|fileformat2|lang_[a-z]+\.html|WARC 1\.[01]|EPUB 3\.3|XML 1\.0|YAML 1\.2|CLREQ|WCAG 2\.2"
    r"|Web Archive Collection Zipped"
)
PAGE = r"(?<![\w./-])(?:docs/)?[\w.-]+\.md\b(?![\w/])"
NAMED = re.compile(
    rf"(?P<standard>{STANDARD})|(?P<page>{PAGE})(?: '(?P<heading>[^']+)')?|§(?P<section>[0-9A-Z][0-9.]*)"
)
# What may stand before a bare section: no word that could be the name of a page.
BEFORE = re.compile(r"(?:^|[^\w\s]|\b(?:and|to|of|or|in|by|what)|[^\w\s]? [0-9.]+)\s*$")
NOT_HERE = re.compile(r"\b(?:DESIGN|ANATOMY|HOSTILE|MODELS|TOOLS|HOUSE|BRIEF)\b|\bissues? #?[0-9]+")
EXAMPLES = {"article.md"}  # not a page: a link in an article


def remarks(path: Path) -> Iterator[tuple[int, str]]:
    """Line and words of every comment and docstring of a Python file, comments on lines in a row as one."""
    source = path.read_text("utf-8")
    block: list[str] = []
    last = 0
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            if token.start[0] != last + 1 and block:
                yield last, " ".join(block)
                block = []
            block.append(token.string.lstrip("# "))
            last = token.start[0]
    if block:
        yield last, " ".join(block)
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            yield node.lineno, re.sub(r"\s+", " ", node.value.value)


def said(path: Path) -> list[tuple[int, str]]:
    """The same of any file of ours: of SQL, settings and styles the lines with a comment in them."""
    if path.suffix == ".py":
        return list(remarks(path))
    lines = enumerate(path.read_text("utf-8").splitlines(), start=1)
    return [(number, line) for number, line in lines if re.search(r"--|#|/\*", line)]


@cache
def sections(page: str) -> tuple[frozenset[str], tuple[str, ...]]:
    """The numbers of a page's sections, and what its headings and bold beginnings of paragraphs say."""
    text = (ROOT / page).read_text("utf-8")
    numbers = frozenset(re.findall(r"^#+ ([0-9]+(?:\.[0-9]+)*)\.? ", text, re.MULTILINE))
    return numbers, tuple(re.findall(r"^(?:#+ |(?:- )?\*\*)([^*\n]+)", text, re.MULTILINE))


def unresolved(words: str, of_file: str | None = None) -> list[str]:
    """What a comment names that cannot be looked up. `of_file`: the page or standard that its file is about."""
    found = [match[0] for match in NOT_HERE.finditer(words)]
    about, end = of_file, 0
    for match in NAMED.finditer(words):
        between = words[end : match.start()]
        end = match.end()
        if match["standard"]:
            about = match["standard"]
        elif match["page"]:
            about = match["page"]
            if about in EXAMPLES:
                continue
            if not (ROOT / about).is_file():
                found.append(about)
            elif match["heading"] and not any(one.startswith(match["heading"]) for one in sections(about)[1]):
                found.append(match[0])
        elif about is None or not BEFORE.search(between):
            found.append(f"{between[-20:]}{match[0]}")
        elif about.endswith(".md") and match["section"].rstrip(".") not in sections(about)[0]:
            found.append(f"{about} {match[0]}")
    return found


def test_every_citation_leads_somewhere_that_a_clone_has() -> None:
    wrong = []
    for path in sorted(path for folder in FOLDERS for path in (ROOT / folder).rglob("*")):
        if path.suffix not in {".py", ".sql", ".toml", ".css", ".js"} or path == Path(__file__):
            continue
        whole = said(path)
        standards = re.findall(STANDARD, " ".join(words for _, words in whole))
        for line, words in whole:
            wrong += [
                f"{path.relative_to(ROOT)}:{line}: {one}" for one in unresolved(words, next(iter(standards), None))
            ]
    assert wrong == []


@pytest.mark.parametrize("page", ["docs/law.md", "docs/site.md", "docs/design.md", "docs/pages.md"])
def test_every_section_that_a_page_names_is_there(page: str) -> None:
    text = (ROOT / page).read_text("utf-8")
    linked = re.findall(r"\[([a-z]+\.md)\]\([a-z]+\.md\) §([0-9.]*[0-9])((?:,? (?:to |and )?§[0-9.]*[0-9])*)", text)
    others = [
        (f"docs/{name}", number) for name, first, more in linked for number in re.findall("[0-9.]*[0-9]", first + more)
    ]
    own = [(page, number) for number in re.findall(r"\(§([0-9.]*[0-9])[,)]", text)]

    assert [one for one in others + own if one[1] not in sections(one[0])[0]] == []


@pytest.mark.parametrize(
    "words",
    [
        "as PLAN §3 has it", "the plan of docs/plan.md", "(docs/law.md §99)", "(docs/law.md §5 and §5.9)",
        "docs/design.md 'Nothing of the kind'", "what ANATOMY says", "bars of issue 12", "§4 says so",
        "(docs/site.md §6.1; NOTES §2)",
    ],
)  # fmt: skip
def test_a_made_up_citation_is_found(words: str) -> None:
    assert unresolved(words)


@pytest.mark.parametrize(
    "words",
    [
        "(docs/law.md §5.1)", "(docs/site.md §5, §6 and §8)", "docs/design.md 'The rooms'", "RFC 9309 §2.3.1.2 f.",
        "(PNG, W3C, §5.3)", "(HTML Standard §13.2.6)", "(APPNOTE §4.3.16, §4.3.14)", "as pypa/pip#1 told",
        "(RFC 9309, the examples of §2.2.2)", "(CommonMark 0.31 §4.5, §6.1)", "README.md",
    ],
)  # fmt: skip
def test_a_citation_that_can_be_looked_up_passes(words: str) -> None:
    assert unresolved(words) == []
