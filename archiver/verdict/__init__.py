"""What one answer is, and what many answers mean over time. Pure: no I/O, and `now` is an argument.

`judge` looks at one answer; `believe` folds outcomes, in order, into a state; `when_due` says when to look again;
`better_source` and `mass_absence` are the two rules that keep bad news from destroying good. The law is docs/law.md.
"""

from archiver.verdict.believing import (
    GUARD_AT_LEAST,
    LAW,
    believe,
    better_source,
    enough_witnesses,
    mass_absence,
    rests,
    silence_s,
    when_due,
)
from archiver.verdict.judging import HELD_ALREADY, JUDGE, is_placeholder, judge, may_lead_to

__all__ = [
    "GUARD_AT_LEAST", "HELD_ALREADY", "JUDGE", "LAW", "believe", "better_source", "enough_witnesses", "is_placeholder",
    "judge", "mass_absence", "may_lead_to", "rests", "silence_s", "when_due",
]  # fmt: skip
