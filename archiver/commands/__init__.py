"""Every use case: values in, values out."""
