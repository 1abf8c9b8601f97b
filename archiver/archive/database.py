"""The class of an open database, imported in one place: whoever is first must leave out what takes twice as long."""

from archiver.machine.unneeded import left_out

with left_out("numpy", "pandas"):  # sqlite-utils could store their numbers
    from sqlite_utils import Database

__all__ = ["Database"]
