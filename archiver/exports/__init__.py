"""Out of the archive: each format is a pure function from books to named bytes, and one writer puts those down."""
