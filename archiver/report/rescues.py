"""What a rescue came to: what was found with whom, what was not and why, what to do next."""

from __future__ import annotations

from archiver.commands.rescuing import Rescued
from archiver.commands.searching import Findings
from archiver.model import Kind
from archiver.report.copies import HOLDERS
from archiver.report.runs import Summary, interrupted, iso, summary_of
from archiver.report.status import counted, held_lines, image_note
from archiver.text import safe


def summary(rescued: Rescued) -> Summary:
    """What was rescued from where, what was not and why, and how all stands."""
    looked = rescued.looked
    told = {
        "rescued": [
            {"id": one.wanted.address.article_id, "page": one.wanted.address.url, "source": one.source, "url": one.url,
             "made_at": iso(one.made_at)}
            for one in looked.found if one.source is not None
        ],
        "not_found": [
            {"id": one.wanted.address.article_id, "page": one.wanted.address.url, "said": one.said,
             "look_at": one.for_people, "copies_left": one.left}
            for one in looked.found if one.source is None
        ],
        "refused_hosts": looked.refused, "down_hosts": looked.down,
    }  # fmt: skip
    found = rescued.closed.found
    images = [image_note(found.images[row.id]) for row in found.series if row.id in found.images]
    return summary_of(rescued.closed, [*_lines(rescued), *held_lines(found), *images], told)


def _lines(rescued: Rescued) -> list[str]:
    """What happened, what is still missing, what to do next: a line each."""
    result, options, ended_by = rescued.looked, rescued.options, rescued.closed.ended_by
    lines = interrupted(rescued.closed, "everything rescued so far is stored")
    if not result.found and ended_by == "finished":
        known = "No part is missing" if rescued.whole else "No part that is known is missing"
        lines.append(f"{known}: there is nothing to rescue.")
    asked_for = f"{counted(len(result.found), 'part')} asked for"
    if options.history:
        kept = sum(found.versions for found in result.found)
        lines.append(f"{asked_for}; {counted(kept, 'version')} kept that had not been held.")
    elif options.check:
        lines.append(f"{asked_for}; `archiver status --copies` shows who holds what.")
    else:
        lines += [_rescued(one) for one in result.found if one.source is not None]
        lines += [line for one in result.found if one.source is None for line in _not_found(one)]
    others = "; the others were asked" if result.answered and ended_by == "finished" else ""
    lines += [f"{safe(why, 300)}{others}." for why in (*result.down.values(), *result.refused.values())]
    if result.is_unheard():
        lines.append("No archive answered: nothing changed. Run the same command again later.")
    left = sum(one.left for one in result.found if one.source is None or options.history)
    if left and ended_by == "finished":
        lines.append(f"Copies that are named and were not tried yet: {left}. Run the same command again to go on.")
    if ended_by == "limit":
        lines.append("Stopped at the limit of requests. Run the same command again to go on.")
    return lines


def _rescued(found: Findings) -> str:
    when = f", of {found.made_at:%Y-%m-%d}" if found.made_at else ""
    lost = " (its punctuation is lost)" if found.source == "feed" else ""
    return f"rescued: {_name(found)}: {HOLDERS[str(found.source)]}{when}{lost}: {safe(found.url)}"


def _not_found(found: Findings) -> list[str]:
    why = "; ".join(dict.fromkeys(found.said)) or "nobody was asked"
    look = ", ".join(safe(url) for url in dict.fromkeys(found.for_people))
    return [f"no copy: {_name(found)}: {safe(why, 600)}", f"  a person may look at {look}"]


def _name(found: Findings) -> str:
    address = found.wanted.address
    return str(address.article_id) if address.kind is Kind.ARTICLE else safe(address.url)
