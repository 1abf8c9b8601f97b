"""One request and its answer, whatever comes of it. No redirect is followed here and nothing is tried again."""

from __future__ import annotations

import re
import ssl
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import timedelta
from functools import lru_cache
from itertools import chain
from typing import Self

import h11

from archiver import urls
from archiver.config import Network
from archiver.machine.clock import Clock
from archiver.machine.unneeded import left_out
from archiver.model import Answer, Extra, Outcome, Validators
from archiver.text import line, safe
from archiver.unpack import Gunzip, NotUnpacked, unbrotli
from archiver.web import guard, headers
from archiver.web.call import Call, Fault
from archiver.web.connect import Resolve, resolve

with left_out("rich", "pygments"):  # httpx has a command line of its own
    import httpx

    from archiver.web.transport import Transport

ACCEPT = "text/html,application/xhtml+xml,application/rss+xml,application/xml;q=0.9,*/*;q=0.8"
KEPT_OF_CUT = 512_000  # bytes of a robots.txt that is larger (RFC 9309 §2.5: at least 500 KiB)
_LEFTOVER_BYTES = 16_384  # of a redirect's body, read unseen so that its connection can be kept
_LEFTOVER_S = 1.0
_SENDABLE = re.compile(r"[\x21-\x7e](?:[\x20-\x7e]{0,998}[\x21-\x7e])?")


class Client:
    """Makes requests one at a time, and keeps connections open between them. Use as a context manager."""

    def __init__(
        self, network: Network, *, user_agent: str, clock: Clock, resolve: Resolve = resolve,
        named_origins: frozenset[str] = frozenset(), tls: ssl.SSLContext | None = None,
    ) -> None:  # fmt: skip
        """`named_origins`: origins that the user wrote down, which may have any port; `tls`: other roots, for tests."""
        self._network = network
        self._clock = clock
        self._connect_to = {urls.origin(name): httpx.URL(target) for name, target in network.connect_to.items()}
        self.named_origins = named_origins | frozenset(self._connect_to)
        self._transport = Transport(resolve, clock.monotonic, tls)
        self._http = httpx.Client(
            transport=self._transport, timeout=None, follow_redirects=False, trust_env=False,  # noqa: S113
            headers={"User-Agent": user_agent, "Accept": ACCEPT, "Accept-Encoding": "gzip"},
        )  # fmt: skip

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def be_idle(self, seconds: float) -> None:
        """Nothing is asked for so long: what would stand open unused for too long is closed now."""
        self._transport.close_idle(seconds)

    def send(
        self, url: str, validators: Validators | None = None, *, keep_cut: bool = False, extra: Extra | None = None
    ) -> Answer:
        """Ask for a URL once. Never raises for what a server or a URL does: faults are in the answer.

        `keep_cut`: of a body over 500 KiB give the first 500 KiB (`error` says so) instead of refusing it over the
        caps: for robots.txt. `elapsed_ms` runs from the look at the name, `started_at` is when the request went out.
        """
        now, start = self._clock.now(), self._clock.monotonic()
        answer, call = Answer(url, now, 0), None
        try:
            request, to = self._request(url, validators or Validators(), extra or Extra())
            call = self._call(to, mapped=urls.origin(url) in self._connect_to)
            answer = self._exchange(
                answer, request, call, keep_cut=keep_cut, archived=extra is not None and extra.archived
            )
        except Fault as fault:
            answer = _failed(answer, fault)
        took = round((self._clock.monotonic() - start) * 1000)
        if call is None or call.sent_at is None:
            return replace(answer, started_at=now, elapsed_ms=took, connected=False)
        return replace(
            answer, started_at=now + timedelta(seconds=call.sent_at - start), elapsed_ms=took, reused=call.reused,
            answered_s=None if call.answered_at is None else call.answered_at - call.sent_at,
        )  # fmt: skip

    # ─── the question ───────────────────────────────────────────────────────────────────────────

    def _request(self, url: str, validators: Validators, extra: Extra) -> tuple[httpx.Request, httpx.URL]:
        """The request for a URL, and where it goes. Its Host (and the certificate's name) stays canonical.

        A URL is taken apart once here: that takes as long as all else of a request.
        """
        reason = guard.refused_url(url, self.named_origins, frozenset(self._connect_to))
        if reason is not None:
            raise Fault(Outcome.OFF_SITE, f"not contacted: {reason}")
        try:
            parsed, canonical = httpx.URL(url), _parsed(urls.origin(url))
        except (httpx.InvalidURL, ValueError) as error:
            raise Fault(Outcome.PROTOCOL_ERROR, f"a URL that cannot be asked: {safe(error, 200)}") from error
        if (parsed.raw_host, parsed.port) != (canonical.raw_host, canonical.port):
            raise Fault(Outcome.OFF_SITE, "not contacted: a URL that two readers take for two hosts")
        to = self._connect_to.get(urls.origin(url), parsed)
        fields = {"Host": urls.host(url)} | ({} if extra.form is None else {"Connection": "close"})
        if _is_sendable(validators.etag):
            fields["If-None-Match"] = str(validators.etag)
        if _is_sendable(validators.last_modified):
            fields["If-Modified-Since"] = str(validators.last_modified)
        method, form = ("HEAD" if extra.head else "GET", None) if extra.form is None else ("POST", dict(extra.form))
        asked = parsed if to.scheme == parsed.scheme else parsed.copy_with(scheme=to.scheme)
        return self._http.build_request(method, asked, headers=fields | _extra_fields(extra), data=form), to

    def _call(self, to: httpx.URL, *, mapped: bool) -> Call:
        """Where the connection really goes, and within which bounds."""
        host, port = to.raw_host.decode("ascii"), to.port or (443 if to.scheme == "https" else 80)
        return Call(host, port, self._network, self._clock.monotonic, mapped=mapped)

    # ─── the answer ─────────────────────────────────────────────────────────────────────────────

    def _exchange(
        self, answer: Answer, request: httpx.Request, call: Call, *, keep_cut: bool, archived: bool
    ) -> Answer:
        self._transport.call, well = call, False
        try:
            response = self._sent(request, call)
            seen = self._head(answer, response)
            if 300 <= response.status_code < 400:
                seen = _unasked_304(seen, request)
                well = _leaves_open(seen) and _has_no_more(response, call, seen.headers)
                return seen
            seen = self._with_body(seen, response, call, keep_cut=keep_cut, archived=archived)
            well = _leaves_open(seen)
            return seen
        finally:
            self._transport.let_go(well=well)

    def _sent(self, request: httpx.Request, call: Call) -> httpx.Response:
        try:
            response = self._transport.handle_request(request)  # what httpx does besides is of no use here
        except (h11.ProtocolError, httpx.InvalidURL, ValueError) as error:
            raise _not_http(error, call) from error
        call.head_done = True
        return response

    def _head(self, answer: Answer, response: httpx.Response) -> Answer:
        fields = headers.clean(response.extensions["fields"])
        return replace(
            answer,
            status=response.status_code,
            headers=fields,
            location=_location(answer.requested_url, response.status_code, fields),
            retry_after_s=headers.retry_after_s(fields, answer.started_at),
        )

    def _with_body(
        self, seen: Answer, response: httpx.Response, call: Call, *, keep_cut: bool, archived: bool
    ) -> Answer:
        """The answer with its body, or with the fault that kept us from having it whole.

        From 400 on the status says enough, and what came of the body only adds to it: a host that refuses us, or says
        that a page is gone, is heard even when it stumbles over its own words.
        """
        limit = min(KEPT_OF_CUT, self._network.max_body_bytes) if keep_cut else self._network.max_body_bytes
        reader = _Reader(
            seen.headers, self._network.max_wire_bytes, limit, refuse_announced=not keep_cut, brotli=archived
        )
        fault = None
        try:
            reader.read(response.iter_raw())
        except Fault as caught:
            fault = caught
        except h11.ProtocolError as error:
            fault = _not_http(error, call)
        is_cut = keep_cut and len(reader.body) > limit
        seen = replace(seen, body=reader.taken(limit), wire_bytes=reader.wire_bytes)
        if fault is None:
            return replace(seen, packed=reader.packed())
        if is_cut or (seen.status is not None and seen.status >= 400):
            words = f"only the first {limit} bytes were read" if is_cut else f"its body could not be read: {fault}"
            return replace(seen, error=line(words, 500))
        return _failed(seen, fault)


