"""Scrapy with a pipeline into SQLite, one request at a time.

python crawl_scrapy.py ORIGIN FILE DELAY_S SERIES...      (SERIES: paths of the first pages of lists)
"""

from __future__ import annotations

import json
import sqlite3
import sys
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import scrapy
from scrapy.crawler import CrawlerProcess

TITLE, AUTHOR, TIME = ".ir-article__title::text", ".ir-article-info__name::text", ".ir-article-info__time::text"


class Keep:
    """Writes each page when it comes."""

    database: sqlite3.Connection

    @classmethod
    def from_crawler(cls, crawler: Any) -> Keep:
        kept = cls()
        kept.file = crawler.settings["BENCH_FILE"]
        return kept

    file: str

    def open_spider(self) -> None:
        self.database = sqlite3.connect(self.file)
        self.database.execute("PRAGMA journal_mode = WAL")
        self.database.execute(
            "CREATE TABLE pages (url TEXT PRIMARY KEY, body TEXT, title TEXT, author TEXT, said TEXT)"
        )

    def close_spider(self) -> None:
        self.database.close()

    def process_item(self, item: dict[str, Any]) -> dict[str, Any]:
        said = json.dumps(item["said"], ensure_ascii=False) if item["said"] else None
        row = [item["url"], item["body"], item["title"], item["author"], said]
        self.database.execute("INSERT OR REPLACE INTO pages VALUES (?, ?, ?, ?, ?)", row)
        self.database.commit()
        return item


class Series(scrapy.Spider):  # type: ignore[misc,unused-ignore]
    """Follows lists to articles."""

    name = "series"

    async def start(self) -> Any:
        for path in self.paths:
            yield scrapy.Request(self.origin + path)

    paths: list[str]
    origin: str

    def parse(self, response: Any) -> Iterator[Any]:
        path = urlsplit(response.url).path
        item = {"url": response.url, "body": response.text, "title": None, "author": None, "said": None}
        if path.startswith("/articles/"):
            title, author, at = (response.css(css).get() for css in (TITLE, AUTHOR, TIME))
            tags = response.css(".qa-header__tagList::text").getall()
            text = "".join(response.css(".markdown__style ::text").getall())
            item |= {"title": title, "author": author, "said": [at, tags, text]}
        elif not path.startswith("/rss"):
            links = response.css(".qa-list__title-link::attr(href), .pager a::attr(href)").getall()
            if not urlsplit(response.url).query:
                links.append(f"/rss/series/{path.rsplit('/', 1)[1]}")
            for link in links:
                parts = urlsplit(link.strip())
                yield scrapy.Request(self.origin + parts.path + (f"?{parts.query}" if parts.query else ""))
        yield item


def main(arguments: list[str]) -> int:
    """Crawl; prints how many answers came."""
    origin, file, delay_s, *paths = arguments
    process = CrawlerProcess({
        "USER_AGENT": "Mozilla/5.0 (compatible; bench)", "ROBOTSTXT_OBEY": True, "CONCURRENT_REQUESTS": 1,
        "CONCURRENT_REQUESTS_PER_DOMAIN": 1, "DOWNLOAD_DELAY": float(delay_s), "RANDOMIZE_DOWNLOAD_DELAY": False,
        "LOG_LEVEL": "ERROR", "TELNETCONSOLE_ENABLED": False, "BENCH_FILE": file, "ITEM_PIPELINES": {Keep: 300},
        "COOKIES_ENABLED": False,
    })  # fmt: skip
    crawler = process.create_crawler(Series)
    process.crawl(crawler, origin=origin, paths=paths)
    process.start()
    print(json.dumps({"pages": crawler.stats.get_value("response_received_count", 0)}))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
