"""An HTTP response as WARC files hold it: a block of bytes in, status, headers and body out. Pure.

Tools differ in what they undo before they write: wget and warcio keep the bytes of the wire, browser-based crawlers
write the decoded body under the headers of the encoded one. So an encoding that the headers name is undone where the
bytes have it, and else the body is taken as it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from archiver.formats.found import Bounds, cleaned
from archiver.model import Outcome
from archiver.text import line
from archiver.unpack import Gunzip, NotUnpacked, in_steps, inflate, unbrotli, up_to

Headers = tuple[tuple[str, str], ...]

_STATUS = re.compile(rb"HTTP/[0-9](?:\.[0-9])? ([1-5][0-9]{2})(?: [^\r\n]*)?\r?\n")  # RFC 9112 §4
_END = re.compile(rb"\r?\n\r?\n")
_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # RFC 9110 §5.6.2
_CHUNK = re.compile(rb"([0-9a-fA-F]{1,8})[ \t]*(?:;[^\r\n]*)?\r\n")  # RFC 9112 §7.1


class NotWhole(Exception):
    """A block that holds no whole response: what it is instead, and why, in one line."""

    def __init__(self, outcome: Outcome, why: str) -> None:
        super().__init__(why)
        self.outcome = outcome


def response(block: bytes, bounds: Bounds) -> tuple[int, Headers, bytes]:
    """Status, headers and decoded body of a response. Raises NotWhole."""
    start = _STATUS.match(block)
    if start is None:
        raise NotWhole(Outcome.PROTOCOL_ERROR, "no HTTP response: it does not begin with a status line")
    end = _END.search(block, start.end() - 2, bounds.header_bytes)
    if end is None:
        if len(block) < bounds.header_bytes:
            raise NotWhole(Outcome.TRUNCATED, "it ends within its headers")
        raise NotWhole(Outcome.TOO_LARGE, f"its headers are longer than {bounds.header_bytes} bytes")
    headers = _headers(block[start.end() : end.start()])
    return int(start[1]), headers, body(headers, block[end.end() :], bounds)


def _headers(block: bytes) -> Headers:
    unfolded = re.sub(r"\r?\n[ \t]+", " ", block.decode("utf-8", "replace"))  # RFC 9112 §5.2
    found = []
    for text in re.split(r"\r?\n", unfolded):
        name, colon, value = text.partition(":")
        if text and (not colon or not _NAME.fullmatch(name)):
            raise NotWhole(Outcome.PROTOCOL_ERROR, f"a header line that is none: {line(text, 60)}")
        if text:
            found.append((name, value.strip()))
    return cleaned(found)


def header(headers: Headers, name: str) -> str:
    """The first value of a header, in lower case; empty when there is none."""
    return next((value.lower() for key, value in headers if key == name), "")


def body(headers: Headers, payload: bytes, bounds: Bounds) -> bytes:
    """The body with transfer and content encodings undone. Raises NotWhole."""
    coding = header(headers, "content-encoding").strip()
    if "chunked" in header(headers, "transfer-encoding"):
        payload = _dechunked(payload)
    elif not coding:
        _check_length(header(headers, "content-length"), payload)
    layers = [layer.strip() for layer in coding.split(",") if layer.strip() not in {"", "identity"}]
    if len(layers) > 1:
        raise NotWhole(Outcome.PROTOCOL_ERROR, f"encoded more than once ({line(coding, 60)})")
    decoded = _decoded(layers[0], payload, bounds.body_bytes) if layers and payload else payload
    if len(decoded) > bounds.body_bytes:
        raise NotWhole(Outcome.TOO_LARGE, f"a body of more than {bounds.body_bytes} bytes")
    return decoded


def _check_length(declared: str, payload: bytes) -> None:
    """Fewer bytes than declared are a cut; more may come from a tool that re-coded the page."""
    if declared.isdecimal() and len(declared) < 20 and len(payload) < int(declared):
        raise NotWhole(Outcome.TRUNCATED, f"{len(payload)} bytes of the {int(declared)} that Content-Length declares")


def _dechunked(payload: bytes) -> bytes:
    """RFC 9112 §7.1. A payload that does not begin with a chunk was taken apart already."""
    if _CHUNK.match(payload) is None:
        return payload
    whole = bytearray()  # no list: a chunk of one byte would take fifty
    at = 0
    while True:
        size = _CHUNK.match(payload, at)
        if size is None:
            cut = at >= len(payload) - 10
            outcome = Outcome.TRUNCATED if cut else Outcome.PROTOCOL_ERROR
            raise NotWhole(outcome, f"its chunks {'end before their end' if cut else 'are broken'} at byte {at}")
        length, begin = int(size[1], 16), size.end()
        if length == 0:
            return bytes(whole)
        if begin + length > len(payload):
            raise NotWhole(Outcome.TRUNCATED, "it ends within a chunk")
        whole += payload[begin : begin + length]
        if payload[begin + length : begin + length + 2] != b"\r\n":
            raise NotWhole(Outcome.PROTOCOL_ERROR, f"a chunk is not as long as it says, at byte {begin}")
        at = begin + length + 2


def _decoded(coding: str, payload: bytes, most: int) -> bytes:
    if coding in {"gzip", "x-gzip"}:
        pieces: Iterable[bytes] = Gunzip(in_steps(payload)) if payload.startswith(b"\x1f\x8b") else [payload]
    elif coding == "deflate":
        pieces = inflate(payload)
    elif coding == "br":
        pieces = unbrotli(in_steps(payload))
    else:
        raise NotWhole(Outcome.PROTOCOL_ERROR, f"encoded as {line(coding, 40)}, which is not read here")
    try:
        return up_to(pieces, most)
    except NotUnpacked as error:
        outcome = Outcome.TRUNCATED if error.is_cut else Outcome.PROTOCOL_ERROR
        raise NotWhole(outcome, f"its compressed body {error}") from error
