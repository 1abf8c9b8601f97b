"""Runs one command and tells what it cost. Small, since the kernel counts what a process was forked from as its own.

python -I -S launch.py COST COMMAND...      writes exit status, CPU seconds, kilobytes, seconds to the file COST
"""

import os
import sys
import time

started = time.perf_counter()
child = os.posix_spawnp(sys.argv[2], sys.argv[2:], os.environ)
_, status, usage = os.wait4(child, 0)
taken = time.perf_counter() - started
with open(sys.argv[1], "w") as cost:  # noqa: PTH123 - pathlib would be half of what this process holds
    cost.write(f"{os.waitstatus_to_exitcode(status)} {usage.ru_utime + usage.ru_stime} {usage.ru_maxrss} {taken}")
