"""Which version of the program this is: said to hosts, and in each row of `runs`."""

__version__ = "0.1.0"
