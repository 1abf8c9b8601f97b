"""A body in the forms that we keep: nothing that acts is left, nothing that was said is lost."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from urllib.parse import unquote, urlsplit

import pytest
from depths import depth
from hypothesis import given, settings
from hypothesis import strategies as st
from page_fixtures import ALONE, markup, read_as
from selectolax.lexbor import LexborHTMLParser
from xss_payloads import CLASSES, PAYLOADS

from archiver.model.readings import ArticlePage, Body, CodeBlock, ImageReference, OutgoingLink
from archiver.pages.body import latex_source, make_from_html, sanitise

BASE = "https://ithelp.ithome.com.tw/articles/10390100"
TAGS = set(
    "a abbr acronym b bdi bdo blockquote br caption center cite code col colgroup dd del details dfn div dl dt em"
    " figcaption figure h1 h2 h3 h4 h5 h6 hgroup hr i img ins kbd li mark ol p pre q rp rt rtc ruby s samp small span"
    " strike strong sub summary sup table tbody td tfoot th thead time tr tt u ul var wbr".split()
)
ATTRIBUTES = set(
    "href title src alt width height class id lang colspan rowspan align scope start value open rel".split()
)


class Inspector(HTMLParser):
    """Every tag and attribute of a text, as an independent reader sees them."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.faults: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in TAGS:
            self.faults.append(f"<{tag}>")
        for name, value in attrs:
            shown = value or ""
            if name not in ATTRIBUTES:
                self.faults.append(f"{tag} {name}")
            if name == "class" and not re.fullmatch(r"language-[\w+#.-]+", shown):
                self.faults.append(f"class {shown}")
            if name == "id" and not shown.startswith("user-content-"):
                self.faults.append(f"id {shown}")
            if name == "src" and urlsplit(shown).scheme not in {"http", "https"}:
                self.faults.append(f"src {shown}")
            if (
                name == "href"
                and not shown.startswith("#")
                and urlsplit(shown).scheme not in {"http", "https", "mailto"}
            ):
                self.faults.append(f"href {shown}")

    def handle_comment(self, data: str) -> None:
        self.faults.append(f"<!--{data}-->")

    def handle_decl(self, decl: str) -> None:
        self.faults.append(f"<!{decl}>")

    def handle_pi(self, data: str) -> None:
        self.faults.append(f"<?{data}>")

    def unknown_decl(self, data: str) -> None:
        self.faults.append(f"<![{data}]>")


def faults_of_html(html: str) -> list[str]:
    """What could act in sanitised HTML; by this parser, and by one that builds the tree as browsers do."""
    inspector = Inspector()
    inspector.feed(html)
    inspector.close()
    tree = LexborHTMLParser(f"<!DOCTYPE html><body>{html}</body>")
    assert tree.body is not None
    tags = {node.tag for node in tree.body.traverse(include_text=False)} - {"body"}
    return inspector.faults + sorted(f"tree {tag}" for tag in tags - TAGS)


def without_code(markdown: str) -> str:
    """Markdown without what is code to its reader (CommonMark 0.31 §4.5, §6.1) and without escaped characters."""
    kept: list[str] = []
    fence = ""
    for line in markdown.split("\n"):
        mark = re.match(r"[\s>]*(?:[-*]\s+|\d+\.\s+)*(`{3,}|~{3,})(.*)", line)
        if fence and mark and mark[1].startswith(fence) and not mark[2].strip():
            fence = ""
        elif not fence and mark and not (mark[1][0] == "`" and "`" in mark[2]):
            fence = mark[1]
            kept.append(mark[2])
        elif not fence:
            kept.append(line)
    escaped_gone = re.sub(r"\\[!-/:-@\[-`{-~]", "x", "\n".join(kept))
    return re.sub(r"(?<!`)(`+)(?!`)(?:(?!\n\n)[\s\S])*?(?<!`)\1(?!`)", "x", escaped_gone)


def faults_of_markdown(markdown: str) -> list[str]:
    """Raw HTML (§6.6) and links that do not lead to the web, by rule."""
    prose = without_code(markdown)
    harmless = re.compile(
        r"<(?:https?://|mailto:)[^<>\s]*>|<br>"
    )  # a cell of a table can break its line in no other way
    tags = [tag for tag in re.findall(r"<[A-Za-z/!?][^>\n]*>?", prose) if not harmless.fullmatch(tag)]
    inline = re.findall(r"\]\(\s*<?\s*([^)\s>]*)", prose)
    defined = re.findall(r"^\s{0,3}\[[^\]]+\]:\s*<?(\S*)", prose, re.MULTILINE)
    bad = [target for target in inline + defined if not re.match(r"(?:https?://|mailto:|#|$)", target, re.IGNORECASE)]
    return tags + bad


