"""What Save Page Now says of us or of itself, in every wording: it ends the run, and no part pays for it."""

from __future__ import annotations

import json

import pytest
from depths import deeper
from pushers import ONE, SAVE, Pusher
from rescuers import PARTS

from archiver.holders.save_page_meaning import Said
from archiver.holders.save_page_now import read_asked, read_status

DAY, HOUR = 86_400.0, 3_600.0


def message(words: str, **more: str) -> bytes:
    return json.dumps({"message": words, **more}).encode()


def sorry(words: str) -> bytes:
    return f"<html><head><title>Save Page Now</title></head><body><h2>Sorry</h2><p>{words}</p></body></html>".encode()


# ─── words ──────────────────────────────────────────────────────────────────────────────────────

LIMITS = [  # as they were reported, and made up in their likeness
    ("You have reached your daily not-logged-in captures limit of (200,) webpages, log in to archive more.", DAY),
    ("You cannot make more than (300,) captures per day.", DAY),
    ("You cannot make more than 30,000 captures per day.", DAY),
    ("You have already reached the limit of active Save Page Now sessions.", 300.0),
    ("You have already reached the limit of 5 active sessions. Please wait for a minute and then try again.", 60.0),
    ("Save Page Now limits saving 15 URLs per minutes. Try waiting for 5 minutes and then try again.", 300.0),
    ("Your account has used up its quota for today.", DAY),
    ("This host has been already captured 100,000 times today. Please try again tomorrow.", DAY),
    ("Slow down! Come back in 2 hours.", 2 * HOUR),
    ("Monthly allowance spent", DAY),
    ("The target host has received too many requests from SPN and it is blocking it.", HOUR),
    ("Your IP address has been banned for abuse.", HOUR),
    ("We are overloaded at the moment", HOUR),
    ("Maximum number of captures reached", HOUR),
    ("Please wait 10 minutes before the next capture", 600.0),
    ("Captures are suspended", HOUR),
    ("No more captures for https://example.org/not-found-robots", HOUR),
]


@pytest.mark.parametrize(("words", "rest_s"), LIMITS, ids=[words[:40] for words, _ in LIMITS])
def test_a_limit_is_known_by_its_meaning(words: str, rest_s: float) -> None:
    answers = [
        read_asked(200, message(words)),
        read_asked(200, message(words, status="error")),
        read_asked(200, message(words, status="error", status_ext="error:a-new-one")),
        read_asked(400, message(words)),
        read_asked(200, sorry(words)),
        read_asked(200, json.dumps({"error": {"detail": words}}).encode()),
        read_status(200, message(words)),
        read_status(200, message(words, status="error", status_ext="error:a-new-one")),
    ]

    assert {told.said for told in answers} == {Said.LIMIT}
    assert {told.rest_s for told in answers} == {rest_s}


@pytest.mark.parametrize(
    "words",
    ["You need to be logged in to use Save Page Now.", "Please sign in first", "An account is required.",
     "Invalid S3 keys", "Not authorized"],
)  # fmt: skip
def test_a_demand_for_an_account_is_known_by_its_meaning(words: str) -> None:
    answers = [read_asked(401, message(words)), read_asked(200, message(words)), read_asked(200, sorry(words)),
               read_asked(401, b""), read_asked(403, message(words)), read_status(200, message(words))]  # fmt: skip

    assert {told.said for told in answers} == {Said.KEYS}


