"""What the objects of all kinds of gateways have in common."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from webhook.graph.model import SeldonDeployment
from webhook.graph.path import ROOT, Path
from webhook.graph.well_known import MANAGED_BY_LABEL
from webhook.rendering import names
from webhook.rendering.metadata import DEPLOYMENT_ID
from webhook.rendering.options import RenderOptions
from webhook.rendering.render import Rendered, with_root_source
from webhook.rendering.routes.attachment import Attachment
from webhook.rendering.routes.backends import Backends, RouteBackend
from webhook.rendering.source_map import Sourced, from_user, injected, mapping_of

OBJECT_NAME = ROOT / "metadata" / "name"
"""Where what is in a route, and nobody wrote, comes from."""

DEFAULT_NAMESPACE = "default"
"""Where an object is that names no namespace, as in Seldon (getNamespace)."""


@dataclass(frozen=True, slots=True)
class RouteContext:
    """Everything that the routes of one object are made from.

    namespace         where the object is
    mirrors_percent   whether the installed gateway's types can mirror a share of the requests
    """

    deployment: SeldonDeployment
    options: RenderOptions
    attachment: Attachment
    backends: Backends
    namespace: str
    mirrors_percent: bool

    @property
    def prefix(self) -> str:
        """The path prefix of the object's requests."""
        return f"{self.options.routing.prefix}/{self.namespace}/{self.deployment.name}/"

    def explainer_prefix(self, backend: RouteBackend) -> str:
        """Return the path prefix of requests to a predictor's explainer."""
        name = f"{self.deployment.name}-explainer"
        return f"{self.options.routing.prefix}/{self.namespace}/{name}/{backend.predictor}/"

    @property
    def labels(self) -> dict[str, str]:
        """The labels of every route."""
        return {
            DEPLOYMENT_ID: names.deployment_id_label(self.deployment.name),
            MANAGED_BY_LABEL: self.options.managed_by,
        }


def weight_of(backend: RouteBackend) -> Sourced:
    """Return a backend's weight, with where it comes from."""
    build = from_user if backend.is_written else injected
    return build(backend.weight, backend.weight_path)


def build_route(
    context: RouteContext,
    api_version: str,
    kind: str,
    name: str,
    spec: Mapping[str, Any],
    *,
    labels: Mapping[str, str] | None = None,
    source: Path,
) -> Rendered:
    """Return one object of a gateway; `source` is what it and its name come from."""
    namespace = context.deployment.namespace
    metadata = mapping_of(
        source,
        {
            "name": name,
            "namespace": from_user(namespace, ROOT / "metadata" / "namespace")
            if namespace
            else None,
            "labels": dict(context.labels if labels is None else labels) or None,
        },
    )
    return with_root_source(
        mapping_of(
            source,
            {
                "apiVersion": api_version,
                "kind": kind,
                "metadata": metadata,
                "spec": mapping_of(source, spec),
            },
        ),
        source,
    )
