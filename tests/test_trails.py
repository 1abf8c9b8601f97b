"""Redirects inside a recording: whatever the order of its responses, each picture is followed as a visit would."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from archiver import ithome
from archiver.commands.trails import Hop, Trails
from archiver.formats.files import File, Format
from archiver.formats.found import Found
from archiver.model import Address

NOW = datetime(2026, 11, 24, tzinfo=UTC)
MOST = 3
FILE = File(Path("x.warc"), "x.warc", Format.WARC, 1, "0" * 64, NOW)
PLACES = [f"https://pictures.example/{number}.png" for number in range(7)]
SHOWN = frozenset(PLACES[:3])


def root(url: str) -> Address | None:
    address = ithome.image_address(url)
    return address if address is not None and address.url in SHOWN else None


def answer(place: int, target: int | None) -> Found:
    url = PLACES[place]
    if target is None:
        return Found(url, b"picture", NOW, "", 200)
    return Found(url, None, NOW, "", 302, (("location", PLACES[target]),))


def followed(responses: list[Found]) -> list[Hop]:
    """Every step that a file of these gives, read again while something is missing, as `importing` does."""
    trails = Trails(root, MOST)
    for found in responses:
        if trails.wants(found.url):
            trails.note(found, FILE)
    before: frozenset[str] = frozenset()
    while (unseen := trails.unseen()) != before:
        for found in responses:
            if trails.is_unseen(found.url, unseen):
                trails.note(found, FILE)
        before = unseen
    return [step for found in responses if trails.wants(found.url) for step in trails.steps(found, FILE, NOW)]


def ends(answers: dict[int, int | None], place: int) -> tuple[int, int] | None:
    """Where a visit ends that begins at a place, and after how many redirects; None where it gets no picture."""
    seen = [place]
    while (target := answers.get(place, -1)) is not None:
        if target == -1 or target in seen or len(seen) > MOST:
            return None
        place = target
        seen.append(place)
    return place, len(seen) - 1


@given(
    st.dictionaries(st.integers(0, 6), st.none() | st.integers(0, 6), min_size=1),
    st.randoms(use_true_random=False),
)
def test_each_picture_is_followed_as_a_visit_would_be_whatever_the_order(
    answers: dict[int, int | None], random: object
) -> None:
    responses = [answer(place, target) for place, target in answers.items()]
    random.shuffle(responses)  # type: ignore[attr-defined]
    steps = followed(responses)

    for place, url in enumerate(PLACES[:3]):
        own = [step for step in steps if step.address.url == url]
        expected = ends(answers, place)
        got = [(PLACES.index(step.found.url), step.hop) for step in own if step.answer.body == b"picture"]
        assert got == ([] if expected is None else [expected])
        assert bool(own) == (place in answers), "what is shown and answered is told, whatever became of it"
        if expected is not None:
            assert [step.hop for step in own] == list(range(expected[1] + 1))
            assert [step.final for step in own] == [False] * expected[1] + [True]
        else:
            assert all(step.final or step.answer.status == 302 for step in own)
