"""What commands print for other programs: the same bytes on every terminal and system.

Not here: texts for people, which use the encoding of the terminal (`click.echo`).
"""

import sys


def write_document(text: str, encoding: str = "utf-8") -> None:
    """Write JSON, YAML, XML and the like to standard output in UTF-8, with its own line ends.

    encoding  of what is written back as it was read; a terminal gets UTF-8 in any case

    A lone surrogate, which JSON can hold and no encoding has, is written as an escape.
    """
    if text:
        encoding = "utf-8" if sys.stdout.isatty() else encoding
        sys.stdout.flush()
        sys.stdout.buffer.write(text.encode(encoding, "backslashreplace"))
        sys.stdout.buffer.flush()


def escape_unencodable() -> None:
    """Let standard output escape what the terminal's encoding lacks, as standard error does."""
    if getattr(sys.stdout, "errors", None) == "strict":
        sys.stdout.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]  # as above
