"""The quick look before the scan: it proves ordinary pages harmless, and never says so of one that is not."""

from __future__ import annotations

from pathlib import Path

import pytest
from depths import depth
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from page_fixtures import NAMES, markup

from archiver.pages.glance import FEW_BYTES, MOST_BYTES, MOST_TAGS, glance, look
from archiver.pages.scan import MAX_TAGS, scan

REAL = Path(__file__).parents[2] / "shared/ithome/pages"
WHOLE = [name for name in NAMES if "cut" not in name and not name.startswith(("image/", "robots/"))]


def agrees(text: str) -> bool:
    """Whether a glance is enough for a text; when it is, the scan sees the same."""
    found = glance(text.encode())
    if found is None:
        return False
    seen = scan(text)
    assert not seen.too_heavy
    assert (found.ended, found.whole, found.open_at_end) == (seen.ended, seen.whole, seen.open_at_end)
    assert 2 * found.depth >= seen.depth - 4
    return True


# ─── what is enough ─────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("name", [name for name in WHOLE if "<rss" not in markup(name)[:1_000]])
def test_a_glance_is_enough_for_ordinary_pages(name: str) -> None:
    assert agrees(markup(name))


@pytest.mark.skipif(not REAL.is_dir(), reason="the real pages are not on this machine")
@pytest.mark.parametrize(
    "name",
    ["article-10403456-2026-08-19", "series-9066-2026-08-05", "series-7187-2024-10-10", "series-4586-2021-09-05"],
)
def test_a_glance_is_enough_for_the_real_pages(name: str) -> None:
    assert agrees((REAL / f"{name}.html").read_text("utf-8"))


@pytest.mark.parametrize(
    "text",
    [
        "", "words", "a < b", "<p>a<p>b", "<ul><li>a<li>b</ul>", "<table><tr><td>a<td>b<tr><th>c</table>",
        "<dl><dt>a<dd>b<dd>c</dl>", "<a href=x><div>y</div></a>", "<p><b>x<i>y</i></b></p>", "<div>x<hr>y</div>",
        "<!DOCTYPE html><html><head><title>a<b</title></head><body>x</body></html>\n<!-- served -->",
        '<a title="a > b" class=\'c\'>x</a>', "<svg><path d='M0'/></svg>", "<script>if (a<b) '</div>'</script>",
        "<p>x<div>y</div>", "<a :href=\"x\" @click='y'\n  v-if>z</a>", "<pre><code>a &lt; b\n</code></pre>",
    ],
)  # fmt: skip
def test_a_glance_is_enough_for_plain_markup(text: str) -> None:
    assert agrees(text)


# ─── what is not ────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "text",
    [
        "<div>", "</div>", "<b><p>x</b></p>", "<p><b>x</p></b>", "<a><a>x</a></a><a><b><div></b></div></a>",
        "<b><div>x</div></b>",
        "<table><div>x</div></table>", "<tr><td>x</td></tr>", "<select><option>x</select>", "<DIV>x</DIV>",
        "<x-y></x-y>",
        '<div title="x>y</div>', '<div a ="x">y</div>', '<div ="x>">y</div>', '<div a==">">y</div>', "<div/a/b/c",
        "<body></body><body></body>", "<p", "<!-- x", "<script>x", "<script>x</SCRIPT>y</script>", "<textarea>x",
        "<svg><g><path/></g></svg>", "<svg><path></svg>", "<?php ?>", "</ x>", "<noscript><p>x</noscript>",
        "<frameset></frameset>", "<!-- <frameset> -->", "<p>x<span><hr></span>",
        "<form><button><button></button></button></form>",
    ],
)  # fmt: skip
def test_what_is_not_plain_is_left_to_the_scan(text: str) -> None:
    assert glance(text.encode()) is None
    assert look(text) == scan(text)


