"""Fields that nobody knows are not rendered.

A plain create drops them with a warning, a server-side apply refuses the whole object for one of
them ("field not declared in schema"). What stands beside a predictor's or a pod's own fields,
Seldon never sees. An author of such a field is warned by unknown-field.
"""

from copy import deepcopy

from webhook.graph import schema
from webhook.graph.facts import Facts
from webhook.graph.model import Deployment
from webhook.graph.parse import parse
from webhook.graph.path import Path, resolve

_AUTOSCALERS = frozenset({"hpaSpec", "kedaSpec"})


def without_unknown(view: Deployment, facts: Facts) -> Deployment:
    """Return the view without them.

    Only fields of mappings go, so every path stays what it was. Two kinds stay: below an
    autoscaler's spec, where fields of one version are read under the name of another; and all of
    Kubernetes' own if the cluster is newer than the types that are known here. If it is older,
    what its version does not have goes as well.
    """
    unknown = [fault.path for fault in view.faults if fault.kind == "unknown"]
    minor = schema.kubernetes_minor() if facts.minor is None else facts.minor
    newer = minor > schema.kubernetes_minor()
    strange = [path for path in unknown if not _may_be_read(path, newer=newer)]
    if minor < schema.kubernetes_minor():
        strange += [path for path, _ in schema.newer_fields(view.document, minor)]
    if not strange:
        return view
    document = deepcopy(view.document)
    for path in strange:
        del resolve(document, path.parent)[path[-1]]
    return parse(document)


def _may_be_read(path: Path, *, newer: bool) -> bool:
    place = schema.look_up(path.parent)
    if place is not None and place.kubernetes:
        return newer
    return not _AUTOSCALERS.isdisjoint(path.parent)
