"""The stand-ins of web archives: what those services document, in their own forms, over the real client."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from fakes import FakeClock

from archiver.config import Network
from archiver.machine.clock import SystemClock
from archiver.model import Answer, Extra
from archiver.standin.save_page_now import KEYS
from archiver.standin.web_archives import Memento, WebArchives
from archiver.standin.wire import Reply
from archiver.web.client import Client

URL = "https://ithelp.ithome.com.tw/articles/10323209"
AT = datetime(2023, 9, 20, 1, 2, 3, tzinfo=UTC)
WB = "https://web.archive.org"
PAGE = b"<html><head><title>x</title></head><body>one</body></html>"


class Desk:
    """A server of archives, what lives at a URL now, and a client that reaches them by `connect_to`."""

    def __init__(self) -> None:
        self.live: dict[str, Reply] = {}
        self.clock = FakeClock(datetime(2026, 11, 23, tzinfo=UTC))
        self.archives = WebArchives(self.live.get, clock=self.clock.now)

    def ask(self, url: str, **extra: object) -> Answer:
        network = Network(connect_to=self.archives.connect_to)
        with Client(network, user_agent="test", clock=SystemClock()) as client:
            return client.send(url, extra=Extra(**extra))  # type: ignore[arg-type]

    def json(self, url: str, **extra: object) -> object:
        answer = self.ask(url, **extra)
        return json.loads(answer.body or b"")

    def save(self, url: str = URL, authorization: str | None = KEYS) -> Answer:
        return self.ask(f"{WB}/save", form=(("url", url),), accept="application/json", authorization=authorization)

    def job(self, answer: Answer) -> dict[str, object]:
        identity = json.loads(answer.body or b"")["job_id"]
        self.json(f"{WB}/save/status/{identity}")
        found = self.json(f"{WB}/save/status/{identity}")
        assert isinstance(found, dict)
        return found


@pytest.fixture
def desk() -> Iterator[Desk]:
    made = Desk()
    with made.archives:
        yield made


def cdx(query: str) -> str:
    return f"{WB}/cdx/search/cdx?url={URL}&{query}"


def test_the_cdx_server_answers_in_its_documented_forms(desk: Desk) -> None:
    assert desk.json(cdx("output=json")) == []
    assert desk.ask(cdx("")).body == b""
    desk.archives.shelf.put(
        Memento(URL, AT, PAGE), Memento(URL, AT + timedelta(days=1), b"no", status=404),
        Memento(URL, AT + timedelta(days=2), PAGE, said_status="-", said_mime="warc/revisit"),
    )  # fmt: skip
    rows = desk.json(cdx("output=json&fl=timestamp,original,statuscode&filter=statuscode:200"))
    assert rows == [["timestamp", "original", "statuscode"], ["20230920010203", URL, "200"]]
    everything = desk.json(cdx("output=json"))
    assert isinstance(everything, list)
    assert everything[0] == ["urlkey", "timestamp", "original", "mimetype", "statuscode", "digest", "length"]
    assert everything[1][0] == "tw,com,ithome,ithelp)/articles/10323209"
    assert [row[4] for row in everything[1:]] == ["200", "404", "-"]
    assert (desk.ask(cdx("fl=timestamp")).body or b"").split() == [
        b"20230920010203",
        b"20230921010203",
        b"20230922010203",
    ]
    page = desk.json(cdx("output=json&fl=timestamp&limit=2&showResumeKey=true"))
    assert isinstance(page, list)
    assert page[-2] == []
    rest = desk.json(cdx(f"output=json&fl=timestamp&limit=2&showResumeKey=true&resumeKey={page[-1][0]}"))
    assert rest == [["timestamp"], ["20230922010203"]]


def test_playback_gives_the_bytes_or_the_way_to_the_nearest(desk: Desk) -> None:
    desk.archives.shelf.put(Memento(URL, AT, PAGE))
    raw = desk.ask(f"{WB}/web/20230920010203id_/{URL}")
    assert (raw.status, raw.body) == (200, PAGE)
    assert raw.header("memento-datetime") == "Wed, 20 Sep 2023 01:02:03 GMT"
    assert b"WAYBACK TOOLBAR" in (desk.ask(f"{WB}/web/20230920010203/{URL}").body or b"")
    near = desk.ask(f"{WB}/web/2024id_/{URL}")
    assert (near.status, near.location) == (302, f"{WB}/web/20230920010203id_/{URL}")
    assert desk.ask(f"{WB}/web/2024id_/https://example.org/").status == 404
    assert b'rel="first last memento"; datetime="Wed, 20 Sep 2023' in (
        desk.ask(f"{WB}/web/timemap/link/{URL}").body or b""
    )


def test_common_crawl_answers_in_its_documented_forms(desk: Desk) -> None:
    api = "https://index.commoncrawl.org"
    crawls = desk.json(f"{api}/collinfo.json")
    assert isinstance(crawls, list)
    assert {"id", "name", "cdx-api"} <= set(crawls[0])
    nothing = desk.ask(f"{api}/CC-MAIN-2023-50-index?url={URL}&output=json")
    assert nothing.status == 404
    assert json.loads(nothing.body or b"") == {"message": f"No Captures found for: {URL}"}
    desk.archives.crawls.put("CC-MAIN-2023-50", Memento(URL, AT, PAGE))
    line = json.loads(desk.ask(f"{api}/CC-MAIN-2023-50-index?url={URL}&output=json").body or b"")
    first, length = int(line["offset"]), int(line["length"])
    part = desk.ask(f"https://data.commoncrawl.org/{line['filename']}", byte_range=(first, first + length - 1))
    assert part.status == 206
    assert (part.body or b"").startswith(b"\x1f\x8b")
    assert len(part.body or b"") == length


def test_save_page_now_saves_with_keys_and_says_when_it_did_already(desk: Desk) -> None:
    desk.live[URL] = Reply(200, PAGE)
    first = desk.save()
    said = json.loads(first.body or b"")
    assert set(said) == {"url", "job_id"}
    assert said["job_id"].startswith("spn2-")
    assert desk.json(f"{WB}/save/status/{said['job_id']}") == {
        "job_id": said["job_id"], "status": "pending", "resources": [],
    }  # fmt: skip
    done = desk.json(f"{WB}/save/status/{said['job_id']}")
    assert isinstance(done, dict)
    assert (done["status"], done["timestamp"], done["original_url"]) == ("success", "20261123000000", URL)
    assert desk.json(cdx("output=json&fl=timestamp")) == [["timestamp"], ["20261123000000"]]
    desk.clock.advance(minutes=2)
    again = json.loads(desk.save().body or b"")
    assert again["job_id"] == said["job_id"]
    assert again["message"].startswith("The same snapshot had been made 2 minutes ago.")
    assert desk.save(authorization="LOW wrong:keys").status == 401


@pytest.mark.parametrize(
    ("reply", "error"),
    [(None, "error:invalid-host-resolution"), (Reply(404), "error:not-found"), (Reply(403), "error:no-access"),
     (Reply(500), "error:bad-gateway")],
)  # fmt: skip
def test_save_page_now_keeps_no_failure(desk: Desk, reply: Reply | None, error: str) -> None:
    if reply is not None:
        desk.live[URL] = reply
    job = desk.job(desk.save())

    assert (job["status"], job["status_ext"]) == ("error", error)
    assert desk.json(cdx("output=json")) == []


def test_save_page_now_has_its_limits(desk: Desk) -> None:
    desk.live[URL] = Reply(200, PAGE)
    for _ in range(10):
        desk.job(desk.save())
        desk.clock.advance(hours=2)
    assert json.loads(desk.save().body or b"")["status_ext"] == "error:too-many-daily-captures"
    desk.archives.save_page_now.sessions = 1
    desk.save("https://example.org/1")
    assert json.loads(desk.save("https://example.org/2").body or b"")["status_ext"] == "error:user-session-limit"


def test_without_keys_save_page_now_answers_html_and_soon_429(desk: Desk) -> None:
    desk.archives.save_page_now.anonymous = 1
    desk.live[URL] = Reply(200, PAGE)
    page = desk.ask(f"{WB}/save", form=(("url", URL),))
    assert b'spn.watchJob("spn2-' in (page.body or b"")
    refused = desk.ask(f"{WB}/save", form=(("url", URL),))
    assert (refused.status, refused.retry_after_s) == (429, 60.0)