@pytest.mark.parametrize(
    "text",
    [
        "<br>" * (FEW_BYTES // 4 + 1), "x" * (MOST_BYTES + 1), "<div>" * 600 + "</div>" * 600,
        f"<p {'a ' * 31}>x</p>", f"<p {'a=b ' * 16}>x</p>", "<br>" * (MAX_TAGS + 1),
    ],
)  # fmt: skip
def test_what_is_much_is_left_to_the_scan(text: str) -> None:
    assert glance(text.encode()) is None


@pytest.mark.parametrize(
    "unit",
    ["<!--", "<script>", "<script", "<a b='", '<a b="', "<svg><path/>", "<a>", "</", "<p a=", "<style></styl",
    "<!", "<a/"],
)  # fmt: skip
def test_a_glance_never_takes_long(unit: str) -> None:
    """Whatever ends nowhere is looked for once, or this would run for hours."""
    assert glance((unit * (FEW_BYTES // len(unit))).encode()) is None


# ─── never harmless what is too heavy ───────────────────────────────────────────────────────────

_PLAIN = (
    "div span p b i a ul li ol dl dd dt h1 h2 blockquote table tbody tr td th form button pre code details label"
    " template"
    " noscript main center strong font nobr select option svg g math object caption body html head x-y rt ruby"
).split()
_ATTRIBUTES = st.sampled_from(
    [
        "",
        "",
        "",
        "",
        ' a="x > y"',
        " b=c",
        " d",
        " e=\"1\"f='2'",
        " /",
        " a=='b'",
        ' x="',
        ' ="y"',
        " " + "a " * 29,
        ' k="v"' * 15,
    ]
)
_LEAVES = st.sampled_from(
    [
        "x", "中文", " ", "<br>", "<img src=x>", "<hr>", "<a>x</a>", "<b>x</b>", "<i class=y>x</i>",
        "<!-- <div> -->", "<!---->",
        "<!-->", "<script>'</div>'</script>", "<style>a>b</style>", "<textarea><p></textarea>",
        "<svg><path/></svg>", "a < b",
        "<p>", "</p>", "<li>", "<td>", "</b>", "<iframe></iframe>", "<title>x</title>", "<input>", "<!doctype html>",
    ]
)  # fmt: skip
_ROOMS = st.sampled_from(
    [(name,) for name in _PLAIN]
    + 3
    * [
        ("ul", "li"),
        ("ol", "li"),
        ("table", "tr", "td"),
        ("table", "tbody", "tr", "th"),
        ("dl", "dd"),
        ("p", "b"),
        ("a", "div"),
    ]
)


def _element(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    def written(names: tuple[str, ...], attributes: str, held: list[str], *, closed: bool) -> str:
        ends = "".join(f"</{name}>" for name in reversed(names)) if closed else ""
        return "".join(f"<{name}{attributes}>" for name in names) + "".join(held) + ends

    closed = st.sampled_from([True] * 9 + [False])
    return st.builds(written, _ROOMS, _ATTRIBUTES, st.lists(inner, max_size=3), closed=closed)


_SOUPS = st.recursive(_LEAVES, _element, max_leaves=12)


@settings(max_examples=depth(30, 3_000), deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(_SOUPS)
@example("<noscript><p></noscript>")
@example("<li><b><ul><li>x</li></ul></b></li>")
@example("<p><a><div>x</div></a></p>")
@example("<a><b><a>x</a>y</b></a>")
@example("<ul><li><a><ul><li>x</ul></a></ul>")
def test_nothing_is_harmless_at_a_glance_that_the_scan_finds_too_heavy(unit: str) -> None:
    """Alone, in a document, and as often as a glance lets it come: what a round leaves behind would add up."""
    if agrees(unit):
        agrees(unit * min(MOST_TAGS // max(unit.count("<"), 1), MOST_BYTES // max(len(unit.encode()), 1)))
    agrees(f"<!DOCTYPE html><html><head><title>x</title></head><body>{unit}</body></html>\n")
