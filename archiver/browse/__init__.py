"""The archive in a browser, with Datasette (the extra `datasette`)."""
