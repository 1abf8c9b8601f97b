"""One request and its answer, whatever comes of it. No redirect is followed here and nothing is tried again."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from types import TracebackType
from typing import NamedTuple, Self

import httpcore
import httpx

from archiver import urls
from archiver.clock import Clock
from archiver.config import Network
from archiver.model import Answer, Outcome, Validators
from archiver.text import line, safe
from archiver.web import guard
from archiver.web.gzip_body import BodyBroken, BodyCut, BodyTooLarge, gunzip
from archiver.web.transport import (
    AddressRefused,
    Backend,
    Deadline,
    DeadlinePassed,
    HeadTooLarge,
    NameUnresolved,
    Resolve,
    Transport,
    resolve,
)

ACCEPT = "text/html,application/xhtml+xml,application/rss+xml,application/xml;q=0.9,*/*;q=0.8"
_MAX_RETRY_AFTER_S = 366 * 86_400.0
_KEPT_OF_CUT = 512_000  # of a robots.txt (RFC 9309 §2.5)


class _Fault(Exception):
    """Why there is no whole response, as an outcome and a line."""

    def __init__(self, outcome: Outcome, reason: str) -> None:
        super().__init__(reason)
        self.outcome = outcome


class _Target(NamedTuple):
    url: httpx.URL
    headers: dict[str, str]
    extensions: dict[str, str]


class Client:
    """Makes requests one at a time. Use as a context manager."""

    def __init__(
        self, network: Network, *, user_agent: str, clock: Clock, resolve: Resolve = resolve,
        named_origins: frozenset[str] = frozenset(),
    ) -> None:  # fmt: skip
        self._network = network
        self._clock = clock
        self.named_origins = named_origins | frozenset(map(urls.origin, network.connect_to))
        self._connect_to = {urls.origin(name): target for name, target in network.connect_to.items()}
        self._deadline = Deadline(clock.monotonic)
        mapped = frozenset(_host_and_port(target) for target in self._connect_to.values())
        timeout = httpx.Timeout(network.timeout_s, connect=network.connect_timeout_s)
        self._http = httpx.Client(
            transport=Transport(Backend(self._deadline, resolve, mapped)), timeout=timeout, follow_redirects=False,
            trust_env=False, headers={"User-Agent": user_agent, "Accept-Encoding": "gzip", "Accept": ACCEPT},
        )  # fmt: skip

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._http.close()

    def send(self, url: str, validators: Validators | None = None, *, keep_cut: bool = False) -> Answer:
        """Ask for a URL once. Never raises for what a server or a URL does: faults are in the answer.

        `keep_cut`: give the first bytes of a body that is over the cap, instead of refusing it (for robots.txt).
        """
        started_at, start = self._clock.now(), self._clock.monotonic()
        self._deadline.start(self._network.timeout_s, self._network.max_header_bytes)
        answer = Answer(url, started_at, 0)
        try:
            answer = self._send(answer, validators or Validators(), keep_cut=keep_cut)
        except _Fault as fault:
            answer = _failed(answer, fault.outcome, str(fault))
        except _FAULTS as error:
            answer = _failed(answer, *_explain(error))
        elapsed_ms = round((self._clock.monotonic() - start) * 1000)
        return replace(answer, elapsed_ms=elapsed_ms)

    def _send(self, answer: Answer, validators: Validators, *, keep_cut: bool) -> Answer:
        target = self._target(answer.requested_url, validators)
        self._http.cookies.clear()
        request = self._http.build_request("GET", target.url, headers=target.headers, extensions=target.extensions)
        response = self._http.send(request, stream=True)
        self._deadline.head_done()
        try:
            return self._read(answer, response, keep_cut=keep_cut)
        finally:
            response.close()

    def _target(self, url: str, validators: Validators) -> _Target:
        """Where a request really goes: `connect_to` changes the connection, never the Host or the certificate name."""
        reason = guard.refused_url(url, self.named_origins)
        if reason is not None and urls.origin(url) not in self._connect_to:
            raise _Fault(Outcome.OFF_SITE, f"not contacted: {reason}")
        headers = {"Host": urls.host(url)}
        if validators.etag:
            headers["If-None-Match"] = validators.etag
        if validators.last_modified:
            headers["If-Modified-Since"] = validators.last_modified
        parsed = httpx.URL(url)
        mapped = self._connect_to.get(urls.origin(url))
        if mapped is None:
            return _Target(parsed, headers, {})
        to = httpx.URL(mapped)
        return _Target(
            parsed.copy_with(scheme=to.scheme, host=to.host, port=to.port), headers, {"sni_hostname": parsed.host}
        )

    def _read(self, answer: Answer, response: httpx.Response, *, keep_cut: bool) -> Answer:
        seen = replace(
            answer,
            status=response.status_code,
            headers=tuple((name.lower(), line(value, 8_000)) for name, value in _decoded(response)),
            location=_location(answer.requested_url, response),
            retry_after_s=retry_after_s(
                response.headers.get("retry-after"), response.headers.get("date"), answer.started_at
            ),
        )
        if response.status_code in {204, 205, 304} or seen.location is not None:
            return seen  # the body of a redirect is never read
        counter = _Counter(response, self._deadline, keep_cut=keep_cut)
        try:
            counter.cap = self._cap(response, keep_cut=keep_cut)
            body = self._body(response, counter)
        except _Fault as fault:
            return _failed(replace(seen, wire_bytes=counter.size), fault.outcome, str(fault))
        except _FAULTS as error:
            return _failed(replace(seen, wire_bytes=counter.size), *_explain(error, in_body=True))
        return replace(seen, body=body, wire_bytes=counter.size)

    def _cap(self, response: httpx.Response, *, keep_cut: bool) -> int:
        """The cap on bytes as received, decided from the header where that is possible."""
        if keep_cut:
            return _KEPT_OF_CUT
        declared = response.headers.get("content-length", "")
        if declared.isdecimal() and len(declared) < 20 and int(declared) > self._network.max_wire_bytes:
            raise _Fault(Outcome.TOO_LARGE, f"the host announces {declared} bytes, over {self._network.max_wire_bytes}")
        return self._network.max_wire_bytes

    def _body(self, response: httpx.Response, counter: _Counter) -> bytes:
        codings = [coding.strip().lower() for coding in response.headers.get("content-encoding", "").split(",")]
        codings = [coding for coding in codings if coding not in {"", "identity"}]
        limit = self._network.max_body_bytes
        if not codings:
            body = bytearray()
            for chunk in counter:
                body += chunk
                if len(body) > limit:
                    raise BodyTooLarge
            return bytes(body)
        if codings not in (["gzip"], ["x-gzip"]):
            shown = safe(", ".join(codings), 60)
            raise _Fault(Outcome.PROTOCOL_ERROR, f"encoded as {shown}, which nobody asked for")
        return gunzip(counter, limit)


class _Counter:
    """The raw chunks of a body, counted against a cap and the deadline."""

    def __init__(self, response: httpx.Response, deadline: Deadline, *, keep_cut: bool) -> None:
        self._response = response
        self._deadline = deadline
        self._keep_cut = keep_cut
        self.cap = 0
        self.size = 0

    def __iter__(self) -> Iterator[bytes]:
        for chunk in self._response.iter_raw():
            self._deadline.left(None)
            self.size += len(chunk)
            if self.size > self.cap:
                if self._keep_cut:
                    return
                raise BodyTooLarge
            yield chunk


_FAULTS = (
    httpx.HTTPError,
    httpx.InvalidURL,
    httpx.StreamError,
    httpcore.TimeoutException,
    httpcore.NetworkError,
    httpcore.ProtocolError,
    httpcore.UnsupportedProtocol,
    OSError,
    ValueError,
    AddressRefused,
    DeadlinePassed,
    HeadTooLarge,
    NameUnresolved,
    BodyTooLarge,
    BodyCut,
    BodyBroken,
)

_WORDS: tuple[tuple[tuple[type[Exception], ...], Outcome, str], ...] = (
    ((AddressRefused,), Outcome.OFF_SITE, "not contacted: {said}"),
    ((NameUnresolved,), Outcome.DNS_ERROR, "{said}"),
    (
        (DeadlinePassed, httpcore.ReadTimeout, httpcore.WriteTimeout, httpcore.PoolTimeout),
        Outcome.TIMEOUT,
        "the answer took longer than network.timeout_s",
    ),
    ((httpcore.ConnectTimeout,), Outcome.TIMEOUT, "connecting took longer than network.connect_timeout_s"),
    ((HeadTooLarge,), Outcome.TOO_LARGE, "the response head is over network.max_header_bytes"),
    ((BodyTooLarge,), Outcome.TOO_LARGE, "the body is over network.max_wire_bytes or network.max_body_bytes"),
    ((BodyCut,), Outcome.TRUNCATED, "the compressed body ends before its end"),
    ((BodyBroken,), Outcome.PROTOCOL_ERROR, "the compressed body is broken: {said}"),
    ((httpx.InvalidURL, UnicodeError), Outcome.PROTOCOL_ERROR, "a URL that cannot be asked: {said}"),
    ((ssl.SSLError,), Outcome.TLS_ERROR, "TLS: {said}"),
)


def _explain(error: Exception, *, in_body: bool = False) -> tuple[Outcome, str]:
    """Which outcome a fault is, and one line about it. The server's own words never come through raw."""
    said = safe(error, 200) or type(error).__name__
    for kinds, outcome, words in _WORDS:
        if isinstance(error, kinds):
            return outcome, words.format(said=said)
    return _explain_transport(error, said, in_body=in_body)