def body_of_page(html: str) -> Body:
    """The body of a whole page that holds this."""
    whole = markup(ALONE).replace("<p>桌上有一台舊電腦，這個系列想把它救回來。</p>", html)
    page = read_as(ALONE, whole.encode("utf-8", "replace")).page
    assert isinstance(page, ArticlePage)
    assert page.body is not None
    return page.body


def test_the_corpus_is_large_and_has_no_doubles() -> None:
    assert len(PAYLOADS) >= 200
    assert len({payload for _, payload in PAYLOADS}) == len(PAYLOADS)
    assert set(CLASSES) == set("handlers elements addresses svg mathml mutation css templates markdown".split())


@pytest.mark.parametrize("html", ["<b onclick=1>", "<script>", "<a href=javascript:1>x", "<!-- x -->", "<p style=x>"])
def test_the_inspector_of_html_sees_what_it_should(html: str) -> None:
    assert faults_of_html(html)


@pytest.mark.parametrize("markdown", ["a <b>x", "[x](data:1)", "[y]: data:x", "```\nx\n```\n<i>", "`x` <u>", "\\`<p>`"])
def test_the_inspector_of_markdown_sees_what_it_should(markdown: str) -> None:
    assert faults_of_markdown(markdown)


@pytest.mark.parametrize(
    "markdown",
    ["\\<b>", "`<b>`", "```\n<b>\n```", "[x](https://a.example/)", "a < b", "``` ` <b> ```", "<https://a.example/>"],
)
def test_the_inspector_of_markdown_lets_pass_what_is_inert(markdown: str) -> None:
    assert not faults_of_markdown(markdown)


@pytest.mark.parametrize(("name", "payload"), PAYLOADS)
def test_nothing_that_acts_is_left(name: str, payload: str) -> None:
    for body in (
        make_from_html(f"<p>before</p>\n{payload}\n<p>after</p>", BASE),
        make_from_html(f"<p>before {payload} after</p>", BASE),
        make_from_html(f"<ul><li>{payload}</li></ul><table><tr><td>{payload}</td></tr></table>", BASE),
        body_of_page(f"<p>before</p>{payload}"),
    ):
        assert faults_of_html(body.html) == []
        assert faults_of_markdown(body.markdown) == []
        assert all(urlsplit(link.url).scheme in {"http", "https", "mailto"} for link in body.links)
        assert all(urlsplit(image.url).scheme in {"http", "https", "data"} for image in body.images)
        assert faults_of_html(sanitise(body.html, BASE)) == []


_SHREDS = ["<table>", "<pre>", "</", "<p>", "`", "```\n", "\n\n", "[x](", "|", "<td>"]
_PIECES = st.sampled_from([payload for _, payload in PAYLOADS] + _SHREDS)


@settings(max_examples=depth(60, 3_000), deadline=None)
@given(st.lists(_PIECES | st.text(max_size=8), min_size=2, max_size=5).map("".join))
def test_nothing_that_acts_is_left_of_any_mixture(html: str) -> None:
    body = make_from_html(html, BASE)
    assert faults_of_html(body.html) == []
    assert faults_of_markdown(body.markdown) == []


# ─── fidelity ───────────────────────────────────────────────────────────────────────────────────

CODES = [
    "x = 1\n",
    "\tif a:\n\t\tpass   \n",
    "    four spaces first\n\n\n\nthree empty lines above\n",
    "```\nfenced\n```\n",
    "~~~~\n````\n",
    "a < b && c > d\n",
    "&lt; is not <\n",
    "\\n \\t \\\\ _x_ *y* [z](w) | # 1. -\n",
    "全形　空白，與 emoji 🦀\n",
    "no newline at the end",
    "<script>alert(1)</script>\n",
    "trailing space \n \n",
    "\n\nstarts with empty lines\n",
    '$ echo "it\'s" | tee -a log >> out\n',
]


