"""Every use case, one file each: values in, values out; no words, no signals, no click."""