@lru_cache(maxsize=8)
def _parsed(origin: str) -> httpx.URL:
    """The URL of an origin. Raises httpx.InvalidURL and ValueError."""
    return httpx.URL(origin)


class _Reader:
    """Reads a body into `body`, within caps before (`wire_bytes`) and after decompression. Raises Fault."""

    def __init__(
        self, fields: headers.Fields, wire_limit: int, limit: int, *, refuse_announced: bool, brotli: bool
    ) -> None:
        self._fields = fields
        self._wire_limit = wire_limit
        self._limit = limit
        self._refuse_announced = refuse_announced
        self._brotli = brotli
        self.body = bytearray()
        self.wire_bytes = 0
        self._came: list[bytes] = []  # of gzip
        self._gunzip: Gunzip | None = None

    def taken(self, most: int) -> bytes:
        """At most so many bytes of the body, which is given away: two of the largest at once are enough."""
        del self.body[most:]
        taken = bytes(self.body)
        self.body.clear()
        return taken

    def read(self, chunks: Iterator[bytes]) -> None:
        """Read until the end. On a Fault, `body` holds what came before it."""
        codings = headers.content_codings(self._fields)
        announced = headers.content_length(self._fields)
        if codings not in ([], ["gzip"], ["x-gzip"]) and not (self._brotli and codings == ["br"]):
            shown = safe(", ".join(codings), 60)
            raise Fault(Outcome.PROTOCOL_ERROR, f"encoded as {shown}, which nobody asked for")
        if announced is not None and announced > self._wire_limit and self._refuse_announced:
            raise Fault(Outcome.TOO_LARGE, f"{announced} bytes announced, over network.max_wire_bytes")
        counted = self._counted(chunks)
        first = next(counted, b"")
        if first:  # nothing at all is an empty body, whatever its coding is called
            self._take(chain([first], counted), codings)
        if announced is not None and headers.is_chunked(self._fields) and announced != self.wire_bytes:
            raise Fault(Outcome.PROTOCOL_ERROR, f"{announced} bytes announced, {self.wire_bytes} came in chunks")

    def _take(self, chunks: Iterator[bytes], codings: list[str]) -> None:
        undone: Iterable[bytes] = chunks
        if codings == ["br"]:
            undone = unbrotli(chunks)
        elif codings:
            undone = self._gunzip = Gunzip(self._remembered(chunks))
        try:
            for piece in undone:
                self.body += piece
                if len(self.body) > self._limit:
                    raise Fault(Outcome.TOO_LARGE, "the body is over network.max_body_bytes")
        except NotUnpacked as error:
            outcome = Outcome.TRUNCATED if error.is_cut else Outcome.PROTOCOL_ERROR
            raise Fault(outcome, f"the compressed body {error}") from error

    def packed(self) -> bytes | None:
        """The body as one member of gzip, once all of it was read; None where it came otherwise."""
        return b"".join(self._came) if self._gunzip is not None and self._gunzip.members == 1 else None

    def _remembered(self, chunks: Iterator[bytes]) -> Iterator[bytes]:
        for chunk in chunks:
            self._came.append(chunk)
            yield chunk

    def _counted(self, chunks: Iterator[bytes]) -> Iterator[bytes]:
        for chunk in chunks:
            self.wire_bytes += len(chunk)
            if self.wire_bytes > self._wire_limit:
                raise Fault(Outcome.TOO_LARGE, "the body is over network.max_wire_bytes")
            yield chunk


