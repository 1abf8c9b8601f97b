"""The words of notices: a line each."""

from __future__ import annotations

from typing import assert_never

from archiver.commands.listening import About, Notice
from archiver.text import safe


def notice_line(notice: Notice) -> str:
    """What a notice says, for people."""
    of, other = safe(notice.of, 400), safe(notice.other, 400)
    match notice.about:
        case About.NO_CONTACT:
            where = of or "~/.config/archiver/archiver.toml, with the [[sources]] that you keep"
            return f"No contact is set, so the site cannot tell who asks: set network.contact (URL or mail) in {where}."
        case About.DUMPED:
            return f"{of}: read back from a dump, which loses the mark of an archive; it is marked again."
        case About.CHANGED:
            return f"Changed: {of}; `archiver verify` goes on saying so."
        case About.PUT_BACK:
            return f"Put back: {of}"
        case About.MENDED:
            return f"Repaired: {of}"
        case About.NOT_NAMED:
            return f"{of}: the config names it no longer, so it is asked no more; nothing is deleted"
        case About.NAMED:
            return f"{of}: kept from now on, also by `archiver fetch` alone; `archiver forget` takes it back"
        case About.PACKAGED_KEPT:
            return f"No config of your own: what the packaged one names is kept, {of}."
        case About.PACKAGED_LEFT:
            return f"No config of your own: kept is what you named ({of}), not what the packaged one names, {other}."
        case _:
            assert_never(notice.about)
