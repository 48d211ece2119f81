"""What the rules on A/B tests share: the ratioA parameters and their numbers."""

from collections.abc import Iterator

from webhook.graph.model import Node, get_list, get_str, iter_mappings
from webhook.graph.path import Path


def iter_ratios(node: Node) -> Iterator[tuple[Path, str, int]]:
    """Yield path and value of each ratioA, and the number of parameters of the node."""
    if node.implementation != "RANDOM_ABTEST":
        return
    for index, parameter in iter_mappings(node.raw, "parameters"):
        if parameter.get("name") == "ratioA" and type(parameter.get("value")) is str:
            count = len(get_list(node.raw, "parameters"))
            yield node.path / "parameters" / index, get_str(parameter, "value"), count


def parse_go_float(value: str) -> float | None:
    """Return what Go's strconv.ParseFloat reads; None if it refuses.

    Python accepts spaces and "_", Go does not. They also differ in "0x"
    numbers.
    """
    if "_" in value or value != value.strip():
        return None
    try:
        return float(value)
    except ValueError:
        return None
