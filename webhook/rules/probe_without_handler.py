"""A probe does nothing, or two things

Why: a probe, and a lifecycle hook, does exactly one thing: it runs a command, or calls a port. The
API server refuses a Deployment with a probe that does none or several. A misspelt or misplaced
field is dropped first, and leaves the probe with none.

Fix: Keep one of exec, httpGet, tcpSocket and grpc. A hook has sleep instead of grpc.

Bad:
    readinessProbe:
      handler:
        httpGet:
          port: http
      periodSeconds: 5

Good:
    readinessProbe:
      httpGet:
        port: http
      periodSeconds: 5
"""

from collections.abc import Iterator, Mapping
from typing import Any

from webhook.graph.finding import Finding, Operation
from webhook.graph.model import Deployment, mapping
from webhook.graph.path import Path
from webhook.graph.signs import unusual
from webhook.graph.words import CERTAIN, enumerate_words, nearest_word
from webhook.rules._pods import HOOK_HANDLERS, PROBE_HANDLERS, handlers, set_fields

ACTION = "deny"
SINCE = "0.1.0"
NEEDS = frozenset({unusual("probes")})

_WRAPPERS = ("handler", "probeHandler", "lifecycleHandler")
"""What Go's types call the embedded handler; no field of Kubernetes."""


def check(deployment: Deployment) -> Iterator[Finding]:
    """Yield each probe and hook without exactly one handler (source: validateHandler)."""
    for container in deployment.in_need("probes"):
        for place, raw in handlers(container):
            known = HOOK_HANDLERS if place[0] == "lifecycle" else PROBE_HANDLERS
            there = [name for name in known if raw.get(name) is not None]
            if len(there) != 1:
                yield _finding(container.path.join(place), raw, known)
            elif type(raw.get("exec")) is dict and raw["exec"].get("command") in (None, []):
                path = container.path.join((*place, "exec", "command"))
                yield Finding(path, "there is no command to run", "add command")


def _finding(path: Path, raw: Mapping[str, Any], known: tuple[str, ...]) -> Finding:
    there = set_fields(raw, known)
    choices = enumerate_words(known, "or")
    if there:
        return Finding(path, f"{path[-1]} does {len(there)} things: {enumerate_words(there)}")
    for wrapper in _WRAPPERS:
        if wrapper not in raw:
            continue
        inner = mapping(raw, wrapper)
        place = path / wrapper
        moves: list[Operation] = [
            {"op": "move", "from": (place / name).pointer, "path": (path / name).pointer}
            for name in set_fields(inner, known)
        ]
        moves.append({"op": "remove", "path": place.pointer})
        fact = f'there is no field "{wrapper}" here: {choices} stands in {path[-1]} itself'
        return Finding(
            place, fact, "take the wrapper away", tuple(moves if len(moves) == 2 else ())
        )
    for name in raw:
        near = nearest_word(name, known, CERTAIN)
        if near:
            place = path / name
            move: Operation = {"op": "move", "from": place.pointer, "path": (path / near).pointer}
            fact = f'there is no field "{name}" here, and without it {path[-1]} does nothing'
            return Finding(place, fact, f"write {near}", (move,))
    return Finding(path, f"{path[-1]} does nothing: it has no {choices}", f"add {choices}")