@pytest.mark.parametrize(
    "words",
    ["Couldn't resolve host for https://example.org/.", "The page is blocked by robots.txt",
     "Target URL not found: https://example.org/limit (HTTP status=404).", "https://x URL syntax is not valid.",
     "This URL is in the Save Page Now service block list and cannot be captured.",
     "Target URL could not be accessed (status=403).", "Too many redirects (more than 60) for this URL."],
)  # fmt: skip
def test_a_message_about_the_page_itself_is_one(words: str) -> None:
    answers = [read_asked(200, message(words)), read_asked(200, message(words, status="error")),
               read_asked(200, sorry(words)), read_asked(400, message(words)),
               read_status(200, message(words, status="error"))]  # fmt: skip

    assert {told.said for told in answers} == {Said.LASTING}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("This URL cannot be archived at this time", Said.PASSING), ("No response from target server", Said.PASSING),
        ("Bad Gateway (HTTP status=502).", Said.PASSING), ("Job not found", Said.UNCLEAR),
        ("Account not found", Said.KEYS), ("Words that nobody has heard", Said.UNCLEAR),
        ("Live page is not available: chrome-error://chromewebdata/", Said.UNCLEAR),
        ("You need to log in (HTTP status=401).", Said.KEYS),
        ("This URL has been already captured 10 times today. Please try again tomorrow.", Said.ACCEPTED),
    ],
)  # fmt: skip
def test_what_is_not_clearly_lasting_of_the_page_is_not_final(words: str, said: Said) -> None:
    assert read_asked(200, message(words)).said is said


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("max-daily-bandwidth", Said.LIMIT), ("max-daily-bandwidth-from-ip", Said.LIMIT),
        ("max-daily-bandwidth-host", Said.LIMIT), ("too-many-daily-captures-host", Said.LIMIT),
        ("user-session-limit", Said.LIMIT), ("blocked-client-ip", Said.LIMIT), ("too-many-requests", Said.LIMIT),
        ("max-weekly-captures-of-user", Said.LIMIT), ("quota-used-up", Said.LIMIT), ("rate-limited", Said.LIMIT),
        ("login-required", Said.KEYS), ("user-not-logged-in", Said.KEYS), ("something-new", Said.UNCLEAR),
        ("capture-location-error", Said.TROUBLE), ("no-captures", Said.TROUBLE), ("celery", Said.TROUBLE),
        ("soft-time-limit-exceed", Said.TROUBLE), ("soft-time-limit-exceeded", Said.TROUBLE),
        ("job-failed", Said.TROUBLE), ("cannot-fetch", Said.TROUBLE),
        ("bad-gateway", Said.PASSING), ("too-many-daily-captures", Said.ACCEPTED), ("not-found", Said.LASTING),
        ("too-many-redirects", Said.LASTING), ("filesize-limit", Said.LASTING),
    ],
)  # fmt: skip
def test_a_code_speaks_of_the_page_of_us_or_of_the_service(code: str, said: Said) -> None:
    body = json.dumps({"status": "error", "status_ext": f"error:{code}", "message": ""}).encode()

    assert read_asked(200, body).said is said
    assert read_status(200, body).said is said


@pytest.mark.parametrize("status", [400, 402, 403, 404, 405, 418, 429, 500, 502, 503, 520])
@pytest.mark.parametrize("body", [b"", b"{}", b"<html><title>Internet Archive</title><p>Page not found</p></html>"])
def test_a_status_alone_never_speaks_of_the_page(status: int, body: bytes) -> None:
    for told in (read_asked(status, body), read_status(status, body)):
        assert told.said in {Said.LIMIT, Said.UNCLEAR, Said.DOWN, Said.FORGOTTEN, Said.KEYS}
        assert (told.said is Said.DOWN) == (status >= 500)


def test_a_job_that_begins_late_is_a_job() -> None:
    words = "The capture will start in ~10 hours because our service is currently overloaded."

    assert read_asked(200, message(words, job_id="spn2-0123456789abcdef")).said is Said.ACCEPTED