def _explain_transport(error: Exception, said: str, *, in_body: bool) -> tuple[Outcome, str]:
    if isinstance(error, httpcore.ProtocolError):
        if in_body and ("incomplete" in said or "without sending complete" in said or "peer closed" in said):
            return Outcome.TRUNCATED, "the connection closed before the body was whole"
        if "disconnected without sending" in said:
            return Outcome.CONNECT_ERROR, "the host closed the connection without an answer"
        if ("headers" in said and "large" in said) or "too much" in said.lower() or "line too long" in said.lower():
            return Outcome.TOO_LARGE, "the response head is over network.max_header_bytes"
        return Outcome.PROTOCOL_ERROR, f"not HTTP: {said}"
    if isinstance(error, httpcore.ConnectError) and _is_tls(error):
        return Outcome.TLS_ERROR, f"TLS: {said}"
    if in_body:
        return Outcome.TRUNCATED, f"the connection broke inside the body: {said}"
    return Outcome.CONNECT_ERROR, f"no connection: {said}"


def _is_tls(error: BaseException | None) -> bool:
    while error is not None:
        if isinstance(error, ssl.SSLError):
            return True
        error = error.__cause__ or error.__context__
    return False


def _failed(answer: Answer, outcome: Outcome, reason: str) -> Answer:
    return replace(answer, body=None, failure=outcome, error=line(reason, 500))


