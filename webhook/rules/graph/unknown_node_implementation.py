"""Unknown implementation

Why: an implementation is built into the orchestrator, or is a model server that the administrator
has configured. Nothing runs for any other value. As long as graphgate does not know which servers
are configured (settings: `modelServers`; or from the cluster), a server that is not one of Seldon's
own is only a warning. Once it knows, an image in the node's container does not help: Seldon's
webhook admits the object, and its controller fails on the unknown server.

Fix: Use the name of a configured server. Remove the implementation of a node that has its own
container.

Bad:
    graph:
      name: classifier
      implementation: SKLEARN
      modelUri: gs://models.example/iris

Good:
    graph:
      name: classifier
      implementation: SKLEARN_SERVER
      modelUri: gs://models.example/iris
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import lru_cache

from webhook.graph import schema
from webhook.graph.cluster_facts import Facts
from webhook.graph.finding import Finding
from webhook.graph.model import Node
from webhook.graph.suggest import CERTAIN_SIMILARITY, nearest_word, spelling_fix_safety
from webhook.rendering.model_servers import known_servers
from webhook.rendering.node_kinds import is_prepackaged_server
from webhook.rules._suggest import unknown_value_finding

ACTION = "deny"
SINCE = "0.1.0"
FIELDS = frozenset({"implementation"})

_SERVER_SUFFIX = "_SERVER"
_SUFFIXES = (_SERVER_SUFFIX, "_SERVING", "_SERVERS", "SERVING")
"""What people end the names of servers in."""


def check(node: Node, facts: Facts) -> Iterator[Finding]:
    """Yield each implementation that is neither built in nor a known server (seldon-checks V14)."""
    reported = facts.model_servers is not None
    # The cheap test first: most nodes have their own container.
    if not node.implementation or not is_prepackaged_server(node):
        return
    servers = known_servers(facts)
    if node.implementation not in servers:
        finding = unknown_value_finding(
            node.path / "implementation",
            "implementation",
            node.implementation,
            (*servers, *schema.enum_values("builtin-implementations")),
            nearest := _nearest_implementation(node.implementation, servers),
            fix_safety="safe" if _is_stem(node.implementation, nearest) else None,
        )
        # Without a model no server could run.
        certain = reported or node.raw.get("modelUri") in (None, "")
        yield replace(finding, certain=certain)


def _nearest_implementation(written: str, servers: tuple[str, ...]) -> str:
    """Return the nearest implementation; "" if none is near.

    All names of servers end in _SERVER, which makes them alike: only the rest is compared.
    """
    known = (*servers, *schema.enum_values("builtin-implementations"))
    if len(written) > _MAX_SPELLED_LENGTH:
        return ""
    spellings = _by_letters(known)
    name = written.strip().upper()
    for similar in (name, *(name.removesuffix(suffix) for suffix in _SUFFIXES)):
        if same := spellings.get(_letters(similar)):
            return same
    near = nearest_word(written, known, CERTAIN_SIMILARITY)
    if near and spelling_fix_safety(written, near) == "safe":
        return near
    stems = {name.removesuffix(_SERVER_SUFFIX): name for name in known}
    stem = written.removesuffix(_SERVER_SUFFIX)
    return stems.get(nearest_word(stem, stems, CERTAIN_SIMILARITY), "")


@lru_cache(maxsize=8)  # a process knows few sets of servers, and objects may have many nodes
def _by_letters(known: tuple[str, ...]) -> Mapping[str, str]:
    """Return the implementations by the letters of their names, with and without _SERVER."""
    stems = {_letters(name.removesuffix(_SERVER_SUFFIX)): name for name in reversed(known)}
    return stems | {_letters(name): name for name in reversed(known)}


_MAX_SPELLED_LENGTH = 253
"""Longer names are not compared: an author may write megabytes."""


def _is_stem(written: str, name: str) -> bool:
    return bool(name) and _letters(written) == _letters(name.removesuffix(_SERVER_SUFFIX))


def _letters(name: str) -> str:
    return "".join(char for char in name.upper() if char.isalnum())
