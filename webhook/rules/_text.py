"""How rules show what an author wrote."""

LONGEST = 60
"""Characters of a value that a finding shows: enough to recognise it, even in a narrow terminal."""


def quoted(value: str) -> str:
    """Return the text in quotation marks, cut where it is long: '"gs://models/iris"'."""
    return f'"{value}"' if len(value) <= LONGEST else f'"{value[:LONGEST]}…"'