def _decoded(response: httpx.Response) -> Iterator[tuple[str, str]]:
    for name, value in response.headers.raw:
        yield name.decode("latin-1"), _header_text(value)


def _header_text(value: bytes) -> str:
    try:
        return value.decode("utf-8")
    except UnicodeDecodeError:
        return value.decode("latin-1")


def _location(url: str, response: httpx.Response) -> str | None:
    raw = response.headers.get("location")
    if raw is None or not 300 <= response.status_code < 400:
        return None
    text = line(_header_text(raw.encode("latin-1", "replace")), 8_000)
    return urls.resolve(url, text) or text


def _host_and_port(origin: str) -> tuple[str, int]:
    parsed = httpx.URL(origin)
    return parsed.host, parsed.port or (443 if parsed.scheme == "https" else 80)


def retry_after_s(value: str | None, date: str | None, now: datetime) -> float | None:
    """Seconds to wait by Retry-After, in seconds or as a date (RFC 9110 §10.2.3); None when there is no sense in it.

    A date is taken against the response's own Date, so that a host whose clock is wrong is still understood.
    """
    text = (value or "").strip()
    if text.isascii() and text.isdecimal():
        return min(float(text[:12]), _MAX_RETRY_AFTER_S)
    until, base = _http_date(text), _http_date(date or "") or now
    if until is None:
        return None
    return min(max((until - base).total_seconds(), 0.0), _MAX_RETRY_AFTER_S)


def _http_date(text: str) -> datetime | None:
    try:
        parsed = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)
