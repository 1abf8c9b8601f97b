"""`export markdown`: posts whose words are those of the archive, in whichever tool reads them."""

from __future__ import annotations

import csv
import io
import os
import re
import shutil
import subprocess
from datetime import datetime, timedelta
from html.parser import HTMLParser
from pathlib import Path

import pytest
import yaml
from demonstrations import Played
from depths import deeper, depth
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from one_text import words
from runs import config_for, terse_site
from xss_payloads import PAYLOADS

import archiver
from archiver.errors import UsageError
from archiver.exports import markdown_escape
from archiver.exports.book import opened_books
from archiver.exports.formats import PRESETS, ExportOptions
from archiver.exports.markdown import make
from archiver.exports.markdown_body import Around, written
from archiver.model.readings import Body
from archiver.pages.body import make_from_html
from archiver.pages.words import plain_text
from archiver.standin import StandIn

MISSING = 10321315
BASE = "https://ithelp.ithome.com.tw/articles/10390100"
HOSTILE = "a: \"b\" 'c' # d\n---\n{{< x >}} \x1b[31m\u202egnp\u200b \u2028=1+1 <script>alert(1)</script> 🦀 - [x"


class Shown(HTMLParser):
    """The words and code of what a tool made, its images as their words; no tag that acts."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.said: list[str] = []
        self.code: list[str] = []
        self.live: list[str] = []
        self._in_code = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        if tag in ("script", "iframe", "object", "svg", "style", "form", "video") or any(
            name.startswith("on") or (value or "").lower().startswith(("javascript:", "data:")) for name, value in attrs
        ):
            self.live.append(tag)
        if tag == "img" and not (values.get("alt") or "").startswith(("http://", "https://")):
            self.said.append(values.get("alt") or "")
        if tag == "pre":
            self._in_code = True
            self.code.append("")

    def handle_endtag(self, tag: str) -> None:
        self._in_code = self._in_code and tag != "pre"

    def handle_data(self, data: str) -> None:
        self.said.append(data)
        if self._in_code:
            self.code[-1] += data


def shown(markdown: str, preset: str = "plain") -> Shown:
    reader = MarkdownIt("commonmark", {"html": preset in ("hexo", "obsidian")}).enable(["table", "strikethrough"])
    found = Shown()
    if preset == "hugo":  # what it does before any Markdown is read
        for name, word in markdown_escape.PARAMS.items():
            markdown = markdown.replace(f'{{{{< param "{name}" >}}}}', word)
        markdown = re.sub(r"(\{\{[<%])/\*(.*?)\*/([%>]\}\})", r"\1\2\3", markdown)
    if preset == "hexo":
        assert not re.search(r"\{[{%#]", re.sub(r"(?ms)^ *(> *)*```.*?```$", "", markdown)), "a template"
    found.feed(reader.render(markdown))
    found.close()
    return found


def body_as(html: str, preset: str = "plain") -> str:
    return written(html, Around(preset, lambda _: "1.png", lambda _: None, "not held"))


def held_words(body: Body) -> str:
    return words(body.text)


def assert_same(body: Body, preset: str) -> None:
    found = shown(body_as(body.html, preset), preset)
    assert words("".join(found.said)) == held_words(body)
    for one in body.code_blocks:
        if one.code.strip():
            assert one.code.removesuffix("\n") + "\n" in found.code
    assert found.live == []


@pytest.fixture(scope="module", params=[deeper("plain_demo"), "rotten_demo"])
def demo(request: pytest.FixtureRequest) -> Path:
    """The rotten one in every run: it has all the parts of the other, and copies of some."""
    played: Played = request.getfixturevalue(request.param)
    return played.archive


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("markdown")
    with StandIn(terse_site(4)) as standin:
        standin.faults.not_found(MISSING)
        standin.faults.edit(10319293, title=HOSTILE)
        archiver.fetch(archiver.load_config(config_for(standin, folder)), folder / "archive.db")
    return folder / "archive.db"


def exported(path: Path, preset: str) -> dict[str, bytes]:
    with opened_books(path) as books:
        return {one.name: b"".join(one.pieces) for one in make(books, ExportOptions(preset=preset))}


def head(post: bytes) -> dict[str, object]:
    found = yaml.safe_load(post.decode().split("\n---\n")[0].removeprefix("---\n"))
    assert isinstance(found, dict)
    return found


# ─── one text ───────────────────────────────────────────────────────────────────────────────────


@pytest.fixture(scope="module")
def bodies(demo: Path) -> list[Body]:
    """Every text of the demonstration, and the last full one where it was emptied."""
    with opened_books(demo) as books:
        chapters = [one for book in books.books for one in book.chapters()]
        return [body for one in chapters for body in (one.body, one.last_full) if body is not None]


@pytest.mark.parametrize("preset", PRESETS)
def test_the_words_and_code_of_every_post_are_those_of_the_archive(bodies: list[Body], preset: str) -> None:
    assert len(bodies) >= 30
    for body in bodies:
        assert_same(body, preset)


@pytest.mark.parametrize("preset", PRESETS)
def test_hostile_markup_says_the_same_words_and_nothing_of_it_is_live(preset: str) -> None:
    for _, payload in PAYLOADS:
        html = make_from_html(payload, BASE).html
        for one in (make_from_html(payload, BASE), make_from_html(f"<p>{payload}", BASE)):
            assert_same(one, preset)
        assert shown(body_as(html, preset), preset).live == []


CONFIG = """baseURL = "https://a.example/"
[markup.highlight]
codeFences = false # what colours code adds spaces to it
"""

TEMPLATES = """<p>Hugo 的 {{&lt; figure src="a" &gt;}} 與 {{% note %}}，Hexo 的 {% raw %}{{ post.title }}{% endraw %}，
[[連結]]
#標籤 %%註解%% ==標== $x_1$ &lt;script&gt;alert(1)&lt;/script&gt;
"直" 'q' -- ... https://a.example/b_c www.a.example a@b.example</p>
<p>半個 <code>{{&lt;</code> 與 <code>{{ x }}</code> 與 <code>{% endraw %}</code> 與
<code>= this.x</code> <code>a|b</code> <code>`x`</code></p>
<pre><code class="language-go">{{&lt; figure src="a" &gt;}}
{{&lt;/* shown */&gt;}}
{{% half
&lt;!--more--&gt;
{{ end }} {% endraw %}
```
	tab  \n\nend</code></pre>
<pre><code class="language-dataviewjs">alert(1)</code></pre>
<ul><li>a<ol start="9"><li>b<pre><code>  x\n\n   \n\ty\n</code></pre></li><li>c</li></ol></li></ul>
<blockquote><pre>q\n\n&gt; z</pre><p>1. a<br>- b<br># c</p></blockquote>
<table><tr><th>a|b</th><th><code>c|d</code></th></tr><tr><td><b>「粗」</b>字</td><td>e<br>f</td></tr></table>
<table><tr><td><pre>g</pre></td><td>h</td></tr></table>
<p>前<strong>「引」。</strong>後<b>a</b><b>b</b><em>x<strong>y</strong></em><code>a</code><code>b</code><s>z</s>！<a href="https://a.example/(b)?c=1&amp;copy=2">l</a></p>"""


@pytest.mark.parametrize("preset", PRESETS)
def test_a_part_about_templates_is_given_back_as_it_was_written(preset: str) -> None:
    assert_same(make_from_html(TEMPLATES, BASE), preset)


@settings(max_examples=depth(25, 1_200), deadline=None)
@given(st.text("{}<>%/*`~!#[]()|\\&;$^=+-_.:\"' 1a中。\n\t", max_size=40), st.sampled_from(PRESETS))
def test_any_words_come_back_as_they_were(text: str, preset: str) -> None:
    inside = text.replace("&", "&amp;").replace("<", "&lt;")
    for html in (f"<p>{inside}</p>", f"<p>a<b>{inside}</b>c</p>", f"<ul><li>{inside}</li></ul>"):
        assert words("".join(shown(body_as(html, preset), preset).said)) == words(plain_text(html))


# ─── posts ──────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("preset", PRESETS)
def test_a_hostile_title_is_one_harmless_word_of_the_head(archive: Path, preset: str) -> None:
    files = exported(archive, preset)
    (post,) = (text for name, text in files.items() if "10319293" in name and name.endswith(".md"))
    told = head(post)

    assert told["title"] == ("a: \"b\" 'c' # d --- {{< x >}} [31mgnp =1+1 <script>alert(1)</script> 🦀 - [x")
    date = told["created" if preset == "obsidian" else "pubDate" if preset == "astro" else "date"]
    assert isinstance(date, datetime)
    assert date.utcoffset() == timedelta(hours=8)
    assert re.fullmatch("[0-9a-f]{64}", str(told["archive_sha256"]))
    assert "<script>" not in shown(post.decode().split("\n---\n", 1)[1], preset).live


@pytest.mark.parametrize("preset", PRESETS)
def test_a_missing_part_is_a_post_that_says_so(archive: Path, preset: str) -> None:
    files = exported(archive, preset)
    (post,) = (text for name, text in files.items() if str(MISSING) in name)

    assert head(post)["archive_missing"] is True
    assert "本篇沒有存檔" in post.decode().split("\n---\n", 1)[1]


def test_where_each_part_went_is_a_table_without_formulas(archive: Path) -> None:
    files = exported(archive, "hugo")
    rows = list(csv.DictReader(io.StringIO(files["redirects.csv"].decode())))

    assert rows[0]["new_path"] == "/posts/ironman-5943/01-10319216/"
    assert not any(cell[:1] in "=+-@" for row in rows for cell in row.values())
    assert files["static/_redirects"].decode().split("\n")[0] == (
        "/articles/10319216 /posts/ironman-5943/01-10319216/ 301"
    )


@pytest.mark.parametrize("preset", PRESETS)
def test_the_same_archive_gives_the_same_bytes(archive: Path, preset: str) -> None:
    assert exported(archive, preset) == exported(archive, preset)


@pytest.mark.parametrize("preset", PRESETS)
def test_every_image_stands_beside_its_post(demo: Path, preset: str) -> None:
    files = exported(demo, preset)

    for name, text in files.items():
        for image in re.findall(r"!\[[^\]\n]*\]\(([^)]+)\)", text.decode()) if name.endswith(".md") else ():
            folder = (
                name.rpartition("/")[0] if preset != "hexo" else name.replace("_posts", "posts").removesuffix(".md")
            )
            assert f"{folder}/{image.removeprefix('./')}" in files
    assert ("src/content.config.ts" in files) == (preset == "astro")


def test_a_preset_that_is_none_is_refused_with_those_that_are(archive: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="plain, hugo, astro, hexo, obsidian"):
        archiver.export(archive, "markdown", out=tmp_path / "x", options=ExportOptions(preset="jekyll"))


ASTRO = Path(os.environ.get("NODE_PATH", "")) / ".bin/astro"
ROUTE = """---
import { getCollection, render } from 'astro:content';
export async function getStaticPaths() {
  return (await getCollection('posts')).map((post) => ({ params: { id: post.id }, props: { post } }));
}
const { Content } = await render(Astro.props.post);
---
<main><Content /></main>
"""


@pytest.mark.long
@pytest.mark.skipif(not ASTRO.is_file(), reason="no npm package astro in NODE_PATH")
def test_astro_builds_every_post_without_a_warning(demo: Path, tmp_path: Path) -> None:
    """Every run reads the words, the code, the head and the images of what is written for it, and has Hugo build."""
    for name, text in exported(demo, "astro").items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(text)
    (tmp_path / "src/pages/posts").mkdir(parents=True)
    (tmp_path / "src/pages/posts/[...id].astro").write_text(ROUTE, "utf-8")
    (tmp_path / "package.json").write_text('{"type": "module"}', "utf-8")
    (tmp_path / "astro.config.mjs").write_text("export default { cacheDir: './cache' };", "utf-8")
    (tmp_path / "node_modules").symlink_to(ASTRO.parents[1])
    env = os.environ | {"ASTRO_TELEMETRY_DISABLED": "1", "NO_COLOR": "1"}

    made = subprocess.run([ASTRO, "build"], cwd=tmp_path, env=env, capture_output=True, text=True, check=False)

    assert (made.returncode, re.findall(".*(?:WARN|ERROR).*", made.stdout + made.stderr)) == (0, []), made.stderr
    pages = {path.parent.name for path in (tmp_path / "dist/posts").glob("**/index.html")}
    with opened_books(demo) as books:
        assert pages == {entry.slug for _, entry in books.parts()}
    assert len(pages) == 30


@pytest.mark.skipif(shutil.which("hugo") is None, reason="hugo is not installed")
def test_hugo_builds_every_post_without_a_warning(demo: Path, tmp_path: Path) -> None:
    for name, text in exported(demo, "hugo").items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(text)
    layouts = tmp_path / "layouts/_default"
    layouts.mkdir(parents=True)
    (layouts / "single.html").write_text("<main>{{ .Content }}</main>", "utf-8")
    (layouts / "list.html").write_text("{{ range .Pages }}{{ .Title }}{{ end }}", "utf-8")
    (tmp_path / "config.toml").write_text(CONFIG, "utf-8")
    post = "---\ntitle: x\narchiver_angle: '{{<'\narchiver_percent: '{{%'\narchiver_more: '<!--more-->'\n---\n"
    templates = make_from_html(TEMPLATES, BASE)
    (tmp_path / "content/posts/templates.md").write_text(post + body_as(templates.html, "hugo"), "utf-8")

    made = subprocess.run(["hugo"], cwd=tmp_path, capture_output=True, text=True, check=False)

    assert (made.returncode, re.findall("WARN.*|ERROR.*", made.stdout + made.stderr)) == (0, [])
    pages = {path.parent.name: path.read_text("utf-8") for path in (tmp_path / "public/posts").glob("**/index.html")}
    with opened_books(demo) as books:
        for chapter in (one for book in books.books for one in book.chapters()):
            found = Shown()
            found.feed(pages[chapter.entry.slug])
            if chapter.body is not None:
                assert [one.code.removesuffix("\n") for one in chapter.body.code_blocks if one.code.strip()] == [
                    one.removesuffix("\n") for one in found.code
                ][: len(chapter.body.code_blocks)]
    found = Shown()
    found.feed(pages["templates"])
    assert words("".join(found.said)) == held_words(templates)
