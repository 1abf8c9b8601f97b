"""Which redirect is followed, and why another is not: one law for live answers and for recordings. Pure."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import replace

from archiver import ithome
from archiver.model import Answer, Outcome
from archiver.text import line

FOLLOWED = frozenset({301, 302, 303, 307, 308})
"""The statuses that name another place for the same request (RFC 9110 §15.4)."""


def only_to_follow(
    answer: Answer, hop: int, seen: Collection[str], most: int, *,
    gate: Callable[[str], str | None], allowed: Callable[[str], bool], law: str = "network.max_redirects",
) -> Answer:  # fmt: skip
    """A redirect that may not be followed, with the reason as its failure; any other answer as it is.

    `hop` redirects were followed before, of at most `most`, by a `law`; `seen` are the URLs asked so far. `gate` says
    why a URL may not be contacted at all, `allowed` whether it can still be the page that was asked for.
    """
    if answer.failure is not None or not is_redirect(answer):
        return answer
    target = answer.location
    if answer.status not in FOLLOWED or target is None:
        return not_followed(answer, Outcome.PROTOCOL_ERROR, "leads nowhere")
    refused = gate(target)
    if refused is not None:
        return not_followed(answer, Outcome.OFF_SITE, refused)
    if ithome.denied(target) or not allowed(target):
        return not_followed(answer, Outcome.OFF_SITE, "another page or another site")
    if target in seen:
        return not_followed(answer, Outcome.PROTOCOL_ERROR, "in a circle")
    if hop >= most:
        return not_followed(answer, Outcome.PROTOCOL_ERROR, f"after {hop} redirects ({law})")
    return answer


def is_redirect(answer: Answer) -> bool:
    """Whether an answer sends to another place."""
    return answer.status is not None and 300 <= answer.status < 400 and answer.status != 304


def leads_on(answer: Answer) -> bool:
    """Whether it does, and is followed there."""
    return is_redirect(answer) and answer.failure is None


def not_followed(answer: Answer, outcome: Outcome, why: str) -> Answer:
    """A redirect as the last answer, with the reason why."""
    words = f"redirected to {line(answer.location or '(nowhere)', 300)}, not followed: {why}"
    return replace(answer, failure=outcome, error=words)
