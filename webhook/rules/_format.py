"""How rules show what an author wrote."""

from webhook.graph.text import MAX_QUOTED_LENGTH, quote_value

__all__ = ["MAX_QUOTED_LENGTH", "quote_value"]
