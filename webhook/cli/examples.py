"""The examples at the end of each `--help`."""


def examples(*commands: str) -> str:
    """Return the epilog of a command: its examples, one a line."""
    # \b is click's mark of a paragraph that is not wrapped.
    return "\n".join(("\b", "Examples:", *(f"  {command}" for command in commands)))
