"""Long Traditional Chinese articles of our own invention, as the HTML that the site's Markdown renderer serves.

Deterministic: everything comes from the `random.Random` that the caller seeds. The markup is that of docs/site.md §5.3.
"""

from __future__ import annotations

import html
import random
import re
import string
from urllib.parse import quote

from archiver.standin import phrases
from archiver.standin.snippets import SNIPPETS
from archiver.standin.wire import ITHOME

CRATES = ("lamb", "crab_core", "pipeline", "feature_hub", "quantize", "serving", "notebook", "drift")
CODE_START, CODE_END = "\ue000", "\ue001"  # private characters that no phrase holds
FORMULAS = (r"\frac{1}{n}\sum_{i=1}^{n}(y_i-\hat{y}_i)^2", r"P(A|B)=\frac{P(B|A)P(A)}{P(B)}", r"e^{i\pi}+1=0")


def escape(text: str) -> str:
    """Text as the site escapes it in bodies: `&`, `<`, `>` and `"`, but not `'`."""
    return html.escape(text, quote=False).replace('"', "&quot;")


def plain_sentence(rng: random.Random, template: str) -> str:
    """A template filled with words, as plain text."""
    return _fill(rng, template, rng.choice(phrases.INLINE_CODE))


def _fill(rng: random.Random, template: str, code: str) -> str:
    first, step = int(rng.random() * len(phrases.NOUNS)), 1 + int(rng.random() * 11)  # four different ones: 3·11 < 46
    a, b, c, d = (phrases.NOUNS[(first + k * step) % len(phrases.NOUNS)] for k in range(4))
    wants_code = " {c}" in template or CODE_START in template
    values = {"a": a, "b": b, "c": code if wants_code else c, "d": d, "n": str(2 + int(rng.random() * 179))}
    return template.format(**values)


def sentence(rng: random.Random) -> str:
    """A sentence as HTML, with inline code, emphasis and now and then a link."""
    template = rng.choice(phrases.SENTENCES)
    marked = template.replace(" {c}", f" {CODE_START}{{c}}{CODE_END}")
    text = escape(_fill(rng, marked, rng.choice(phrases.INLINE_CODE)))
    text = text.replace(CODE_START, "<code>").replace(CODE_END, "</code>")
    if rng.random() < 0.12:
        text = re.sub("「(.+?)」", r"<strong>「\1」</strong>", text, count=1)
    return text


def paragraph(rng: random.Random, least: int = 2, most: int = 6) -> str:
    """A paragraph of some sentences; soft line breaks are `<br>`."""
    sentences = [sentence(rng) for _ in range(rng.randint(least, most))]
    if rng.random() < 0.2:
        return "<p>" + "<br>\n".join(sentences) + "</p>\n"
    return "<p>" + "".join(sentences) + "</p>\n"


def heading(rng: random.Random) -> str:
    """An h2 or h3."""
    level = rng.choice((2, 2, 3))
    text = re.sub("`(.+?)`", r"<code>\1</code>", escape(plain_sentence(rng, rng.choice(phrases.HEADINGS))))
    return f"<h{level}>{text}</h{level}>\n"


def code(rng: random.Random, number: int | None = None) -> str:
    """One code block; the `number`th kind, or any."""
    language, text = SNIPPETS[(rng.randrange(len(SNIPPETS)) if number is None else number) % len(SNIPPETS)]
    name = rng.choice(CRATES)
    text = text.replace("NAMEState", name.title().replace("_", "") + "State").replace("NAME", name)
    text = text.replace("COUNT", str(rng.randint(3, 97))).replace("␠", " ")
    attribute = f' class="language-{language}"' if language else ""
    return f"<pre><code{attribute}>{escape(text)}</code></pre>\n"


def _item(rng: random.Random) -> str:
    text = escape(plain_sentence(rng, rng.choice(phrases.LIST_ITEMS)))
    if rng.random() < 0.3:
        return f"\n<code>{escape(rng.choice(phrases.INLINE_CODE))}</code>：{text}"
    return text


def simple_list(rng: random.Random, tag: str = "ul") -> str:
    """A tight list of three to six items."""
    items = "".join(f"<li>{_item(rng)}</li>\n" for _ in range(rng.randint(3, 6)))
    return f"<{tag}>\n{items}</{tag}>\n"


def _steps(rng: random.Random) -> str:
    return f"<ol>\n<li>{_item(rng)}</li>\n<li>{_item(rng)}</li>\n</ol>\n"


def nested_list(rng: random.Random) -> str:
    """A loose ordered list with several paragraphs, a bullet list and code inside its items."""
    items = (
        f"<li>\n<p>{_item(rng).strip()}</p>\n{paragraph(rng, 1, 2)}</li>\n",
        f"<li>\n<p>{_item(rng).strip()}</p>\n{simple_list(rng)}</li>\n",
        f"<li>\n<p>{_item(rng).strip()}</p>\n{code(rng)}<p>{sentence(rng)}</p>\n</li>\n",
        f"<li>\n<p>{_item(rng).strip()}</p>\n<ul>\n<li>{_item(rng)}\n{_steps(rng)}</li>\n</ul>\n</li>\n",
    )
    start = ' start="3"' if rng.random() < 0.2 else ""
    return f"<ol{start}>\n{''.join(items)}</ol>\n"


