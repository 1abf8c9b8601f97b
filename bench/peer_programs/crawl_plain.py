"""A crawler as one writes it in an afternoon: httpx, selectolax, SQLite; one page after the other, no delay.

python crawl_plain.py ORIGIN FILE SERIES...      (SERIES: paths of the first pages of lists)
"""

from __future__ import annotations

import json
import sqlite3
import sys
from urllib.parse import urlsplit

import httpx
from selectolax.lexbor import LexborHTMLParser

SITE = "https://ithelp.ithome.com.tw"
ONCE = (".ir-article__title", ".ir-article-info__name", ".ir-article-info__time", ".markdown__style")


def path_of(url: str) -> str:
    """The path and query of a link of the site."""
    parts = urlsplit(url)
    return parts.path + (f"?{parts.query}" if parts.query else "")


def main(arguments: list[str]) -> int:
    """Follow lists to articles, and keep every page and what it says."""
    origin, file, *todo = arguments
    database = sqlite3.connect(file)
    database.execute("PRAGMA journal_mode = WAL")
    database.execute("CREATE TABLE pages (url TEXT PRIMARY KEY, body TEXT, title TEXT, author TEXT, said TEXT)")
    seen = set(todo)
    asked = 0
    with httpx.Client(base_url=origin, headers={"User-Agent": "Mozilla/5.0 (compatible; bench)"}) as client:
        while todo:
            path = todo.pop(0)
            answer = client.get(path)
            answer.raise_for_status()
            asked += 1
            title = author = said = None
            if not path.startswith("/rss"):
                tree = LexborHTMLParser(answer.text)
            if path.startswith("/articles/"):
                title, author, at, text = (node.text() if (node := tree.css_first(css)) else None for css in ONCE)
                tags = [node.text() for node in tree.css(".qa-header__tagList")]
                said = json.dumps([at, tags, text], ensure_ascii=False)
            elif not path.startswith("/rss"):
                links = [node.attributes["href"] or "" for node in tree.css(".qa-list__title-link, .pager a[href]")]
                links += [f"/rss/series/{path.rsplit('/', 1)[1]}"] if "?" not in path else []
                new = [path_of(link.strip()) for link in links if path_of(link.strip()) not in seen]
                seen.update(new)
                todo += dict.fromkeys(new)
            database.execute(
                "INSERT OR REPLACE INTO pages VALUES (?, ?, ?, ?, ?)",
                [SITE + path, answer.text, title, author, said],
            )
            database.commit()
    database.close()
    print(json.dumps({"pages": asked}))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
