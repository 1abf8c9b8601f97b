"""Datasette with reading pages before it: an ASGI front of ours, and no plug-in (docs/design.md 'Reading').

It answers a handful of paths and hands everything else on. `?_row=1` shows Datasette's own page of a row.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any
from urllib.parse import parse_qs

from datasette.app import Datasette  # type: ignore[import-untyped]

from archiver.archive import shape
from archiver.archive.stored import ReadPage
from archiver.browse import images, overview, reading, render, sheets

AsgiScope = dict[str, Any]
Send = Callable[[dict[str, Any]], Awaitable[None]]
App = Callable[[AsgiScope, Any, Send], Awaitable[None]]

# A name that leads here by DNS rebinding is another's; a browser would let that other read our answers.
_OWN_HOST = re.compile(r"(?:127\.0\.0\.1|localhost)(?::[0-9]{1,5})?", re.IGNORECASE)
_ALWAYS = {
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
# Our pages need no script at all, and styles from us alone.
_READING_POLICY = (
    "default-src 'none'; script-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)
_IMAGE_POLICY = "default-src 'none'; sandbox; frame-ancestors 'none'"
# Bodies were sanitised before they were stored and Datasette escapes them; should a plug-in of the user's show them
# as HTML all the same, the browser still asks nobody but us. Datasette's own scripts stand inline.
_DATASETTE_POLICY = (
    "default-src 'self' 'unsafe-inline'; img-src 'self' data:; object-src 'none'; base-uri 'none'; "
    "form-action 'self'; frame-ancestors 'none'"
)
_STYLES = re.compile(r"/-/archiver/(reading|code)\.css")
_IMAGES = re.compile(r"/-/archiver/image/([0-9]{1,18})")
_ROWS = re.compile(r"/(articles|series)/([0-9]{1,18})")


@dataclass(frozen=True, slots=True)
class Served:
    """One answer of ours."""

    body: bytes
    media_type: str
    policy: str = _READING_POLICY
    status: int = 200
    etag: str | None = None
    inline: bool = False


class Reader(Datasette):  # type: ignore[misc]
    """Datasette on one archive; `read` makes bodies of captures, `notice` stands at the top of every page."""

    def __init__(self, *given: Any, read: ReadPage, notice: str = "", **settings: Any) -> None:
        super().__init__(*given, template_dir=str(files("archiver.browse") / "templates/datasette"), **settings)
        self.read, self.notice = read, notice
        self.jinja_env.globals["notice"] = notice

    def app(self) -> App:
        """Datasette's application behind our front."""
        return _front(self, super().app())

    def _prepare_connection(self, connection: sqlite3.Connection, database: str) -> None:
        """Every connection to the archive, so that nothing of the file's own is evaluated (`archive.shape`)."""
        super()._prepare_connection(connection, database)
        if database == self.get_database().name:
            shape.guard(connection)
            shape.own_views(connection)


def _front(datasette: Reader, behind: App) -> App:
    async def app(scope: AsgiScope, receive: Any, send: Send) -> None:
        if scope["type"] != "http":
            await behind(scope, receive, send)
        elif not _is_for_us(scope):
            words = "This server answers to 127.0.0.1 and localhost only.\n"
            await _say(_plain(words, 421), scope, send)  # RFC 9110 §15.5.20
        else:
            answer = await _answer(datasette, scope) if scope["method"] in {"GET", "HEAD"} else None
            if answer is None:
                await behind(scope, receive, _guarded(_sheet(scope, send) or send))
            else:
                await _say(answer, scope, send)

    return app


def _is_for_us(scope: AsgiScope) -> bool:
    hosts = [value.decode("latin-1") for name, value in scope["headers"] if name == b"host"]
    return len(hosts) == 1 and _OWN_HOST.fullmatch(hosts[0]) is not None


def _plain(words: str, status: int) -> Served:
    return Served(words.encode(), "text/plain; charset=utf-8", status=status)


