"""How rules show what an author wrote."""

from webhook.graph.text import MAX_QUOTED_LENGTH, quote_value

__all__ = ["MAX_QUOTED_LENGTH", "name_container", "quote_value"]


def name_container(name: str) -> str:
    """Return how a container is called in a sentence: 'container "classifier"'."""
    return f"container {quote_value(name)}" if name else "a container without a name"
