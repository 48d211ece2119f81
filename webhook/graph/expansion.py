"""References to variables in texts of a container: $(NAME), and "$$" for a "$" that makes none.

Source: third_party/forked/golang/expansion of Kubernetes. Everything here takes time that is linear
in the text: what follows the last ")" can have no reference, and is never searched for the end of
one.
"""

import re
from collections.abc import Callable, Iterator

_REFERENCE = re.compile(r"\$\$|\$\(([^)]*)\)")
_DOLLAR = re.compile(r"\$\$|\$\([^)]*\)|\$")


def end_of_references(text: str) -> int:
    """Return the place behind the last reference that a text can have."""
    return text.rfind(")") + 1


def find_references(text: str) -> Iterator[re.Match[str]]:
    """Yield the references in a text, group 1 the name, and each "$$" before the last one."""
    return _REFERENCE.finditer(text, 0, end_of_references(text))


def replace_references(text: str, replace: Callable[[re.Match[str]], str]) -> str:
    """Return a text with something in place of what `find_references` yields."""
    end = end_of_references(text)
    return _REFERENCE.sub(replace, text[:end]) + text[end:]


def escape_lone_dollars(text: str) -> str:
    """Return a text in which a "$" that begins no reference cannot begin one with what follows."""
    end = end_of_references(text)
    head = _DOLLAR.sub(lambda found: "$$" if found[0] == "$" else found[0], text[:end])
    return head + text[end:].replace("$$", "$").replace("$", "$$")
