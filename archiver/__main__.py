"""The program: `archiver`, or `python -m archiver`."""

from __future__ import annotations

import sys
from contextlib import suppress

from archiver import interruption


def main() -> None:
    """Run the command line and exit with its code; what a user can mend is one line, never a traceback."""
    try:
        interruption.catch()  # before the rest is imported
        from archiver.cli import run

        with suppress(AttributeError, ValueError):
            for stream in (sys.stdout, sys.stderr):
                stream.reconfigure(errors="replace")  # type: ignore[union-attr]  # an ASCII terminal shows ? for Chinese
        code = run(sys.argv[1:])
        interruption.no_more()
    except KeyboardInterrupt as interrupted:
        sys.stderr.write(interruption.WORDS + "\n")
        code = interruption.code_of(interrupted)
    sys.exit(code)


if __name__ == "__main__":
    main()
