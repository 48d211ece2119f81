"""Unknown fields are not rendered.

A plain create drops them with a warning, a server-side apply refuses the whole object for one of
them ("field not declared in schema"). What is beside a predictor's or a pod's own fields,
Seldon never sees, nor what is newer than the types that its operator is built with. An author of
such a field is warned by unknown-field and field-newer-than-operator.
"""

from collections.abc import Iterable
from copy import copy
from typing import Any

from webhook.graph import schema
from webhook.graph.cluster_facts import Facts, Operator
from webhook.graph.model import SeldonDeployment
from webhook.graph.operator_types import find_dropped_keda_fields, get_operator_types
from webhook.graph.parse import parse
from webhook.graph.path import Path, Segment, resolve_path


def prune_unknown_fields(
    view: SeldonDeployment, facts: Facts, operator: Operator
) -> SeldonDeployment:
    """Return the view without them.

    operator  who makes the objects; Seldon's reads the document into types of its own, and makes
              what it has read

    Only fields of mappings go, so every path stays what it was. Two kinds stay: below hpaSpec,
    where fields of one version are read under the name of another; and all of Kubernetes' own if
    the cluster is newer than the types that are known here. If it is older, what its version does
    not have goes as well.
    """
    unknown = [fault.path for fault in view.schema_errors if fault.kind == "unknown"]
    minor = schema.kubernetes_minor() if facts.kubernetes_minor is None else facts.kubernetes_minor
    dropped: list[Path] = []
    if types := get_operator_types(operator, facts.operator_version):
        minor = min(minor, types.kubernetes_minor)
        dropped = list(find_dropped_keda_fields(view, types))
    newer = minor > schema.kubernetes_minor()
    removed_paths = [path for path in unknown if not _is_kept(path, newer=newer)] + dropped
    if minor < schema.kubernetes_minor():
        removed_paths += [path for path, _ in schema.fields_newer_than(view.document, minor)]
    if not removed_paths:
        return view
    document = _copy_holders(view.document, removed_paths)
    for path in removed_paths:
        holder = resolve_path(document, path.parent)
        del holder[path[-1]]
        # Of an init container the API server refuses even an empty one.
        # Seldon's operator does not know, and leaves it.
        if not holder and path[-2:-1] == ("lifecycle",) and operator != "seldon":
            del resolve_path(document, path.parent.parent)["lifecycle"]
    return parse(document)


def _copy_holders(document: Any, paths: Iterable[Path]) -> Any:
    """Return the document with copies of what is on the way to these paths; the rest is shared.

    A mapping that stands at two places, by an alias of YAML, is two afterwards: a field that is
    unknown at one of them may be known at the other.
    """
    copies: dict[tuple[Segment, ...], Any] = {(): copy(document)}
    for path in paths:
        holder = copies[()]
        for depth in range(1, len(path)):
            step = path[:depth]
            if step not in copies:
                holder[step[-1]] = copies[step] = copy(holder[step[-1]])
            holder = copies[step]
    return copies[()]


def _is_kept(path: Path, *, newer: bool) -> bool:
    field = schema.get_field_info(path.parent)
    if field is not None and field.is_kubernetes:
        return newer
    return "hpaSpec" in path.parent
