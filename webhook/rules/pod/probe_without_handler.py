"""Probe without exactly one handler

Why: a probe or lifecycle hook has exactly one handler: it runs a command or calls a port. The API
server refuses a Deployment with none or several. A misspelled or misplaced field is dropped first,
and leaves the probe with none.

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

from webhook.graph.finding import Finding, FixSafety, Operation
from webhook.graph.model import PROBES, Container, Handler, get_list, get_mapping
from webhook.graph.path import Path
from webhook.graph.suggest import CERTAIN_SIMILARITY, nearest_word, spelling_fix_safety
from webhook.graph.text import join_words
from webhook.rules._right_level import HANDLER_FIELDS
from webhook.rules.pod._pods import HOOK_HANDLERS, PROBE_HANDLERS, list_set_fields

ACTION = "deny"
SINCE = "0.1.0"
FIELDS = frozenset({*PROBES, "lifecycle", "restartPolicy"})  # which init containers have none, too
LOCAL = True

_WRAPPER_FIELDS = ("handler", "probeHandler", "lifecycleHandler")
"""Names of the embedded handler in Go; not fields of Kubernetes."""


def check(container: Container) -> Iterator[Finding]:
    """Yield each probe and hook without exactly one handler (source: validateHandler)."""
    for handler in container.handlers():
        yield from _check_handler(handler)


def _check_handler(handler: Handler) -> Iterator[Finding]:
    raw = handler.raw
    known_handlers = HOOK_HANDLERS if handler.kind == "hook" else PROBE_HANDLERS
    there = [name for name in known_handlers if raw.get(name) is not None]
    if len(there) != 1:
        yield _build_finding(handler.path, raw, known_handlers)
    elif type(raw.get("exec")) is dict and raw["exec"].get("command") in (None, []):
        yield Finding(handler.path.join(("exec", "command")), "command is required", "add command")


def _build_finding(path: Path, raw: Mapping[str, Any], known_handlers: tuple[str, ...]) -> Finding:
    present = list_set_fields(raw, known_handlers)
    choices = join_words(known_handlers, "or")
    if present:
        return Finding(
            path, f"{path[-1]} must have one handler, got {len(present)}: {join_words(present)}"
        )
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
        message = f'unknown field "{wrapper}"; {choices} are fields of {path[-1]}'
        return Finding(
            field_path,
            message,
            f"remove this level from {path[-1]}",
            tuple(moves if len(moves) == 2 else ()),
            fix_safety="safe",
        )
    misplaced = [name for name in raw if name in HANDLER_FIELDS and raw[name] is not None]
    if misplaced:
        return _check_misplaced(path, raw, misplaced, known_handlers)
    for name in raw:
        nearest = nearest_word(name, known_handlers, CERTAIN_SIMILARITY)
        if nearest and raw[name] is not None:
            field_path = path / name
            message = f'unknown field "{name}"; {path[-1]} requires {choices}'
            return Finding(
                field_path,
                message,
                f'did you mean "{nearest}"?',
                (_move(field_path, path / nearest),),
                fix_safety=spelling_fix_safety(name, nearest),
            )
    return Finding(path, f"{path[-1]} requires {choices}", f"add {choices}")


def _check_misplaced(
    path: Path, raw: Mapping[str, Any], misplaced: list[str], known_handlers: tuple[str, ...]
) -> Finding:
    """Return the finding for fields beside a handler, or without one: command, port."""
    empty = [name for name in known_handlers if name in raw]
    handler = _meant_handler(misplaced, empty)
    fields = join_words(misplaced)
    if handler not in known_handlers:
        choices = join_words(empty or known_handlers, "or")
        return Finding(path, f"{path[-1]} has {fields} but no {choices}", f"move {fields} there")
    message = f"{fields} of {path[-1]} belong{'s' * (len(misplaced) == 1)} to {handler}"
    fix, remediation = _wrap_patch(path, raw, misplaced, handler)
    safety: FixSafety = "safe" if misplaced != ["args"] else "unsafe"
    return Finding(path, message, remediation, fix, fix_safety=safety)


def _meant_handler(misplaced: list[str], empty: list[str]) -> str:
    """Return the handler of these fields; "" if it is ambiguous: three have a port."""
    meant = {HANDLER_FIELDS[name] for name in misplaced if name != "port"}
    if not meant and len(empty) == 1 and empty[0] != "exec":
        return empty[0]
    handler = next(iter(meant)) if len(meant) == 1 else ""
    if "port" in misplaced and handler not in ("httpGet", "grpc"):
        return ""
    return handler if not empty or empty == [handler] else ""


def _wrap_patch(
    path: Path, raw: Mapping[str, Any], misplaced: list[str], handler: str
) -> tuple[tuple[Operation, ...], str]:
    """Return the patch that moves the fields into the handler, and its description."""
    target = path / handler
    if handler != "exec":
        value = {name: raw[name] for name in misplaced}
        return _wrap(
            path, target, value, misplaced
        ), f"indent {join_words(misplaced)} under {handler}"
    command = [part for name in ("command", "args") for part in get_list(raw, name)]
    if any(type(raw.get(name, [])) is not list for name in misplaced):
        return (), "use exec.command, a list"
    return _wrap(path, target, {"command": command}, misplaced), "use exec.command"


def _wrap(
    path: Path, target: Path, value: Mapping[str, Any], fields: list[str]
) -> tuple[Operation, ...]:
    add: Operation = {"op": "add", "path": target.pointer, "value": dict(value)}
    removes: list[Operation] = [{"op": "remove", "path": (path / f).pointer} for f in fields]
    return (*removes, add)


def _move(source: Path, target: Path) -> Operation:
    return {"op": "move", "from": source.pointer, "path": target.pointer}