def escape(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def pre(code: str) -> str:
    """A block of code; where it begins with a line break, with the one more that HTML drops."""
    if code.startswith("\n"):
        return f"<pre>\n{escape(code)}</pre>"
    return f'<pre><code class="language-text">{escape(code)}</code></pre>'


AROUND = ["{}", "<ul><li>x{}</li></ul>", "<blockquote>{}</blockquote>", "<table><tr><td>{}</td></tr></table>"]


@pytest.mark.parametrize("code", CODES)
@pytest.mark.parametrize("around", AROUND)
def test_code_is_kept_to_the_letter(code: str, around: str) -> None:
    body = make_from_html(f"<p>前</p>{around.format(pre(code))}<p>後</p>", BASE)
    assert [block.code for block in body.code_blocks] == [code]
    tree = LexborHTMLParser(f"<!DOCTYPE html><body>{body.html}</body>")
    assert [node.text(deep=True) for node in tree.css("pre")] == [code]
    assert code.removesuffix("\n") in body.text


def fenced(markdown: str) -> list[str]:
    """The fenced code of a Markdown text without containers (CommonMark 0.31 §4.5)."""
    return [match[2] for match in re.finditer(r"^(`{3,}|~{3,})[^\n]*\n([\s\S]*?)^\1[`~]*[ ]*$", markdown, re.MULTILINE)]


@pytest.mark.parametrize("code", CODES)
def test_code_is_kept_to_the_letter_in_markdown(code: str) -> None:
    body = make_from_html(f"<p>前</p>{pre(code)}<p>後</p>", BASE)
    assert [found.strip("\n") for found in fenced(body.markdown)] == [code.strip("\n")]


@given(st.text(alphabet="ab <>&`~\t\n\\_*[]()|#-。字\u3000\"'", min_size=1, max_size=40))
def test_any_code_is_kept_to_the_letter(code: str) -> None:
    body = make_from_html(f"<p>x</p><pre><code>{escape(code)}</code></pre>", BASE)
    assert [block.code for block in body.code_blocks] == [code]


@pytest.mark.parametrize("code", CODES)
def test_code_of_a_page_is_kept_to_the_letter(code: str) -> None:
    assert [block.code for block in body_of_page(pre(code)).code_blocks] == [code]


def test_line_breaks_of_windows_are_one_as_html_has_it() -> None:
    page = markup(ALONE).replace("桌上有", "</p><pre><code>a\n\tb\n</code></pre><p>桌上有")
    unix, windows = read_as(ALONE, page), read_as(ALONE, page.replace("\n", "\r\n"))
    assert isinstance(unix.page, ArticlePage)
    assert isinstance(windows.page, ArticlePage)
    assert unix.page.body == windows.page.body
    assert unix.page.body is not None
    assert unix.page.body.code_blocks == (CodeBlock("a\n\tb\n"),)
    assert unix.content_sha256 == windows.content_sha256


@pytest.mark.parametrize(
    ("html", "language"),
    [
        ('<pre><code class="language-rust">x</code></pre>', "rust"),
        ('<pre><code class="hljs language-c++ x">x</code></pre>', "c++"),
        ('<pre class="lang-py"><code>x</code></pre>', "py"),
        ('<pre class="language-c#">x</pre>', "c#"),
        ("<pre><code>x</code></pre>", None),
        ('<pre><code class="language-">x</code></pre>', None),
        ('<pre><code class="language-&lt;script&gt;">x</code></pre>', None),
    ],
)
def test_the_language_of_code_is_the_declared_one(html: str, language: str | None) -> None:
    assert make_from_html(html, BASE).code_blocks == (CodeBlock("x", language),)


RICH = """<h2>標題一</h2><p>段落 <strong>粗</strong> <em>斜</em> <del>刪</del> <code>行內 `碼`</code><br>第二行</p>
<ul><li>一</li><li>二<ul><li>二之一</li></ul></li></ul>
<ol start="3"><li>三</li><li><p>四</p><pre><code>四的碼
</code></pre></li></ol>
<blockquote><p>引言</p><blockquote><p>更深</p></blockquote></blockquote>
<table><thead><tr><th>甲</th><th>乙</th></tr></thead>
<tbody><tr><td>a|b</td><td>x<br>y</td></tr><tr><td></td><td>空</td></tr></tbody></table>
<p><a href="https://a.example/路徑?q=1&amp;r=2#f">連結</a> <a href="/questions/1">站內</a></p>
<p><a href="mailto:a@b.example">信</a> <a href="https://b.example/">
<img src="https://c.example/圖 片.png" alt="圖說"></a> <img src="//d.example/e.gif"></p>
<h3>標題二</h3><hr><dl><dt>詞</dt><dd>義</dd></dl>
<details><summary>摘要</summary><p>細節</p></details>
<p>H<sub>2</sub>O 與 x<sup>2</sup>；1 &lt; 2 &amp; 3 &gt; 2</p>"""


@pytest.fixture(name="rich", scope="module")
def _rich() -> Body:
    return make_from_html(RICH, BASE)


@pytest.mark.parametrize(
    "tag",
    "h2 h3 strong em del code br ul ol li pre blockquote table th td a img hr dl details sub sup".split(),
)
def test_every_element_survives_in_html(rich: Body, tag: str) -> None:
    assert len(re.findall(rf"<{tag}[\s>]", rich.html)) == len(re.findall(rf"<{tag}[\s>]", RICH))


_WORDS = "標題一 粗 斜 刪 行內 第二行 二之一 四的碼 引言 更深 甲 a|b 空 連結 站內 信 圖說 標題二 詞 義 摘要 細節"


@pytest.mark.parametrize("word", [*_WORDS.split(), "1 < 2 & 3 > 2"])
def test_every_word_survives_in_text(rich: Body, word: str) -> None:
    assert word in rich.text


_FORMS = """## 標題一
**粗**
*斜*
~~刪~~
`` 行內 `碼` ``
- 一
- 二之一
3. 三
四的碼
> 引言
> > 更深
| 甲
a\\|b
[連結](https://a.example/%E8%B7%AF%E5%BE%91?q=1&r=2#f)
[站內](https://ithelp.ithome.com.tw/questions/1)
mailto:a@b.example
![圖說](https://c.example/%E5%9C%96%20%E7%89%87.png)
https://d.example/e.gif
### 標題二
詞
義
摘要
細節"""


@pytest.mark.parametrize("form", _FORMS.split("\n"))
def test_every_form_survives_in_markdown(rich: Body, form: str) -> None:
    assert form in rich.markdown


def test_text_keeps_blocks_apart() -> None:
    html = (
        "<p>一</p><p>二<br>三</p><ul><li>四</li><li>五</li></ul>"
        "<table><tr><td>六</td><td>七</td></tr><tr><td>八</td></tr></table>九<h2>十</h2>"
    )
    assert make_from_html(html, BASE).text == "一\n\n二\n三\n\n四\n五\n\n六\t七\n八\n\n九\n\n十"


def test_links_and_images_are_listed_in_order_and_absolute(rich: Body) -> None:
    assert rich.links == (
        OutgoingLink("https://a.example/%E8%B7%AF%E5%BE%91?q=1&r=2#f", "連結"),
        OutgoingLink("https://ithelp.ithome.com.tw/questions/1", "站內"),
        OutgoingLink("mailto:a@b.example", "信"),
        OutgoingLink("https://b.example/", "圖說"),
    )
    assert rich.images == (
        ImageReference("https://c.example/%E5%9C%96%20%E7%89%87.png", "圖說"),
        ImageReference("https://d.example/e.gif", ""),
    )


def test_an_image_that_carries_its_bytes_is_recorded_and_not_kept() -> None:
    body = make_from_html('<p><img src="data:image/png;base64,AAAA" alt="點"></p>', BASE)
    assert "data:" not in body.html + body.markdown
    assert [(image.url.startswith("data:image/png"), image.alt) for image in body.images] == [(True, "點")]


def test_a_link_inside_the_body_still_leads_there() -> None:
    body = make_from_html('<h2 id="節">x</h2><a href="#節">y</a>', BASE)
    (target,) = re.findall(r'id="([^"]*)"', body.html)
    (link,) = re.findall(r'href="#([^"]*)"', body.html)
    assert unquote(link) == target
    assert body.links == ()


def test_the_words_of_an_image_are_words_though_they_look_like_markup() -> None:
    body = make_from_html('<p>前<img src="https://a.example/x.png" alt="&lt;b&gt;粗 &amp;amp; &lt;/p&gt;">後</p>', BASE)
    assert body.text == "前<b>粗 &amp; </p>後"


@pytest.mark.parametrize(
    ("alt", "shown"),
    [("", r"\frac{a}{b}"), ("https://chart.googleapis.com/chart?x", r"\frac{a}{b}"), ("分數", "分數")],
)
def test_a_formula_keeps_its_source(alt: str, shown: str) -> None:
    url = "https://chart.googleapis.com/chart?cht=tx&amp;chl=%5Cfrac%7Ba%7D%7Bb%7D"
    body = make_from_html(f'<p><img src="{url}" alt="{alt}"></p>', BASE)
    assert [image.alt for image in body.images] == [shown]
    assert shown in body.text
    assert shown.strip("\\") in body.html
    assert "frac" in body.markdown or shown in body.markdown


@pytest.mark.parametrize(
    ("url", "formula"),
    [
        ("https://chart.googleapis.com/chart?cht=tx&chl=x%5E2", "x^2"),
        ("http://chart.googleapis.com/chart?chl=x%2By&cht=tx:nf", "x+y"),
        ("https://chart.googleapis.com/chart?cht=p3&chl=x", None),
        ("https://chart.googleapis.com/chart?cht=tx", None),
        ("https://evil.example/chart?cht=tx&chl=x", None),
        ("https://chart.googleapis.com/chart?" + "&".join(["cht=tx"] * 99), None),
        ("http://[::1", None),
    ],
)
def test_only_the_drawing_host_draws_formulas(url: str, formula: str | None) -> None:
    assert latex_source(url) == formula


@given(st.text(max_size=200))
@settings(deadline=None)
def test_plain_words_survive_in_every_form(words: str) -> None:
    body = make_from_html(f"<p>{escape(words)}</p>", BASE)
    for part in re.findall(r"[0-9A-Za-z\u4e00-\u9fff]+", words):
        assert part in body.text
        assert part in body.markdown
        assert part in body.html
    for form in (body.html, body.markdown, body.text):
        assert not re.search(r"[\x00\ud800-\udfff]", form)
