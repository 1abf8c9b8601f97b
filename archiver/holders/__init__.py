"""What web archives and feeds say of copies that they hold: pure words and state functions."""
