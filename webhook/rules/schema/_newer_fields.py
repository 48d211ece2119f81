"""What the rules on fields of a newer Kubernetes share.

A field may be newer than the cluster, which drops it, or newer than Seldon's operator, which makes
the pods without it.
"""

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from webhook.graph.cluster_facts import Facts
from webhook.graph.finding import Finding
from webhook.graph.model import SeldonDeployment
from webhook.graph.operator_types import OperatorTypes, first_version_with, get_operator_types
from webhook.graph.path import Path, resolve_path
from webhook.rules._format import quote_value

_SECURITY_SETTINGS: dict[str, tuple[Any, ...]] = {
    "appArmorProfile": (),
    "bindMountOptions": (),
    "hostUsers": (True,),
    "recursiveReadOnly": ("Disabled", "IfPossible"),
    "supplementalGroupsPolicy": ("Merge",),
}
"""Fields that restrict a container, with the values that do not."""


class NewerField(NamedTuple):
    """A field that is dropped.

    since  the first minor version of Kubernetes with it
    loss   what its loss leads to, where the pod must not run so, or will not run; else ""
    """

    path: Path
    since: int
    loss: str

    @property
    def name(self) -> str:
        """The field itself, quoted."""
        return quote_value(str(self.path[-1]))


def find_fields_newer_than_cluster(
    deployment: SeldonDeployment, facts: Facts, *, essential: bool
) -> Iterator[Finding]:
    """Yield each field that the cluster's Kubernetes does not have.

    essential  those without which the pod must not run; else all others. None where the cluster's
               version is not known
    """
    minor = facts.kubernetes_minor
    if minor is None or not (found := deployment.find_newer_fields(minor)):
        return
    for field in _read_fields(deployment, found):
        if bool(field.loss) is essential:
            yield Finding(
                field.path,
                f"{field.name} needs Kubernetes 1.{field.since}, and this cluster has 1.{minor}: "
                f"{field.loss or 'it is dropped'}",
            )


def find_fields_newer_than_operator(
    deployment: SeldonDeployment, facts: Facts, *, essential: bool
) -> Iterator[Finding]:
    """Yield each field that Seldon's operator drops; certain where its version is known.

    essential  as above. None where graphgate makes the pods, and none that the cluster lacks too
    """
    types = get_operator_types(facts.operator, facts.operator_version)
    if types is None or not (found := deployment.find_newer_fields(types.kubernetes_minor)):
        return
    for field in _read_fields(deployment, found):
        if facts.kubernetes_minor is not None and field.since > facts.kubernetes_minor:
            continue
        loss = field.loss or _loss_to_api_server(field.path)
        if bool(loss) is essential:
            yield Finding(
                field.path,
                f"{field.name} needs Kubernetes 1.{field.since}, and {_describe(types, facts)}: "
                f"{loss or 'it is dropped'}",
                _remediation(field, facts),
                certain=types.is_known,
            )


def _describe(types: OperatorTypes, facts: Facts) -> str:
    assumed_version = "" if facts.operator_version else " (assumed)"
    assumed_minor = "" if types.is_known or assumed_version else " (assumed)"
    return (
        f"Seldon's operator {types.version}{assumed_version} is built for "
        f"1.{types.kubernetes_minor}{assumed_minor}"
    )


def _remediation(field: NewerField, facts: Facts) -> str:
    options = [_replacement(field.path, field.loss)]
    version = first_version_with(field.since)
    if version and not facts.operator_version:
        options.append(f"set operatorVersion if the operator is {version} or later")
    else:
        options.append(f"upgrade Seldon's operator to {version}" if version else "")
        options.append("let graphgate's reconciler create the pods")
    return ", or ".join(filter(None, options))


def _replacement(path: Path, loss: str) -> str:
    """Return what to write instead; "": there is nothing of the kind."""
    if path[-1] == "restartPolicy" and loss:
        return "move the container to containers"
    if path[-1] == "sleep":
        return "use exec with the command sleep"
    if _source_owner(path):
        return "use another source"
    return "" if loss else "remove it"


def _read_fields(
    deployment: SeldonDeployment, found: Iterable[tuple[Path, int]]
) -> Iterator[NewerField]:
    """Yield the fields that are not null: without one of these nothing is lost."""
    for path, since in found:
        value = resolve_path(deployment.document, path)
        if value is not None:
            loss = _loss(path, value) or _loss_among_claims(deployment, path)
            yield NewerField(path, since, loss)


def _loss_among_claims(deployment: SeldonDeployment, path: Path) -> str:
    """Return what two requests of one claim become: one name twice, which Kubernetes refuses."""
    if path[-1] != "request" or path[-3] != "claims":
        return ""
    claims = resolve_path(deployment.document, path.parent.parent)
    names = [claim.get("name") for claim in claims if type(claim) is dict]
    own = claims[path[-2]].get("name")
    return f"the claim {quote_value(own)} would be there twice" if names.count(own) > 1 else ""


def _loss(path: Path, value: Any) -> str:
    field, parent = path[-1], path[-2]
    if source := _source_owner(path):
        return f"the {source} would have no source"
    if field in _SECURITY_SETTINGS and value not in _SECURITY_SETTINGS[str(field)]:
        return "the security setting would be lost"
    if field == "restartPolicy" and path[-3] == "initContainers" and value == "Always":
        return "the pod would wait for ever for the end of this container"
    if parent in ("preStop", "postStart"):
        return f"the {parent} hook would have no action"
    return ""


def _loss_to_api_server(path: Path) -> str:
    """Return why the API server refuses what Seldon's operator leaves; "": it does not.

    graphgate's reconciler leaves out an empty lifecycle of an init container.
    """
    if path[-1] == "stopSignal" and path[-4] == "initContainers":
        return "Kubernetes refuses the empty lifecycle that is left"
    return ""


def _source_owner(path: Path) -> str:
    """Return what the field at a path is the source of, in words; "": not a source."""
    if path[-3] == "volumes":
        return "volume"
    if path[-3] == "sources":
        return "projected volume"
    if path[-3] == "resourceClaims":
        return "claim"
    return "variable" if path[-2] == "valueFrom" else ""
