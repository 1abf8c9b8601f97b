"""Other people's copies of pages: in web archives, and in files that somebody saved."""
