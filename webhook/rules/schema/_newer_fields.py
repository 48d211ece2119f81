"""What the two rules on fields of a newer Kubernetes share."""

from collections.abc import Iterator

from webhook.graph import schema
from webhook.graph.cluster_facts import Facts
from webhook.graph.model import SeldonDeployment
from webhook.graph.path import Path
from webhook.rules._format import quote_value


def find_newer_fields(
    deployment: SeldonDeployment, facts: Facts, *, sources: bool
) -> Iterator[tuple[Path, str]]:
    """Yield each field that the cluster's Kubernetes does not have, with that sentence.

    sources  those that are the source of a volume or of a variable; else all others. None where the
             cluster's version is not known
    """
    minor = facts.kubernetes_minor
    if minor is None:
        return
    for path, since in schema.fields_newer_than(deployment.document, minor):
        if bool(source_owner(path)) is sources:
            field = quote_value(str(path[-1]))
            yield path, f"{field} needs Kubernetes 1.{since}, and this cluster has 1.{minor}"


def source_owner(path: Path) -> str:
    """Return what the field at a path is the source of, in words; "": not a source."""
    if path[-3:-2] == ("volumes",):
        return "volume"
    if path[-3:-2] == ("sources",):
        return "projected volume"
    return "variable" if path[-2:-1] == ("valueFrom",) else ""
