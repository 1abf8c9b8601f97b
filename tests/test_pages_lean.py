"""What a saved page carries in itself is taken out before it is parsed, and nothing that it says changes."""

from __future__ import annotations

import base64
import hashlib

import pytest
from depths import depth
from hypothesis import example, given, settings
from hypothesis import strategies as st
from selectolax.lexbor import LexborHTMLParser

from archiver.pages import embedded
from archiver.pages.lean import lean
from archiver.standin.images import png

PNG = base64.b64encode(png("a") + bytes(900)).decode()
PICTURE = f"data:image/png;base64,{PNG}"
NAME = f"data:image/png,sha256-{hashlib.sha256(png('a') + bytes(900)).hexdigest()}"
CARRIED = (  # each of more than a thousand letters
    PICTURE,
    PICTURE.replace("/", "%2F").replace("+", "%2b"),
    "data:image/svg+xml," + "%3Csvg%3E" * 200,
    "data:font/woff2;base64," + "A" * 1_200,
    "data:image/png;base64," + "!" * 1_200,
    "data:," + "x" * 1_200,
    "data:image/gif;base64," + "%20" * 500,
    "data:text/html;charset=utf-8;base64," + "QUJD" * 400,
)
FRAMES = (  # what a carried picture can stand in
    '<img src="{}">', "<img src='{}'>", "<img src={}>", "<img src={} alt=x>", '<img alt="a > b" src="{}">',
    '<img src = "{}" style="background:url({})">', '<IMG SRC="{}"/>', '<img src="{} ">', '<img src=" {}">',
    '<img src="x{}">', '<img src="{}&amp;">', '<a href="{}">x</a>', '<p title="{}">x</p>', "<p>{}</p>",
    '<pre><code>&lt;img src="{}"&gt;</code></pre>', '<pre>"{}"</pre>', '<!-- <img src="{}"> --><p>x',
    '<style>:root{--sf-img-1: url("{}")} @font-face{src:url({})}</style><p>x', '<script>let a = "{}"</script><p>x',
    '<title><img src="{}"></title>', '<iframe srcdoc="<img src=&quot;{}&quot;>"></iframe>', "<style>{}",
    '<p style="background:url(\'{}\')">x</p>', '<img srcset="{} 2x, {} 3x">', "<img src='{}", '<img src="{}',
    "<p a='\">{}</p>", "<!doctype html><p>{}", "<?x {}?>", '</p src="{}">', '<img src="{}" src="{}">', "<!--{}",
    "<!-->{}<p>", "< img src={}>", '<svg><image xlink:href="{}"/></svg>', '<textarea><img src="{}"></textarea>x',
)  # fmt: skip


def seen(html: bytes) -> tuple[list[tuple[str, dict[str, str]]], str]:
    """Every element with its addresses by their names, and all text but that of style sheets and scripts."""
    tree = LexborHTMLParser(html.decode())
    elements = []
    for node in tree.css("*"):
        plain = {
            name: embedded.name(value.strip()) if value.strip().startswith("data:") else value
            for name, value in ((name, value or "") for name, value in node.attributes.items())
            if name not in {"style", "srcset", "srcdoc"}
        }
        elements.append((node.tag or "", plain))
    for node in tree.css("style, script"):
        node.decompose()
    return elements, tree.root.text(deep=True) if tree.root else ""


@settings(deadline=None, max_examples=depth(60, 3_000))
@given(st.lists(st.tuples(st.sampled_from(FRAMES), st.sampled_from(CARRIED)), min_size=1, max_size=4))
@example([(frame, PICTURE) for frame in FRAMES])
def test_a_page_says_the_same_without_what_it_carries(parts: list[tuple[str, str]]) -> None:
    html = "".join(frame.replace("{}", what) for frame, what in parts).encode()

    assert seen(lean(html).body) == seen(html)
    assert lean(lean(html).body).body == lean(html).body


@pytest.mark.parametrize("frame", FRAMES[:4])
def test_a_long_picture_is_replaced_by_its_name_and_gives_its_bytes(frame: str) -> None:
    page = lean(frame.replace("{}", PICTURE).encode())

    assert page.body.decode() == frame.replace("{}", NAME)
    assert page.content(NAME) == png("a") + bytes(900)
    assert page.content("data:image/gif;base64,R0lGODlh") == b"GIF89a", "a short one stays where it is"


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-be", "utf-16-le"])
def test_a_page_in_utf_16_is_made_lean_too(encoding: str) -> None:
    mark = {"utf-16-be": b"\xfe\xff", "utf-16-le": b"\xff\xfe"}.get(encoding, b"")
    html = f'<p>漢字😀</p><img src="{PICTURE}">'
    page = lean(mark + html.encode(encoding))

    assert page.body.decode("utf-16") == html.replace(PICTURE, NAME)
    assert page.content(NAME) == png("a") + bytes(900)
    assert lean(mark + b"\x00\xd8" * 5_000).body == mark + b"\x00\xd8" * 5_000, "half a letter"


@settings(deadline=None)
@given(st.binary(max_size=300))
def test_any_bytes_are_made_lean(noise: bytes) -> None:
    for body in (noise, noise + b'<img src="' + PICTURE.encode() + b'">' + noise):
        assert lean(body).whole is not None
        assert len(lean(body).body) <= len(body)
