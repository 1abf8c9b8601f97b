"""`archiver export`: out of the archive, in the formats of others."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from archiver.cli.frame import FilePath, archive_of, archiver, common, show, tell_demonstration

if TYPE_CHECKING:
    from pathlib import Path

    from archiver.machine.clock import Clock


class _Formats(click.Command):
    """Its help says which format is for whom, in the words of the formats themselves."""

    def format_help_text(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The text, and the formats."""
        from archiver.exports.formats import FORMATS

        super().format_help_text(ctx, formatter)
        with formatter.section("Formats"):
            formatter.write_dl([(one.name, one.for_whom) for one in FORMATS.values()])


@archiver.command(cls=_Formats, short_help="Make a book, a site or posts of it.")
@click.argument("name", metavar="FORMAT")
@click.argument("named", metavar="[SERIES|ID]", required=False)
@common
@click.option("--out", type=FilePath(), metavar="PATH", help="What to write. Default: named for the series, here.")
@click.option("--as-of", metavar="DATE", help="As it stood then: at the end of a day (UTC), or at a moment (ISO 8601).")
@click.option("--comments/--no-comments", default=True, show_default=True, help="With what readers said.")
@click.option("--lang", default="zh-TW", show_default=True, metavar="LANG", help="Of the words around: zh-TW, en.")
@click.option("--with-bodies", is_flag=True, help="Of parquet: with the texts of articles and comments.")
@click.option("--preset", default="plain", show_default=True, metavar="TOOL", help="Of markdown: plain, hugo, astro, …")
@click.option("--force", is_flag=True, help="Replace also what was changed since it was exported.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document that sums it up.")
@click.pass_obj
def export(
    clock: Clock | None, name: str, named: str | None, config_path: Path | None, db: Path | None, quiet: bool,
    out: Path | None, as_of: str | None, comments: bool, lang: str, with_bodies: bool, preset: str, force: bool,
    as_json: bool,
) -> int:  # fmt: skip
    """Export every series, or the one that a number or URL names, or one part.

    The archive is only read. The same archive gives the same bytes, and what stood at the place before is replaced in
    one step or not at all. Exit code 3: all was written, but a part is not held, which its page
    says, or may be unknown, or what is held is damaged.
    """
    from archiver.commands import exporting
    from archiver.exports.formats import ExportOptions
    from archiver.report import exports

    options = ExportOptions(comments=comments, lang=lang, with_bodies=with_bodies, preset=preset)
    found = exporting.export(
        archive_of(config_path, db), name, named, out=out, options=options, force=force, as_of=as_of, clock=clock
    )
    tell_demonstration(is_one=found.is_demonstration)
    return show(exports.summary(found), as_json=as_json)
