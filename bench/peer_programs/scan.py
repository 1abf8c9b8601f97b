"""Looks for words as anybody does who has texts in SQLite: LIKE over all of them; prints the CPU seconds a word.

python scan.py FILE WORD...
"""

from __future__ import annotations

import json
import sqlite3
import sys
import time


def main(arguments: list[str]) -> int:
    """Ask for each word once; the file was read by a scan before."""
    database = sqlite3.connect(arguments[0])
    asked = "SELECT id FROM articles WHERE title LIKE ?1 OR body_text LIKE ?1"
    database.execute(asked, ["%nothing of the kind%"]).fetchall()
    costs = {}
    for word in arguments[1:]:
        start = time.process_time()
        hits = len(database.execute(asked, [f"%{word}%"]).fetchall())
        costs[word] = (time.process_time() - start, hits)
    print(json.dumps(costs, ensure_ascii=False))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
