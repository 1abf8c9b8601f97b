"""Save Page Now 2 as its public document has it (SPN2 Public API): keys, jobs, limits, and "the same snapshot".

Without keys it answers 401, as the service since 2026 (docs/site.md §16), unless some captures are given to anybody.

What it saves goes on the Wayback shelf, so that the index, playback and TimeMap show it at once.
"""

from __future__ import annotations

import hashlib
import re
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, unquote

from archiver.standin.shelf import Memento, Shelf, stamp14
from archiver.standin.wire import Reply, Request, json_reply, page

_STATUS = re.compile(r"/save/status/(spn2-[0-9a-f]{40}|user|system)")
_WAIT = timedelta(hours=1)  # a new capture of one URL after so long
_PER_DAY = 10  # captures of one URL
KEYS = "LOW access:secret"

Live = Callable[[str], Reply | None]
"""What a URL answers now; None for a host that cannot be found."""


@dataclass(slots=True)
class _Job:
    id: str
    url: str
    at: datetime
    asked: int = 0  # how often its status was asked
    error: tuple[str, str] | None = None  # status_ext and message
    http_status: int = 200


class SavePageNow:
    """The service behind `POST /save` and `/save/status/…`; safe to use from any thread.

    `pending` is how many times a job says that it is pending; `sessions` how many jobs may run at once with keys;
    `anonymous` how many captures there are without keys before it says 429, none for 401 at once; `knows_all` that a
    job nobody has heard of is pending for ever, as in life, instead of `job-not-found`, as the document has it.
    """

    def __init__(
        self, shelf: Shelf, live: Live, clock: Callable[[], datetime], *, pending: int = 1, sessions: int = 12,
        anonymous: int = 0, knows_all: bool = True,
    ) -> None:  # fmt: skip
        self._shelf, self._live, self._clock = shelf, live, clock
        self.pending, self.sessions, self.anonymous, self.knows_all = pending, sessions, anonymous, knows_all
        self._jobs: dict[str, _Job] = {}
        self._today: Counter[str] = Counter()
        self._unnamed = 0
        self._lock = threading.Lock()

    def answer(self, request: Request) -> Reply | None:
        """The reply, or None for a path that is not of this service."""
        if match := _STATUS.fullmatch(request.path):
            with self._lock:
                return self._status(match[1])
        if request.path.rstrip("/") == "/save" or request.path.startswith("/save/http"):
            if request.method != "POST":
                return page("<html><head><title>Save Page Now</title></head><body><form></form></body></html>")
            with self._lock:
                return self._save(request)
        return None

    def _save(self, request: Request) -> Reply:
        given = {name: values[-1] for name, values in parse_qs(request.body.decode("utf-8", "replace")).items()}
        url = given.get("url") or unquote(request.target.removeprefix("/save").lstrip("/"))
        named = request.headers.get("authorization")
        if named != KEYS and (named is not None or self.anonymous == 0):
            return json_reply({"message": "You need to be logged in to use Save Page Now."}, 401)
        if named is None and self._unnamed >= self.anonymous:
            return page("<html><head><title>429 Too Many Requests</title></head><body><h1>Too Many Requests</h1><p>You"
                        " have already reached the limit of active Save Page Now sessions.</p></body></html>", 429,
                        (("Retry-After", "60"),))  # fmt: skip
        self._unnamed += named is None
        said = self._job(url, given)
        if named is not None or "json" in request.headers.get("accept", ""):
            return json_reply(said)
        if "job_id" not in said:
            return page(f"<html><body><h2>Sorry</h2><p>{said['message']}</p></body></html>")
        words = f"<p>{said['message']}</p>" if "message" in said else ""
        return page(f'<html><head><title>Save Page Now</title></head><body><h2>Saving page {url}</h2>{words}'
                    f'<script>spn.watchJob("{said["job_id"]}", "/_static/",6000);</script></body></html>')  # fmt: skip

    def _job(self, url: str, given: dict[str, str]) -> dict[str, Any]:
        if not re.match(r"https?://[^/\s]+\.[^/\s]+", url):
            return _error("error:invalid-url-syntax", f"{url} URL syntax is not valid.")
        now = self._clock()
        identity = f"spn2-{hashlib.sha1(url.encode(), usedforsecurity=False).hexdigest()}"
        before = self._jobs.get(identity)
        if before is not None and before.error is None and now - before.at < _waiting(given):
            ago = int((now - before.at).total_seconds() // 60)
            made = f"The same snapshot had been made {ago} minutes ago."
            words = f"{made} You can make new capture of this URL after 1 hour."
            return {"url": url, "job_id": identity, "message": words}
        if self._running() >= self.sessions:
            limit = f"You have already reached the limit of {self.sessions} active Save Page Now sessions."
            return _error("error:user-session-limit", f"{limit} Please wait for a minute and then try again.")
        if self._today[url] >= _PER_DAY:
            words = f"This URL has been already captured {_PER_DAY} times today. Please try again tomorrow."
            return _error("error:too-many-daily-captures", words)
        self._jobs[identity] = self._capture(_Job(identity, url, now))
        return {"url": url, "job_id": identity}

    def _running(self) -> int:
        """Jobs that nobody has heard the end of yet; each ends by itself within a minute."""
        since = self._clock() - timedelta(minutes=1)
        return sum(job.asked <= self.pending and job.at > since for job in self._jobs.values())

    def _capture(self, job: _Job) -> _Job:
        """Ask for the page as it is now; only a success is kept, as without `capture_all`."""
        self._today[job.url] += 1
        reply = self._live(job.url)
        if reply is None:
            job.error = ("error:invalid-host-resolution", f"Couldn't resolve host for {job.url}.")
        elif reply.status in (404, 410):
            job.error = ("error:not-found", f"Target URL not found: {job.url} (HTTP status={reply.status}).")
        elif reply.status in (401, 403):
            job.error = ("error:no-access", f"Target URL could not be accessed (status={reply.status}).")
        elif reply.status >= 400:
            job.error = ("error:bad-gateway", f"Bad Gateway for {job.url} (HTTP status={reply.status}).")
        else:
            job.http_status = reply.status
            at = job.at.replace(microsecond=0)
            self._shelf.put(Memento(job.url, at, reply.body, reply.status, reply.content_type, reply.headers))
        return job

    def _status(self, identity: str) -> Reply:
        if identity == "system":
            return json_reply({"status": "ok"})
        if identity == "user":
            running = self._running()
            return json_reply({"daily_captures": sum(self._today.values()), "daily_captures_limit": 30_000,
                          "available": max(self.sessions - running, 0), "processing": running})  # fmt: skip
        job = self._jobs.get(identity)
        if job is None and self.knows_all:
            return json_reply({"job_id": identity, "status": "pending", "resources": []})
        if job is None:
            return json_reply({"message": "Job not found", "status": "error", "status_ext": "error:job-not-found"})
        job.asked += 1
        if job.asked <= self.pending:
            return json_reply({"job_id": job.id, "status": "pending", "resources": []})
        if job.error is not None:
            return json_reply({"job_id": job.id, "resources": [], "exception": job.error[0], **_error(*job.error)})
        return json_reply({
            "job_id": job.id, "status": "success", "original_url": job.url, "timestamp": stamp14(job.at),
            "duration_sec": 6.203, "http_status": job.http_status, "resources": [job.url], "outlinks": {},
            "counters": {"embeds": 1, "outlinks": 0}, "screenshot": None, "first_archive": self._today[job.url] == 1,
        })  # fmt: skip


def _waiting(given: dict[str, str]) -> timedelta:
    """`if_not_archived_within` in seconds or as `3d`, `5h`, `20m`; one hour when it says nothing."""
    found = re.findall(r"([0-9]+)([dhms]?)", given.get("if_not_archived_within", ""))
    units = {"d": 86_400, "h": 3_600, "m": 60, "s": 1, "": 1}
    return timedelta(seconds=sum(int(number) * units[unit] for number, unit in found)) if found else _WAIT


def _error(status_ext: str, message: str) -> dict[str, Any]:
    return {"status": "error", "status_ext": status_ext, "message": message}
