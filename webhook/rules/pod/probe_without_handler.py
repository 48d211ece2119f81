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

from webhook.graph.features import non_trivial_feature
from webhook.graph.finding import Finding, Operation
from webhook.graph.model import SeldonDeployment, get_mapping
from webhook.graph.path import Path
from webhook.graph.suggest import CERTAIN_SIMILARITY, nearest_word
from webhook.graph.text import join_words
from webhook.rules.pod._pods import HOOK_HANDLERS, PROBE_HANDLERS, iter_handlers, list_set_fields

ACTION = "deny"
SINCE = "0.1.0"
TRIGGERS = frozenset({non_trivial_feature("probes")})

_WRAPPER_FIELDS = ("handler", "probeHandler", "lifecycleHandler")
"""What Go's types call the embedded handler; no field of Kubernetes."""


def check(deployment: SeldonDeployment) -> Iterator[Finding]:
    """Yield each probe and hook without exactly one handler (source: validateHandler)."""
    for container in deployment.containers_with("probes"):
        for field_path, raw in iter_handlers(container):
            known_handlers = HOOK_HANDLERS if field_path[0] == "lifecycle" else PROBE_HANDLERS
            there = [name for name in known_handlers if raw.get(name) is not None]
            if len(there) != 1:
                yield _build_finding(container.path.join(field_path), raw, known_handlers)
            elif type(raw.get("exec")) is dict and raw["exec"].get("command") in (None, []):
                path = container.path.join((*field_path, "exec", "command"))
                yield Finding(path, "there is no command to run", "add command")


def _build_finding(path: Path, raw: Mapping[str, Any], known_handlers: tuple[str, ...]) -> Finding:
    present = list_set_fields(raw, known_handlers)
    choices = join_words(known_handlers, "or")
    if present:
        return Finding(path, f"{path[-1]} does {len(present)} things: {join_words(present)}")
    for wrapper in _WRAPPER_FIELDS:
        if wrapper not in raw:
            continue
        inner = get_mapping(raw, wrapper)
        field_path = path / wrapper
        moves: list[Operation] = [
            {"op": "move", "from": (field_path / name).pointer, "path": (path / name).pointer}
            for name in list_set_fields(inner, known_handlers)
        ]
        moves.append({"op": "remove", "path": field_path.pointer})
        message = f'there is no field "{wrapper}" here: {choices} stands in {path[-1]} itself'
        return Finding(
            field_path, message, "take the wrapper away", tuple(moves if len(moves) == 2 else ())
        )
    for name in raw:
        nearest = nearest_word(name, known_handlers, CERTAIN_SIMILARITY)
        if nearest:
            field_path = path / name
            move: Operation = {
                "op": "move",
                "from": field_path.pointer,
                "path": (path / nearest).pointer,
            }
            message = f'there is no field "{name}" here, and without it {path[-1]} does nothing'
            return Finding(field_path, message, f"write {nearest}", (move,))
    return Finding(path, f"{path[-1]} does nothing: it has no {choices}", f"add {choices}")
