"""What archives answer may be absurd: it is refused by name, and the next copy, archive and part come as always."""

from __future__ import annotations

import json
from collections import Counter
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from io import BytesIO
from typing import Any

import pytest
from fakes import START, article
from hypothesis import given, settings
from hypothesis import strategies as st

from archiver.archive.times import stamp
from archiver.errors import UnusableFile
from archiver.formats import har, mhtml, warc
from archiver.formats.found import Bounds
from archiver.holders import common_crawl, memento, save_page_now, wayback
from archiver.holders.listing import NotAnIndex
from archiver.model import Answer, CaptureSource, Copy, PushState, key_of
from archiver.model import Push as PushRow

PAGE = article(10323209)
URL = PAGE.url
HEADER = ["timestamp", "original", "mimetype", "statuscode", "digest"]
WARC = "crawl-data/CC-MAIN-2023-50/segments/1/warc/a.warc.gz"
LONG_AGO = START - timedelta(days=1_200)
DEEP = b"[" * 100_000
TEXTS = st.one_of(
    st.text(max_size=30),
    st.sampled_from([
        "99999999999999999999", "9" * 5_000, "00000000000000", "99991231235959", "20231006120000", "-1", "1e999", "NaN",
        "\ud800", "\x00", URL, f"{URL}?{'x' * 100_000}", f"{URL}\ud800", WARC, "２００", "200", "²",
        "9999-12-31T23:59:59-12:00", "0001-01-01T00:00:00+14:00", "Fri, 31 Dec 9999 23:59:59 -1200",
        "Mon, 01 Jan 0001 00:00:00 +1400", "Fri, 31 Dec 99999999999999999999 23:59:59 GMT",
    ]),
)  # fmt: skip
SCALARS = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), TEXTS, st.just(10**25), st.just(10**4_000))
ANY = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4))


def any_object(*names: str) -> st.SearchStrategy[dict[str, Any]]:
    """An object whose every field may be anything."""
    return st.fixed_dictionaries({}, optional=dict.fromkeys(names, st.one_of(TEXTS, ANY)))


def storable(copies: tuple[Copy, ...]) -> None:
    """Whether each copy fits its row, and can be spoken of."""
    for copy in copies:
        holder, url, byte_range = key_of(copy)
        assert len(f"{holder}{url}{byte_range}") < 10_000
        assert datetime(1990, 1, 1, tzinfo=UTC) <= copy.made_at < datetime(2100, 1, 1, tzinfo=UTC)
        assert stamp(copy.made_at + timedelta(days=365))
        assert len(copy.original) <= 2_000
        assert copy.http_status is None or 100 <= copy.http_status <= 599
        assert copy.byte_range is None or 0 <= copy.byte_range[0] <= copy.byte_range[1] < 2**62


# ─── any JSON, any bytes, any text ──────────────────────────────────────────────────────────────


@settings(deadline=None)
@given(st.lists(st.lists(st.one_of(TEXTS, ANY), max_size=6), max_size=4))
def test_any_table_is_a_wayback_index_or_is_refused(rows: list[list[Any]]) -> None:
    body = json.dumps([HEADER, *rows]).encode()
    try:
        found = wayback.read_index(PAGE, body)
    except NotAnIndex:
        return
    storable(found.copies)
    assert found.resume_key is None or isinstance(found.resume_key, str)
    wayback.count_rows(body)


@settings(deadline=None)
@given(ANY)
def test_any_json_is_some_answer_of_every_archive(value: Any) -> None:
    body = json.dumps(value).encode()
    with suppress(NotAnIndex):
        storable(wayback.read_index(PAGE, body).copies)
    with suppress(NotAnIndex):
        storable(common_crawl.read_index(PAGE, body).copies)
    with suppress(NotAnIndex):
        for crawl in common_crawl.read_crawls(body):
            common_crawl.index_url(crawl, PAGE)
    answer = Answer(URL, START, 0, status=404, body=body)
    assert isinstance(common_crawl.says_none(answer), bool)
    assert wayback.count_rows(body) >= 0


