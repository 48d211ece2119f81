"""Unknown fields are not rendered.

A plain create drops them with a warning, a server-side apply refuses the whole object for one of
them ("field not declared in schema"). What is beside a predictor's or a pod's own fields,
Seldon never sees. An author of such a field is warned by unknown-field.
"""

from copy import deepcopy

from webhook.graph import schema
from webhook.graph.cluster_facts import Facts
from webhook.graph.model import SeldonDeployment
from webhook.graph.parse import parse
from webhook.graph.path import Path, resolve_path


def prune_unknown_fields(view: SeldonDeployment, facts: Facts) -> SeldonDeployment:
    """Return the view without them.

    Only fields of mappings go, so every path stays what it was. Two kinds stay: below hpaSpec,
    where fields of one version are read under the name of another; and all of Kubernetes' own if
    the cluster is newer than the types that are known here. If it is older, what its version does
    not have goes as well.
    """
    unknown = [fault.path for fault in view.schema_errors if fault.kind == "unknown"]
    minor = schema.kubernetes_minor() if facts.kubernetes_minor is None else facts.kubernetes_minor
    newer = minor > schema.kubernetes_minor()
    removed_paths = [path for path in unknown if not _is_kept(path, newer=newer)]
    if minor < schema.kubernetes_minor():
        removed_paths += [path for path, _ in schema.fields_newer_than(view.document, minor)]
    if not removed_paths:
        return view
    document = deepcopy(view.document)
    for path in removed_paths:
        holder = resolve_path(document, path.parent)
        del holder[path[-1]]
        # Of an init container the API server refuses even an empty one.
        if not holder and path[-2:-1] == ("lifecycle",):
            del resolve_path(document, path.parent.parent)["lifecycle"]
    return parse(document)


def _is_kept(path: Path, *, newer: bool) -> bool:
    field = schema.get_field_info(path.parent)
    if field is not None and field.is_kubernetes:
        return newer
    return "hpaSpec" in path.parent