# ─── the run ────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("status", "body", "when"),
    [
        (200, message("You cannot make more than (300,) captures per day."), "2026-12-24 12:00"),
        (200, sorry("You have reached your daily not-logged-in captures limit of (200,) webpages"), "2026-12-24 12:00"),
        (200, b"<html><title>Internet Archive</title><h1>Services are offline</h1></html>", "2026-12-23 13:00"),
        deeper(200, message("Words that nobody has heard"), "2026-12-23 13:00"),
        deeper(200, message("Not this time", status="error", status_ext="error:of-a-new-kind"), "2026-12-23 13:00"),
        (200, b"Your daily captures are used up", "2026-12-24 12:00"),
        deeper(403, b"<h1>403 Forbidden</h1>", "2026-12-23 13:00"),
        (429, b"", "2026-12-23 13:00"),
        (500, b"", "2026-12-23 12:05"),
        deeper(502, b"<h1>502 Bad Gateway</h1>", "2026-12-23 12:05"),
    ],
)  # fmt: skip
def test_one_answer_that_is_not_about_the_page_ends_the_run_and_keeps_the_queue(
    pusher: Pusher, capsys: pytest.CaptureFixture[str], status: int, body: bytes, when: str
) -> None:
    pusher.archives.faults.replies("web.archive.org/save", body, status=status)

    assert pusher.push("5943", "-q") == 4
    out = capsys.readouterr().out
    assert f"Come back after {when} UTC" in out
    assert "The queue is kept." in out
    assert pusher.asked() == [f"POST {SAVE}"]
    assert pusher.rows("SELECT DISTINCT state, attempts FROM pushes") == [("queued", 0)]
    assert pusher.push("5943", "-q") == 4
    assert len(pusher.asked()) == 1, "it rests"
    pusher.archives.faults.clear()
    pusher.clock.advance(hours=25)
    assert pusher.push("5943", "-q") == 0


def test_without_keys_one_request_tells_that_an_account_is_wanted_and_how_to_get_it(
    pusher: Pusher, capsys: pytest.CaptureFixture[str]
) -> None:
    pusher.archives.save_page_now.anonymous = 0

    for runs in (1, 2):
        assert pusher.push("5943", "-q") == 4
        out = capsys.readouterr().out
        assert "Save Page Now asks for an account" in out
        assert "https://archive.org/account/s3.php" in out
        assert "ARCHIVER_SPN_KEY" in out
        assert "set the keys, and run the same command again" in out
        assert pusher.asked() == [f"POST {SAVE}"] * runs
    assert {state for state, _ in pusher.pushes().values()} == {"queued"}


def test_a_redirect_to_a_login_asks_for_an_account(pusher: Pusher, capsys: pytest.CaptureFixture[str]) -> None:
    pusher.archives.faults.redirect("web.archive.org/save", "https://archive.org/account/login?referer=x")

    assert pusher.push("5943", "-q") == 4
    assert "Save Page Now asks for an account" in capsys.readouterr().out
    assert pusher.asked() == [f"POST {SAVE}"]


def test_a_429_that_asks_for_no_rest_has_a_minute(pusher: Pusher) -> None:
    pusher.archives.faults.rate_limit("web.archive.org/save", 0, times=1)
    assert pusher.push(str(ONE), "-q") == 4
    pusher.clock.advance(seconds=50)
    assert pusher.push(str(ONE), "-q") == 4
    pusher.clock.advance(seconds=11)
    assert pusher.push(str(ONE), "-q") == 0


def test_a_limit_without_keys_is_none_for_an_account(pusher: Pusher, monkeypatch: pytest.MonkeyPatch) -> None:
    words = "You have reached your daily not-logged-in captures limit of (200,) webpages"
    pusher.archives.faults.replies("web.archive.org/save", message(words), times=1)
    assert pusher.push(str(ONE), "-q") == 4

    monkeypatch.setenv("ARCHIVER_SPN_KEY", "access")
    monkeypatch.setenv("ARCHIVER_SPN_SECRET", "secret")
    assert pusher.push(str(ONE), "-q") == 0


@pytest.mark.parametrize("code", ["capture-location-error", "no-captures", "soft-time-limit-exceeded", "job-failed"])
def test_a_fault_of_the_service_never_refuses_a_part(pusher: Pusher, code: str) -> None:
    body = message("It went wrong", status="error", status_ext=f"error:{code}")
    pusher.archives.faults.replies("web.archive.org/save/status*", body, "application/json")

    for _ in range(5):
        assert pusher.push(str(ONE), "-q") == 3
        pusher.clock.advance(hours=2)
    assert pusher.rows("SELECT state, attempts FROM pushes") == [("queued", 0)]
    pusher.archives.faults.clear()
    assert pusher.push(str(ONE), "-q") == 0