def table(rng: random.Random) -> str:
    """A GFM table with inline code, `|` and empty cells."""
    heads = rng.sample(phrases.TABLE_HEADS, rng.randint(2, 4))
    align = [rng.choice(("", "", ' align="right"', ' align="center"')) for _ in heads]

    def cell() -> str:
        kind = rng.random()
        if kind < 0.25:
            return f"<code>{escape(rng.choice(('a | b', 'x || y', 'Result<T, E>', 'ls | wc -l')))}</code>"
        if kind < 0.35:
            return ""
        return escape(rng.choice(("是", "否", "A | B", "12.5", "—", rng.choice(phrases.NOUNS))))

    def row(tag: str, cells: list[str]) -> str:
        inside = "".join(f"<{tag}{side}>{text}</{tag}>\n" for side, text in zip(align, cells, strict=True))
        return f"<tr>\n{inside}</tr>\n"

    rows = "".join(row("td", [cell() for _ in heads]) for _ in range(rng.randint(2, 7)))
    return f"<table>\n<thead>\n{row('th', heads)}</thead>\n<tbody>\n{rows}</tbody>\n</table>\n"


def quotation(rng: random.Random) -> str:
    """A blockquote, sometimes of two paragraphs or with a list."""
    text = escape(plain_sentence(rng, rng.choice(phrases.QUOTES)))
    more = rng.choice(("", paragraph(rng, 1, 1), simple_list(rng)))
    return f"<blockquote>\n<p>{text}</p>\n{more}</blockquote>\n"


def image(rng: random.Random, user_id: int, day: str) -> str:
    """An uploaded image, whose alt is its own URL unless the author wrote one (docs/site.md §5.3)."""
    name = "".join(rng.choices(string.ascii_letters + string.digits, k=10))
    url = f"https://{ITHOME}/upload/images/{day}/{user_id}{name}.{rng.choice(('png', 'png', 'jpg'))}"
    alt = url if rng.random() < 0.7 else escape(plain_sentence(rng, "{a}示意圖"))
    return f'<p><img src="{url}" alt="{alt}" /></p>\n'


def dead_image(rng: random.Random) -> str:
    """An image on a host that no longer answers: imgur, or a formula on Google's closed chart server."""
    if rng.random() < 0.5:
        name = "".join(rng.choices(string.ascii_letters, k=7))
        return f'<p><img src="https://i.imgur.com/{name}.png" alt="Imgur" /></p>\n'
    formula = rng.choice(FORMULAS)
    return f'<p><img src="https://chart.googleapis.com/chart?cht=tx&amp;chl={quote(formula)}" alt="" /></p>\n'


def links(rng: random.Random, others: tuple[int, ...]) -> str:
    """A list of links: to other parts in several spellings, to the outside, and relative ones kept verbatim."""
    shapes = (
        f"https://{ITHOME}/articles/{{}}",
        f"https://{ITHOME}/articles/{{}}?sc=iThelpR",
        f"https://{ITHOME}/m/articles/{{}}",
        f"http://{ITHOME}/articles/{{}}",
        f"https://{ITHOME}/articles/{{}}#reply",
    )
    inside = [(shape.format(rng.choice(others)), "前情提要") for shape in rng.sample(shapes, 3)] if others else []
    outside = [
        ("https://doc.rust-lang.org/book/ch04-01-what-is-ownership.html", "The Book"),
        ("https://zh.wikipedia.org/wiki/%E6%A9%9F%E5%99%A8%E5%AD%B8%E7%BF%92", "維基百科：機器學習"),
        ("https://www.example.com/search?q=a&amp;b=c&amp;page=2", "範例 & 參數"),
        ("./article.md", "相對連結"),
        ("#注意事項", "本文：注意事項"),
    ]
    chosen = inside + rng.sample(outside, 3)
    items = "".join(f'<li>\n<a href="{url}">{escape(text)}</a>：{sentence(rng)}</li>\n' for url, text in chosen)
    return f"<ul>\n{items}</ul>\n"


def footnotes(rng: random.Random) -> str:
    """What an unsupported footnote of Markdown becomes."""
    return f"<p>{sentence(rng)}[^1]</p>\n<p>[^1]: {sentence(rng)}</p>\n<hr />\n"


def body(
    rng: random.Random, *, user_id: int, day: str, sections: int, others: tuple[int, ...] = (), dead: bool = True
) -> str:
    """An article's body, 1.5 kB a section: `day` of its uploads, yyyymmdd; ids of `others` to link; `dead` pictures."""
    first = "".join(escape(plain_sentence(rng, text)) for text in rng.sample(phrases.OPENINGS, 2))
    blocks = [f"<p>{first}</p>\n", image(rng, user_id, day)]
    for number in range(sections):
        blocks += [heading(rng), paragraph(rng), code(rng, rng.randrange(len(SNIPPETS)) if number > 2 else number)]
        blocks += rng.choice(
            (
                [paragraph(rng), simple_list(rng)],
                [nested_list(rng)],
                [table(rng), paragraph(rng, 1, 2)],
                [quotation(rng), paragraph(rng)],
                [paragraph(rng, 1, 3), image(rng, user_id, day)],
                [simple_list(rng, "ol"), dead_image(rng) if dead else ""],
            )
        )
    blocks += [table(rng), nested_list(rng), footnotes(rng), links(rng, others)]
    return "".join(blocks) + " <br/>\n"


def comment(rng: random.Random, template: str) -> str:
    """A comment's body."""
    text = f"<p>{escape(plain_sentence(rng, template))}</p>\n"
    if rng.random() < 0.25:
        text += code(rng)
    if rng.random() < 0.2:
        text += f"<p>{sentence(rng)}<br>\n{sentence(rng)}</p>\n"
    return text
