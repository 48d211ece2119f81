"""The worst that an author can send, and what it costs: see `__main__`."""