def test_three_faults_of_the_service_in_a_row_end_the_run(pusher: Pusher, capsys: pytest.CaptureFixture[str]) -> None:
    body = message(
        "Cannot fetch the target URL due to system overload", status="error", status_ext="error:cannot-fetch"
    )
    pusher.archives.faults.replies("web.archive.org/save", body, "application/json")

    assert pusher.push("5943", "-q") == 4
    assert "Save Page Now is in trouble" in capsys.readouterr().out
    assert pusher.saves() == 3
    assert pusher.rows("SELECT DISTINCT state, attempts FROM pushes") == [("queued", 0)]


def test_an_answer_that_nobody_understands_does_not_hold_up_the_others(pusher: Pusher) -> None:
    pusher.archives.faults.replies("web.archive.org/save", message("Bla"), times=1)
    assert pusher.push("5943", "-q") == 4
    first = next(number for number, (_, reason) in pusher.pushes().items() if reason == "Bla")
    pusher.clock.advance(hours=2)

    assert pusher.push("5943", "-q") == 0
    asked = pusher.rows("SELECT article_id FROM pushes JOIN pages ON pages.id = page_id ORDER BY asked_at")
    assert [number for (number,) in asked][-1] == first


def test_a_job_that_is_pending_for_ever_is_looked_for_in_the_index(pusher: Pusher) -> None:
    body = json.dumps({"url": "x", "job_id": "spn2-0123456789abcdef"}).encode()  # which the service forgot at once
    pusher.archives.faults.replies("web.archive.org/save", body, "application/json", times=1)

    assert pusher.push(str(ONE), "-q") == 3
    pusher.clock.advance(hours=2)
    assert pusher.push(str(ONE), "-q") == 3
    assert pusher.pushes()[ONE] == ("pending", "the index of the Wayback Machine does not show it yet")
    polls = len(pusher.asked("/save/status/"))
    pusher.clock.advance(days=8)
    assert pusher.push(str(ONE), "-q") == 0
    assert len(pusher.asked("/save/status/spn2-0123")) == polls


def test_an_excluded_site_is_refused_after_one_question(pusher: Pusher, capsys: pytest.CaptureFixture[str]) -> None:
    blocked = (("x-archive-wayback-runtime-error", "AdministrativeAccessControlException: Blocked Site Error"),)
    pusher.archives.faults.replies("web.archive.org/*", b"", status=403, headers=blocked)

    assert pusher.push("5943", "-q") == 3
    assert "Blocked Site Error" in capsys.readouterr().out
    assert pusher.asked() == [f"POST {SAVE}"]
    assert {state for state, _ in pusher.pushes().values()} == {"refused"}


def test_a_site_that_is_excluded_while_its_captures_are_pending_is_refused(pusher: Pusher) -> None:
    pusher.archives.shelf.excluded.add("ithelp.ithome.com.tw")

    assert pusher.push("5943", "-q") == 3
    assert {state for state, _ in pusher.pushes().values()} == {"refused"}
    assert len(pusher.asked("/cdx/")) == 1


@pytest.mark.parametrize("status", [429, 503])
def test_a_captured_refusal_of_the_site_is_a_mismatch_and_asked_for_once(pusher: Pusher, status: int) -> None:
    headers = (("Memento-Datetime", "Wed, 23 Dec 2026 12:00:00 GMT"),)
    pusher.archives.faults.replies("web.archive.org/web/2*", b"<h1>no</h1>", status=status, headers=headers)

    assert pusher.push(str(ONE), "-q") == 3
    assert pusher.pushes()[ONE][0] == "mismatch"
    assert len(pusher.asked("/web/2")) == 1


def test_a_limit_that_is_told_of_a_job_leaves_it_pending(pusher: Pusher) -> None:
    pusher.archives.faults.replies("web.archive.org/save/status*", message("Too many questions"), status=429, times=1)

    assert pusher.push("5943", "-q") == 4
    assert sorted(state for state, _ in pusher.pushes().values()).count("pending") >= 1
    pusher.clock.advance(hours=2)
    assert pusher.push("5943", "-q") == 0
    assert len(pusher.archives.shelf.all()) == len(PARTS)


def test_the_plan_says_that_keys_are_wanted(pusher: Pusher, capsys: pytest.CaptureFixture[str]) -> None:
    assert pusher.push("--dry-run") == 0
    assert "https://archive.org/account/s3.php" in capsys.readouterr().out
