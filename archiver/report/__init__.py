"""Every word that a person reads, and every JSON document: rows and values in, text out. Nothing below imports it."""
