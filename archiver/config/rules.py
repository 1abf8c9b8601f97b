"""The numbers that the verdict is given."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Rules:
    """The numbers of the verdict (config `[judgement]`)."""

    absences: int = 3
    absence_gap_days: float = 3.0
    mass_absence_days: float = 30.0  # a mass absence that lasts so long is believed after all
    control_days: float = 1.0  # least time between two control requests


@dataclass(frozen=True, slots=True)
class Schedule:
    """When a page is due again. Days."""

    index_days: float = 7.0
    series_days: float = 1.0
    feed_days: float = 1.0
    new_part_days: float = 1.0  # parts published less than `settle_days` ago
    settle_days: float = 14.0
    part_days: float = 30.0
    image_days: float = 365.0  # an image that is held; its bytes hardly ever change
    link_days: float = 90.0  # an outside link, with --check-links
    suspect_days: float = 3.0
    gone_days: float = 30.0
    refused_host_days: float = 0.04  # about an hour: the rest of a host that refused us until we stopped
    failed_days: float = 0.04  # about an hour, after a refusal or a second fault; doubles with every further one