@settings(deadline=None)
@given(st.lists(any_object("timestamp", "url", "filename", "offset", "length", "status", "digest", "mime"), max_size=4))
def test_any_lines_are_a_common_crawl_index_or_are_refused(rows: list[dict[str, Any]]) -> None:
    body = "\n".join(map(json.dumps, rows)).encode()
    try:
        storable(common_crawl.read_index(PAGE, body).copies)
    except NotAnIndex:
        return


@settings(deadline=None)
@given(
    st.lists(any_object("id", "cdx-api", "from", "to"), max_size=3),
    st.sampled_from([None, START - timedelta(days=1_200)]),
)
def test_any_list_of_crawls_can_be_chosen_from(rows: list[dict[str, Any]], about: datetime | None) -> None:
    rows.append({"id": "CC-MAIN-2023-50", "cdx-api": f"{common_crawl.INDEX}/CC-MAIN-2023-50-index",
                 "from": "2023-11-28T00:00:00", "to": "2023-12-12T00:00:00"})  # fmt: skip
    found = common_crawl.nearest(common_crawl.read_crawls(json.dumps(rows).encode()), about, 5)
    assert "CC-MAIN-2023-50" in {crawl.id for crawl in found}


@settings(deadline=None)
@given(st.lists(st.tuples(TEXTS, TEXTS), max_size=4), st.binary(max_size=200))
def test_any_links_are_a_timemap_or_are_refused(pairs: list[tuple[str, str]], noise: bytes) -> None:
    one = '<https://arquivo.pt/wayback/{}/{}>; rel="memento"; datetime="{}"'
    lines = [one.format(stamped, URL, when) for stamped, when in pairs]
    for body in (",\n".join(lines).encode("utf-8", "surrogatepass") + noise, noise):
        try:
            storable(memento.read(PAGE, body, "https://arquivo.pt/timemap").copies)
        except NotAnIndex:
            continue
        assert memento.count_mementos(body) >= 0


@settings(deadline=None)
@given(TEXTS, TEXTS)
def test_any_date_of_a_memento_can_be_kept(said: str, place: str) -> None:
    answer = Answer(f"https://web.archive.org/web/{place}id_/{URL}", START, 0, status=200,
                    headers=(("memento-datetime", said), ("content-range", f"bytes {place}-")))  # fmt: skip
    at = wayback.made_at(answer, START - timedelta(days=1))

    assert datetime(1990, 1, 1, tzinfo=UTC) <= at <= START
    copy = Copy(CaptureSource.COMMON_CRAWL, URL, START, URL, byte_range=(0, 9))
    common_crawl.unpack(PAGE, Answer(URL, START, 0, status=206, headers=answer.headers, body=b"x"), copy, Bounds())


@settings(deadline=None)
@given(
    st.integers(100, 599),
    st.one_of(ANY, any_object("job_id", "status", "status_ext", "message", "timestamp", "exception")),
)
def test_any_answer_of_save_page_now_leaves_a_push_that_can_be_kept(status: int, value: Any) -> None:
    body = json.dumps(value).encode()
    asked = save_page_now.after_asking(PushRow(), save_page_now.read_asked(status, body), START)
    running = PushRow(PushState.PENDING, 1, START, START, job_id="spn2-" + "a" * 20)
    heard = save_page_now.after_polling(running, save_page_now.read_status(status, body), START)

    for push in (asked, heard):
        for at in (push.asked_at, push.not_before, push.made_at, push.checked_at):
            assert at is None or stamp(at)
        assert len(push.job_id or "") <= 64
        assert len(push.reason) <= 1_000


# ─── too deep, too long, too many ───────────────────────────────────────────────────────────────


