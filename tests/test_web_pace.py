"""When the next request may start, and when a host is left alone."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from itertools import pairwise

import pytest
from fakes import START, FakeClock
from hypothesis import given
from hypothesis import strategies as st

from archiver.config import Network
from archiver.model import ABSENCES, REFUSALS, SUCCESSES, Kind, Outcome
from archiver.web.pace import Breaker, Heard, Pace, Trouble

NETWORK = Network(delay_s=2.0, jitter_s=0.02)
HOST, OTHER = "ithelp.ithome.com.tw", "blog.example"
SLACK = 1e-6  # of floating point


def starts_of(pace: Pace, clock: FakeClock, count: int, host: str = HOST) -> list[float]:
    starts = []
    for _ in range(count):
        pace.wait(host)
        starts.append(clock.monotonic())
    return starts


# ─── the pace ───────────────────────────────────────────────────────────────────────────────────


def test_the_first_request_to_a_host_does_not_wait() -> None:
    clock = FakeClock()
    pace = Pace(NETWORK, clock)

    assert pace.wait_s(HOST) == 0
    pace.wait(HOST)
    assert clock.elapsed == 0


def test_hosts_are_paced_each_for_itself() -> None:
    clock = FakeClock()
    pace = Pace(NETWORK, clock)
    pace.wait(HOST)

    assert pace.wait_s(HOST) >= 2.0
    assert pace.wait_s(OTHER) == 0


def test_origins_that_are_mapped_to_one_server_share_its_pace() -> None:
    here = "http://127.0.0.1:8765"
    pace = Pace(replace(NETWORK, connect_to={f"https://{HOST}": here, f"https://{OTHER}": here}), FakeClock())
    pace.wait(HOST)

    assert pace.wait_s(OTHER) >= 2.0


def test_the_delay_runs_from_the_start_and_not_from_the_answer() -> None:
    clock = FakeClock()
    pace = Pace(replace(NETWORK, jitter_s=0), clock)
    pace.wait(HOST)
    clock.advance(seconds=1.5)

    assert pace.wait_s(HOST) == pytest.approx(0.5)
    clock.advance(seconds=30)
    assert pace.wait_s(HOST) == 0


@pytest.mark.parametrize(("seconds", "later"), [(0.5, 0.5), (0.0, 0.0), (-5.0, 0.0), (1e9, 0.0)])
def test_a_late_start_moves_the_next_one_and_a_clock_that_was_set_does_not(seconds: float, later: float) -> None:
    pace = Pace(replace(NETWORK, jitter_s=0), FakeClock())
    pace.wait(HOST)
    pace.went_out(HOST, seconds)

    assert pace.wait_s(HOST) == pytest.approx(2.0 + later)


@pytest.mark.parametrize(("answered_s", "later"), [(0.0, 0.0), (0.003, 0.003), (0.02, 0.02), (5.0, 0.02), (None, 0.02)])
def test_the_host_may_have_heard_us_as_late_as_it_answered(answered_s: float | None, later: float) -> None:
    pace = Pace(NETWORK, FakeClock())
    pace.wait(HOST)
    pace.went_out(HOST, 0.0, answered_s)

    assert pace.wait_s(HOST) == pytest.approx(2.0 + later)


def test_what_a_host_takes_over_twice_as_long_as_of_late_is_added_whole() -> None:
    pace, waits = Pace(NETWORK, FakeClock()), []
    for answered_s in (0.3, 0.3, 0.8, 0.3, *[0.8] * 6):
        pace.wait(HOST)
        pace.went_out(HOST, 0.0, answered_s)
        waits.append(round(pace.wait_s(HOST) - 2.0, 6))

    assert waits == [0.02, 0.02, 0.8, 0.02, 0.8, 0.8, 0.8, 0.8, 0.02, 0.02], "and then it is what it takes"


TIMES = st.tuples(st.floats(0, 0.5), st.floats(0, 0.02), st.floats(0, 1))  # to connect, to the answer, heard between


@given(st.lists(TIMES, min_size=2, max_size=9))
def test_at_the_host_two_starts_are_never_closer_than_the_delay(requests: list[tuple[float, float, float]]) -> None:
    clock, heard = FakeClock(), []
    pace = Pace(NETWORK, clock)
    for connecting_s, answered_s, share in requests:
        pace.wait(HOST)
        clock.advance(seconds=connecting_s)
        heard.append(clock.elapsed + share * answered_s)
        clock.elapsed += answered_s
        pace.went_out(HOST, connecting_s, answered_s)

    assert all(later - sooner >= 2.0 - SLACK for sooner, later in pairwise(heard))


@pytest.mark.parametrize("count", [2, 31])
def test_a_run_takes_hardly_longer_than_its_delays(count: int) -> None:
    clock = FakeClock()
    starts_of(Pace(NETWORK, clock), clock, count)

    assert (count - 1) * 2.0 <= clock.elapsed <= 1.02 * (count - 1) * 2.0 + 2.0


def test_no_delay_is_no_wait() -> None:
    clock = FakeClock()
    starts_of(Pace(replace(NETWORK, delay_s=0, jitter_s=0), clock), clock, 5)

    assert clock.elapsed == 0


@pytest.mark.parametrize(
    ("ago_s", "wait_s"), [(0.0, 2.0), (0.5, 1.5), (2.0, 0.0), (3_600.0, 0.0), (-10.0, 2.0)],
    ids=["just now", "half a second ago", "long enough ago", "an hour ago", "in the future: a clock set back"],
)  # fmt: skip
def test_a_restart_remembers_the_last_start(ago_s: float, wait_s: float) -> None:
    pace = Pace(NETWORK, FakeClock(), {HOST: START - timedelta(seconds=ago_s)})

    assert pace.wait_s(HOST) == pytest.approx(wait_s)
    assert pace.wait_s(OTHER) == 0


def test_of_several_starts_at_one_server_the_last_counts() -> None:
    here = "http://127.0.0.1:8765"
    network = replace(NETWORK, connect_to={f"https://{HOST}": here, f"https://{OTHER}": here})
    for order in ([HOST, OTHER], [OTHER, HOST]):
        ago = {HOST: START - timedelta(seconds=1.9), OTHER: START - timedelta(seconds=0.5)}
        pace = Pace(network, FakeClock(), {host: ago[host] for host in order})
        assert pace.wait_s(HOST) == pytest.approx(1.5)


@pytest.mark.parametrize(("asked", "delay"), [(0.0, 2.0), (1.9, 2.0), (2.0, 2.0), (7.0, 7.0)])
def test_a_crawl_delay_can_only_slow(asked: float, delay: float) -> None:
    pace = Pace(NETWORK, FakeClock())
    pace.slow_down(HOST, asked)

    assert pace.delay_s(HOST) == delay
    assert pace.delay_s(OTHER) == 2.0


def test_a_crawl_delay_counts_from_the_request_that_told_of_it() -> None:
    pace = Pace(replace(NETWORK, jitter_s=0), FakeClock())
    pace.wait(HOST)
    pace.slow_down(HOST, 7.0)

    assert pace.wait_s(HOST) == pytest.approx(7.0)


def test_a_smaller_crawl_delay_later_does_not_hurry_again() -> None:
    pace = Pace(NETWORK, FakeClock())
    pace.slow_down(HOST, 7.0)
    pace.slow_down(HOST, 3.0)

    assert pace.delay_s(HOST) == 7.0


@pytest.mark.parametrize(("seconds", "wait"), [(90.0, 90.0), (None, 20.0), (0.5, 2.0), (0.0, 2.0)])
def test_a_rest_holds_the_whole_host_and_is_never_shorter_than_the_delay(seconds: float | None, wait: float) -> None:
    pace = Pace(replace(NETWORK, jitter_s=0), FakeClock())
    pace.wait(HOST)
    pace.rest(HOST, seconds)

    assert pace.wait_s(HOST) == pytest.approx(wait)
    assert pace.wait_s(OTHER) == 0


def test_a_short_rest_does_not_end_a_long_one() -> None:
    pace = Pace(NETWORK, FakeClock())
    pace.rest(HOST, 100.0)
    pace.rest(HOST, 1.0)

    assert pace.wait_s(HOST) == pytest.approx(100.0)


HOSTS = st.sampled_from([HOST, OTHER])
ACTS = st.one_of(
    st.tuples(st.just("wait"), HOSTS, st.just(0.0)),
    st.tuples(st.just("pass"), HOSTS, st.floats(0, 10)),
    st.tuples(st.just("slow"), HOSTS, st.floats(0, 9)),
    st.tuples(st.just("rest"), HOSTS, st.floats(0, 50)),
)


@given(
    st.lists(ACTS, max_size=40), st.floats(0.1, 5), st.floats(0, 1),
    st.dictionaries(HOSTS, st.floats(-5, 10)),
)  # fmt: skip
def test_two_starts_on_a_host_are_never_closer_than_the_delay(
    acts: list[tuple[str, str, float]], delay: float, jitter: float, ago: dict[str, float]
) -> None:
    clock = FakeClock()
    last_starts = {host: START - timedelta(seconds=seconds) for host, seconds in ago.items()}
    pace = Pace(replace(NETWORK, delay_s=delay, jitter_s=jitter), clock, last_starts)
    last = {host: clock.monotonic() - max(seconds, 0.0) for host, seconds in ago.items()}
    least = {HOST: delay, OTHER: delay}
    rests = {HOST: 0.0, OTHER: 0.0}
    for act, host, seconds in acts:
        if act == "pass":
            clock.advance(seconds=seconds)
        elif act == "slow":
            pace.slow_down(host, seconds)
            least[host] = max(least[host], seconds)
        elif act == "rest":
            pace.rest(host, seconds)
            rests[host] = max(rests[host], clock.monotonic() + seconds)
        else:
            pace.wait(host)
            now = clock.monotonic()
            assert host not in last or now - last[host] >= least[host] - SLACK
            assert now >= rests[host] - SLACK
            last[host] = now


# ─── the breaker ────────────────────────────────────────────────────────────────────────────────

RULES = replace(NETWORK, refusals=3, host_refusals=5, max_retry_after_s=120.0)


class Bench:
    def __init__(self, network: Network = RULES) -> None:
        self.clock = FakeClock()
        self.pace = Pace(network, self.clock)
        self.breaker = Breaker(network, self.clock, self.pace)

    def hear(self, outcome: Outcome, kind: Kind = Kind.ARTICLE, times: int = 1, after: float | None = None) -> None:
        for _ in range(times):
            self.breaker.heard(HOST, kind, outcome, after)

    def open_kinds(self, host: str = HOST) -> set[Kind]:
        return {kind for kind in Kind if self.breaker.closed(host, kind) is None}


@pytest.mark.parametrize("outcome", sorted(REFUSALS))
def test_refusals_in_a_row_close_one_kind_of_page_on_one_host(outcome: Outcome) -> None:
    bench = Bench()
    bench.hear(outcome, Kind.SERIES, times=2)
    assert bench.open_kinds() == set(Kind)

    bench.hear(outcome, Kind.SERIES)

    assert bench.open_kinds() == set(Kind) - {Kind.SERIES}
    assert bench.open_kinds(OTHER) == set(Kind)
    assert "refused 3 series pages" in (bench.breaker.closed(HOST, Kind.SERIES) or "")
    assert bench.breaker.closed_hosts() == {}


def test_refusals_of_every_kind_close_the_host() -> None:
    bench = Bench()
    for kind in (Kind.SERIES, Kind.ARTICLE, Kind.FEED, Kind.SERIES, Kind.ARTICLE):
        assert bench.open_kinds() == set(Kind)
        bench.hear(Outcome.FORBIDDEN, kind)

    assert bench.open_kinds() == set()
    assert bench.open_kinds(OTHER) == set(Kind)
    assert list(bench.breaker.closed_hosts()) == [HOST]


def test_series_pages_may_be_refused_while_articles_answer() -> None:
    bench = Bench()
    for _ in range(20):
        bench.hear(Outcome.FORBIDDEN, Kind.SERIES)
        bench.hear(Outcome.OK, Kind.ARTICLE)

    assert bench.open_kinds() == set(Kind) - {Kind.SERIES}
    assert bench.breaker.closed_hosts() == {}


@pytest.mark.parametrize("outcome", sorted(SUCCESSES | ABSENCES))
def test_an_answer_between_refusals_begins_the_count_anew(outcome: Outcome) -> None:
    bench = Bench()
    for _ in range(10):
        bench.hear(Outcome.FORBIDDEN, times=2)
        bench.hear(outcome)

    assert bench.open_kinds() == set(Kind)


@pytest.mark.parametrize("outcome", sorted(set(Outcome) - REFUSALS))
def test_what_is_no_refusal_closes_nothing(outcome: Outcome) -> None:
    bench = Bench()
    bench.hear(outcome, times=50)

    assert bench.open_kinds() == set(Kind)


@pytest.mark.parametrize("outcome", [Outcome.TIMEOUT, Outcome.SERVER_ERROR, Outcome.SKIPPED])
def test_what_says_nothing_about_refusal_does_not_begin_the_count_anew(outcome: Outcome) -> None:
    bench = Bench()
    for _ in range(3):
        bench.hear(Outcome.FORBIDDEN)
        bench.hear(outcome)

    assert Kind.ARTICLE not in bench.open_kinds()


@pytest.mark.parametrize(("after", "wait"), [(30.0, 30.0), (120.0, 120.0), (None, 20.0)])
def test_a_429_rests_the_host(after: float | None, wait: float) -> None:
    bench = Bench()
    bench.hear(Outcome.RATE_LIMITED, after=after)

    assert bench.open_kinds() == set(Kind)
    assert bench.pace.wait_s(HOST) == pytest.approx(wait)
    assert bench.pace.wait_s(OTHER) == 0


@pytest.mark.parametrize("outcome", [Outcome.RATE_LIMITED, Outcome.SERVER_ERROR, Outcome.FORBIDDEN])
def test_a_rest_longer_than_we_give_closes_the_host_at_once_and_says_when_to_come_back(outcome: Outcome) -> None:
    bench = Bench()
    bench.hear(outcome, after=86_400.0)

    assert bench.open_kinds() == set()
    assert bench.open_kinds(OTHER) == set(Kind)
    assert bench.breaker.come_back_at == START + timedelta(days=1)
    assert "86400 s" in bench.breaker.closed_hosts()[HOST]


def test_a_503_without_retry_after_rests_nobody() -> None:
    bench = Bench()
    bench.hear(Outcome.SERVER_ERROR, times=10)

    assert bench.pace.wait_s(HOST) == 0


def test_a_closed_host_stays_closed_whatever_it_says_later() -> None:
    bench = Bench()
    bench.hear(Outcome.FORBIDDEN, times=5)
    bench.hear(Outcome.OK)

    assert bench.open_kinds() == set()


def test_the_latest_of_several_times_to_come_back_counts() -> None:
    bench = Bench()
    for seconds in (300.0, 9_000.0, 600.0):
        bench.breaker.heard(f"{seconds}.example", Kind.INDEX, Outcome.RATE_LIMITED, seconds)

    assert bench.breaker.come_back_at == START + timedelta(seconds=9_000)


def test_a_host_can_be_closed_from_outside() -> None:
    bench = Bench()
    bench.breaker.close(HOST, "enough", bench.clock.now() + timedelta(hours=1))

    assert bench.open_kinds() == set()
    assert bench.breaker.closed_hosts() == {HOST: "enough"}


ANSWERS = st.lists(
    st.tuples(
        st.sampled_from([Kind.ARTICLE, Kind.SERIES, Kind.ROBOTS]),
        st.sampled_from([Outcome.OK, Outcome.NOT_FOUND, Outcome.FORBIDDEN, Outcome.CHALLENGE, Outcome.RATE_LIMITED,
                         Outcome.TIMEOUT, Outcome.SERVER_ERROR]),
        st.sampled_from([None, 5.0, 300.0]),
        st.floats(1, 120),
    ),
    max_size=30,
)  # fmt: skip


@given(ANSWERS)
def test_a_breaker_that_remembers_is_as_one_that_heard_it_all(
    answers: list[tuple[Kind, Outcome, float | None, float]],
) -> None:
    bench, heard = Bench(), []
    for kind, outcome, after, later in answers:
        if bench.breaker.closed(HOST, kind) is not None:
            break  # nobody asks on
        fails = Trouble.FAILED if outcome in {Outcome.TIMEOUT, Outcome.SERVER_ERROR} else None
        bench.breaker.heard(HOST, kind, outcome, after, trouble=fails)
        heard.append(Heard(HOST, kind, outcome, after, bench.clock.now(), fails))
        bench.clock.advance(seconds=later)
    next_run = Bench()
    next_run.clock.elapsed = bench.clock.elapsed
    next_run.breaker.remember(heard)

    running = [one for one in bench.breaker.closures() if one.until > bench.clock.now()]
    assert {(one.kind, one.until) for one in next_run.breaker.closures()} == {(one.kind, one.until) for one in running}
    assert next_run.pace.tries(HOST) == bench.pace.tries(HOST)
    assert next_run.pace.delay_s(HOST) == bench.pace.delay_s(HOST)
    assert next_run.pace.wait_s(HOST) == pytest.approx(bench.pace.wait_s(HOST))


def test_what_is_heard_from_a_clock_that_was_wrong_is_not_remembered() -> None:
    bench = Bench()
    ahead = START + timedelta(days=300)
    bench.breaker.remember([Heard(HOST, Kind.ARTICLE, Outcome.FORBIDDEN, None, ahead)] * 5)

    assert bench.open_kinds() == set(Kind)


def test_an_answer_in_a_later_run_lifts_the_rest() -> None:
    bench = Bench()
    refused = [Heard(HOST, Kind.ARTICLE, Outcome.FORBIDDEN, None, START)] * 3
    bench.breaker.remember([*refused, Heard(HOST, Kind.ARTICLE, Outcome.OK, None, START)])

    assert bench.open_kinds() == set(Kind)
