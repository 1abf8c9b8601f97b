"""A plain client for the tests of the stand-in: the standard library and the server's address."""

from __future__ import annotations

import gzip
import http.client
from collections.abc import Mapping
from dataclasses import dataclass
from html.parser import HTMLParser
from urllib.parse import urlsplit

from archiver.standin import LocalServer

SITE = "https://ithelp.ithome.com.tw"
BLOG = "https://xavierforge.dev"
CDN = "https://d1dwq032kyr03c.cloudfront.net"
AGENT = "Mozilla/5.0 (compatible; test)"

VOID = frozenset("area base br col embed hr img input link meta source track wbr".split())


@dataclass(frozen=True)
class Got:
    status: int
    headers: http.client.HTTPMessage
    raw: bytes

    @property
    def body(self) -> bytes:
        return gzip.decompress(self.raw) if self.headers["Content-Encoding"] == "gzip" else self.raw

    @property
    def text(self) -> str:
        return self.body.decode()


def connect(server: LocalServer) -> http.client.HTTPConnection:
    return http.client.HTTPConnection(urlsplit(server.url).netloc, timeout=10)


def send(
    connection: http.client.HTTPConnection, url: str, method: str = "GET", headers: Mapping[str, str] | None = None
) -> Got:
    parts = urlsplit(url)
    target = parts.path + (f"?{parts.query}" if parts.query else "")
    connection.request(method, target, headers={"Host": parts.netloc, "User-Agent": AGENT, **(headers or {})})
    with connection.getresponse() as response:
        return Got(response.status, response.msg, response.read())


def ask(server: LocalServer, url: str, method: str = "GET", **headers: str) -> Got:
    """One request on its own connection; `user_agent="x"` sets User-Agent."""
    connection = connect(server)
    try:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return send(connection, url if url.startswith("http") else SITE + url, method, named)
    finally:
        connection.close()


class Outline(HTMLParser):
    """Every element as its chain of `tag.class` from the root, and the text directly inside it."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self._open: list[tuple[str, str]] = []
        self.chains: list[str] = []
        self.texts: dict[str, list[str]] = {}
        self.comments: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        classes = (dict(attrs).get("class") or "").split()
        self._open.append((tag, ".".join([tag, *classes])))
        self.chains.append(" ".join(name for _, name in self._open))
        if tag in VOID:
            self._open.pop()

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self._open.pop()

    def handle_endtag(self, tag: str) -> None:
        if any(name == tag for name, _ in self._open):
            while self._open.pop()[0] != tag:
                pass

    def handle_data(self, data: str) -> None:
        if self._open and data.strip():
            self.texts.setdefault(self._open[-1][1], []).append(" ".join(data.split()))

    def handle_comment(self, data: str) -> None:
        self.comments.append(data)

    def text(self, name: str) -> str:
        """The first text of an element, by `tag.class`."""
        return self.texts[name][0]
