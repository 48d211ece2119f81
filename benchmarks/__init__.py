"""How fast, beside what: see README.md. Never a test: a figure is read, not asserted."""