def _guarded(send: Send) -> Send:
    """Datasette's answer with our headers, which win over its own of the same name."""
    added = {**_ALWAYS, "Content-Security-Policy": _DATASETTE_POLICY}

    async def guarded(message: dict[str, Any]) -> None:
        if message["type"] == "http.response.start":
            ours = {name.lower().encode(): value.encode() for name, value in added.items()}
            theirs = [(name, value) for name, value in message["headers"] if name.lower() not in ours]
            message = {**message, "headers": [*theirs, *ours.items()]}
        await send(message)

    return guarded


def _sheet(scope: AsgiScope, send: Send) -> Send | None:
    """For a CSV: the way out through `sheets.Sheet`."""
    asked_for = parse_qs(scope["query_string"].decode("latin-1")).get("_format", [])
    if not (scope["path"].endswith(".csv") or "csv" in asked_for):
        return None
    sheet = sheets.Sheet()

    async def as_sheet(message: dict[str, Any]) -> None:
        if message["type"] == "http.response.start":
            kept = [(name, value) for name, value in message["headers"] if name.lower() != b"content-length"]
            message = {**message, "headers": kept}
        elif message["type"] == "http.response.body":
            whole = sheet.put(message.get("body", b""), last=not message.get("more_body", False))
            message = {**message, "body": whole}
        await send(message)

    return as_sheet


async def _say(answer: Served, scope: AsgiScope, send: Send) -> None:
    asked = [value.decode("latin-1") for name, value in scope["headers"] if name == b"if-none-match"]
    same = answer.etag is not None and answer.etag in asked
    body = b"" if same or scope["method"] == "HEAD" else answer.body
    headers = {
        **_ALWAYS,
        "Content-Security-Policy": answer.policy,
        "Content-Type": answer.media_type,
        # another archive may be served at this address tomorrow: ask every time
        "Cache-Control": "private, no-cache",
        **({"ETag": answer.etag} if answer.etag else {}),
        **({"Content-Disposition": "inline"} if answer.inline else {}),
        **({} if same else {"Content-Length": str(len(answer.body))}),
    }
    raw = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": 304 if same else answer.status, "headers": raw})
    await send({"type": "http.response.body", "body": body})


async def _answer(datasette: Reader, scope: AsgiScope) -> Served | None:
    """Our answer, None for what is Datasette's business."""
    path = scope["path"]
    if style := _STYLES.fullmatch(path):
        return _style(style[1])
    database = datasette.get_database()
    if image := _IMAGES.fullmatch(path):
        number = int(image[1])
        return await database.execute_fn(lambda connection: _image(connection, number))  # type: ignore[no-any-return]
    if "_row" in parse_qs(scope["query_string"].decode("latin-1")):
        return None
    places = render.Places(datasette.urls.database(database.name), datasette.notice)
    return await database.execute_fn(lambda connection: _page(connection, path, datasette.read, places))  # type: ignore[no-any-return]


@cache
def _style(name: str) -> Served:
    return Served((files("archiver.browse") / "static" / f"{name}.css").read_bytes(), "text/css; charset=utf-8")


def _image(connection: sqlite3.Connection, capture_id: int) -> Served:
    picture = images.picture(connection, capture_id)
    if picture is None:
        return _plain("No raster image is held under this number.\n", 404)
    return Served(picture.body, picture.media_type, _IMAGE_POLICY, etag=f'"{picture.sha256}"', inline=True)


def _page(connection: sqlite3.Connection, path: str, read: ReadPage, places: render.Places) -> Served | None:
    """A reading page; None where there is none, and for an archive whose version lacks what it would show."""
    try:
        html = _html(connection, path, read, places)
    except sqlite3.OperationalError as error:
        if "no such" not in str(error):
            raise
        return None
    return Served(html.encode(), "text/html; charset=utf-8") if html is not None else None


def _html(connection: sqlite3.Connection, path: str, read: ReadPage, places: render.Places) -> str | None:
    if path == "/":
        return render.home(overview.home(connection), places)
    row = _ROWS.fullmatch(path.removeprefix(places.base))
    if row is None or not path.startswith(places.base):
        return None
    number = int(row[2])
    if row[1] == "series":
        series = overview.series(connection, number)
        return render.series(series, places) if series else None
    article = reading.article(connection, number, read, places.articles, render.IMAGE_PLACE)
    if article:
        return render.article(article, places)
    part = reading.missing(connection, number)
    return render.missing(part, places) if part else None
