"""The program: `archiver`, or `python -m archiver`."""

from __future__ import annotations

import sys

LOST = 2  # the exit code where a command did its work and could not say so


def main() -> None:
    """Run the command line and exit with its code; what a user can mend is one line, never a traceback."""
    try:
        from archiver.machine import interruption, streams  # not above: Ctrl-C may come while they are imported

        interruption.catch()  # before the rest is imported
        streams.hold()
        from archiver.cli import run

        code = run(sys.argv[1:])
        interruption.no_more()
        lost = streams.failure()
        if lost is not None:
            sys.stderr.write(f"archiver: the output could not be written ({lost}); what was stored stays\n")
            code = code or LOST
    except KeyboardInterrupt as interrupted:
        from archiver.machine import interruption

        sys.stderr.write(interruption.WORDS + "\n")
        code = interruption.code_of(interrupted)
    sys.exit(code)


if __name__ == "__main__":
    main()
