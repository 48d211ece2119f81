"""What is behind a route: the Services of the predictors and of their explainers."""

from dataclasses import dataclass, replace

from webhook.graph.cluster_facts import Facts
from webhook.graph.model import SeldonDeployment, get_mapping, get_str
from webhook.graph.path import Path
from webhook.rendering import metadata, names
from webhook.rendering.explainer import explainer_service_port
from webhook.rendering.layout import PredictorLayout, layout_predictors
from webhook.rendering.options import RenderOptions

WHOLE = 100
"""All requests, in percent."""


@dataclass(frozen=True, slots=True)
class RouteBackend:
    """A predictor as routes see it.

    predictor        its name
    service          the name of its Service
    weight           its share of the requests; of a shadow the percentage of them that it gets a
                     copy of
    weight_path      where the weight comes from
    is_written       whether the author wrote the weight there
    version          the label `version` of its pods
    explainer        the Service of its explainer; "": it has none
    cert_secret      the Secret of its certificate (ssl.certSecretName); "": it speaks without TLS
    """

    predictor: str
    service: str
    http_port: int
    grpc_port: int
    weight: int
    is_shadow: bool
    version: str
    path: Path
    weight_path: Path
    is_written: bool
    explainer: str
    explainer_port: int
    cert_secret: str


@dataclass(frozen=True, slots=True)
class Backends:
    """All predictors of an object that have a Service: those that answer, and the shadows."""

    live: tuple[RouteBackend, ...]
    shadows: tuple[RouteBackend, ...]

    @property
    def all(self) -> tuple[RouteBackend, ...]:
        """The live ones, then the shadows."""
        return self.live + self.shadows

    @property
    def explainers(self) -> tuple[RouteBackend, ...]:
        """Those that have an explainer, in the order of the document."""
        return tuple(sorted((b for b in self.all if b.explainer), key=lambda backend: backend.path))


def find_backends(
    deployment: SeldonDeployment,
    options: RenderOptions,
    facts: Facts,
) -> Backends:
    """Return what the routes of an object lead to.

    One live predictor alone gets everything, whatever its traffic says.
    """
    found = [
        _backend(layout)
        for layout in layout_predictors(deployment, options, facts)
        if layout.entrypoint is not None
    ]
    live = [backend for backend in found if not backend.is_shadow]
    if len(live) == 1 and not live[0].weight:
        live = [replace(live[0], weight=WHOLE, weight_path=live[0].path, is_written=False)]
    return Backends(tuple(live), tuple(backend for backend in found if backend.is_shadow))


def _backend(layout: PredictorLayout) -> RouteBackend:
    predictor = layout.predictor
    http, grpc = layout.service_ports
    traffic = predictor.traffic
    return RouteBackend(
        predictor=predictor.name,
        service=names.predictor_service_name(layout),
        http_port=http,
        grpc_port=grpc,
        weight=traffic or 0,
        is_shadow=predictor.is_shadow,
        version=metadata.predictor_labels(layout).value.get("version", ""),
        path=predictor.path,
        weight_path=predictor.path if traffic is None else predictor.path / "traffic",
        is_written=traffic is not None,
        explainer=names.explainer_name(layout) if layout.explainer else "",
        explainer_port=explainer_service_port(layout) if layout.explainer else 0,
        cert_secret=get_str(get_mapping(predictor.raw, "ssl"), "certSecretName"),
    )
