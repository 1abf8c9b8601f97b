"""The machine that we run on: time, files that are files, output that may be closed, signals, helpers."""
