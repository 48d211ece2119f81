"""How rules show what an author wrote."""

MAX_QUOTED_LENGTH = 60
"""Characters of a value that a finding shows: enough to recognise it, even in a narrow terminal."""


def quote_value(value: str) -> str:
    """Return the text in quotation marks, cut where it is long: '"gs://models/iris"'."""
    return f'"{value}"' if len(value) <= MAX_QUOTED_LENGTH else f'"{value[:MAX_QUOTED_LENGTH]}…"'