def _leaves_open(answer: Answer) -> bool:
    """Whether all is well between us after an answer: a host that is in trouble or refuses us is rid of us at once."""
    if answer.failure is not None or answer.error is not None or answer.status is None:
        return False
    if headers.is_chunked(answer.headers) and headers.content_length(answer.headers) is not None:  # RFC 9112 §6.3
        return False
    return answer.status < 400 or answer.status in {404, 410}


def _has_no_more(response: httpx.Response, call: Call, fields: headers.Fields) -> bool:
    """Whether a redirect has come to its end: a short body is let pass unseen, so that its connection can be kept."""
    announced = 0 if response.status_code == 304 else headers.content_length(fields)
    if announced is None or announced > _LEFTOVER_BYTES:
        return False
    call.hurry(_LEFTOVER_S)
    try:
        for _ in response.iter_raw():
            pass
    except (Fault, h11.ProtocolError):
        return False
    return True


def _not_http(error: Exception, call: Call) -> Fault:
    """The fault behind an exception of httpx or h11, whose words may quote the server."""
    if call.closed_by_host:
        return call.broken("the connection closed")
    return Fault(Outcome.PROTOCOL_ERROR, f"not HTTP as RFC 9112 has it: {safe(error, 200)}")


def _failed(answer: Answer, fault: Fault) -> Answer:
    return replace(answer, body=None, failure=fault.outcome, error=line(str(fault), 500))


def _unasked_304(seen: Answer, request: httpx.Request) -> Answer:
    """A 304 answers a condition only: without one we may hold nothing that it could speak of (RFC 9110 §15.4.5)."""
    conditional = "if-none-match" in request.headers or "if-modified-since" in request.headers
    if seen.status == 304 and not conditional:
        return _failed(seen, Fault(Outcome.PROTOCOL_ERROR, "HTTP 304 to a question without conditions"))
    return seen


def _location(url: str, status: int, fields: headers.Fields) -> str | None:
    """Where a redirect leads, absolute and without fragment; as it stands when that is nowhere; None when unsaid."""
    found = headers.values(fields, "location")
    if not found or not found[0] or not 300 <= status < 400:
        return None
    target = urls.resolve(url, found[0])
    return target.partition("#")[0] if target else found[0]


def _extra_fields(extra: Extra) -> dict[str, str]:
    """The header fields of an `Extra`. A range is of the bytes as they are stored, so never of an encoding of them."""
    fields: dict[str, str] = {}
    if extra.byte_range is not None:
        fields |= {"Range": f"bytes={extra.byte_range[0]}-{extra.byte_range[1]}", "Accept-Encoding": "identity"}
    if extra.accept is not None:
        fields["Accept"] = extra.accept
    if _is_sendable(extra.authorization):
        fields["Authorization"] = str(extra.authorization)
    return fields


def _is_sendable(value: str | None) -> bool:
    """Whether a validator can go back as it came: what a server sent may have been cleaned since."""
    return value is not None and _SENDABLE.fullmatch(value) is not None
