"""Other people's copies: what web archives say to hold, asked for on the user's word only. No sockets, no SQL here."""