ROW = json.dumps(["20231006120000", URL, "text/html", "200", "A" * 32])
TOO_MUCH = {
    "a million rows": b"[" + json.dumps(HEADER).encode() + b"," + b",".join([ROW.encode()] * 200_000) + b"]",
    "empty lists": b"[" + b"[]," * 5_000_000 + b"[]]",
    "100,000 deep": DEEP,
    "a number of 10,000 digits": b"[[" + b"9" * 10_000 + b"]]",
    "one text": b'[["' + b"x" * 15_000_000 + b'"]]',
}


@pytest.mark.parametrize("name", TOO_MUCH)
def test_an_index_that_is_too_much_is_refused_by_name(name: str) -> None:
    with pytest.raises(NotAnIndex, match="index answers with"):
        wayback.read_index(PAGE, TOO_MUCH[name])
    with pytest.raises(NotAnIndex, match="index answers with"):
        common_crawl.read_index(PAGE, TOO_MUCH[name])
    with pytest.raises(NotAnIndex):
        common_crawl.read_crawls(TOO_MUCH[name])
    assert wayback.count_rows(TOO_MUCH[name]) == 0


def test_of_endless_mementos_the_first_are_taken() -> None:
    one = '<https://arquivo.pt/wayback/{}/{}>; rel="memento"; datetime="Fri, 06 Oct 2023 12:00:00 GMT"'
    many = ",\n".join(one.format(20230101000000 + number, URL) for number in range(20_000)).encode()

    assert 1_000 <= len(memento.read(PAGE, many, "https://arquivo.pt/x").copies) <= 5_000
    with pytest.raises(NotAnIndex, match="more than"):
        memento.read(PAGE, many * 10, "https://arquivo.pt/x")


@pytest.mark.parametrize(
    "answer",
    [b"<h2" * 300_000, b"<h2>Sorry</h2>" + b"<p" * 300_000, b"same snapshot had been made " + b" \n" * 400_000],
)
def test_no_page_of_save_page_now_takes_long_to_read(answer: bytes) -> None:
    begun = datetime.now(UTC)
    save_page_now.read_asked(200, answer)

    assert datetime.now(UTC) - begun < timedelta(seconds=5)


# ─── files ──────────────────────────────────────────────────────────────────────────────────────


@settings(deadline=None)
@given(any_object("startedDateTime", "request", "response"), ANY, ANY, TEXTS)
def test_any_entry_of_a_recording_is_read_or_refused(entry: dict[str, Any], status: Any, body: Any, name: str) -> None:
    answer = {"status": status, "headers": [{"name": name, "value": body}], "content": {"text": body, "mimeType": name}}
    whole = {"startedDateTime": name, "request": {"url": URL}, "response": answer}
    for one in (entry, whole):
        with suppress(UnusableFile):
            document = BytesIO(json.dumps({"log": {"entries": [one]}}).encode())
            for found in har.read(document, lambda _: True, Bounds(), Counter()):
                assert found.at is None or stamp(found.at)
                assert found.status is None or 100 <= found.status <= 599


@settings(deadline=None)
@given(TEXTS, TEXTS, st.binary(max_size=60))
def test_any_field_of_a_file_is_read_or_refused(field: str, date: str, noise: bytes) -> None:
    said, at = field.encode("utf-8", "replace"), date.encode("utf-8", "replace")
    record = b"WARC/1.0\r\nWARC-Type: response\r\nWARC-Target-URI: %s\r\nWARC-Date: %s\r\nContent-Length: %s"
    record += b"\r\n\r\n%s"
    saved = b"Date: %s\r\nContent-Type: multipart/related; boundary=%s\r\n\r\n--%s\r\nContent-Type: text/html\r\n\r\n"
    saved += b"%s--%s--"
    whole = saved % (at, b"b", b"b", noise + b"\r\n", b"b")
    for found in (
        warc.read(BytesIO(record % (URL.encode(), at, said, noise)), lambda _: True, Bounds(), Counter()),
        mhtml.read(saved % (at, said, said, noise, said), lambda _: True, Bounds(), Counter()),
        mhtml.read(whole, lambda _: True, Bounds(), Counter()),
    ):
        with suppress(UnusableFile):
            assert all(one.at is None or stamp(one.at) for one in found)
