"""Environment variables that are not written as a list of items with name and value."""

from typing import Any

from webhook.graph.finding import FixSafety
from webhook.graph.model import SeldonDeployment
from webhook.graph.path import Path
from webhook.rules._stray_fields import get_value_at


def read_variables(
    deployment: SeldonDeployment, path: Path
) -> tuple[list[dict[str, str]], FixSafety]:
    """Return the items that a mapping means, {A: b}, or a list of texts, [A=b]; [] if neither.

    Numbers and booleans are the author's own text. How sure that is: of a mapping it is certain.
    """
    value = get_value_at(deployment, path)
    if type(value) is dict and "name" not in value:  # else it is one item
        texts = {name: _as_text(deployment, path / name, value[name]) for name in value}
        certain = [
            {"name": name, "value": text} for name, text in texts.items() if text is not None
        ]
        return (certain if len(certain) == len(value) else []), "safe"
    if type(value) is list and all(type(text) is str and "=" in text for text in value):
        pairs = [text.split("=", 1) for text in value]
        return [{"name": name, "value": text} for name, text in pairs], "unsafe"
    return [], "unsafe"


def _as_text(deployment: SeldonDeployment, path: Path, value: Any) -> str | None:
    if type(value) is str:
        return value
    if type(value) in (bool, int, float):
        return deployment.submitted.scalar_text(path)
    return None
