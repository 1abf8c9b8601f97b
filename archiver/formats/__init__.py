"""Files that other tools write: WARC, WACZ, HAR, MHTML and saved HTML, each read to its end within bounds."""
