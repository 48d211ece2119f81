"""Explainer's name too long for its download

Why: for an explainer with a modelUri Seldon's operator adds an init container. Its name is that of
the explainer's container with -model-initializer behind it, cut at 63 characters: for a name of 62
or 63 characters it is the same name, and the API server refuses the Deployment. Where the container
has no name, it is <object>-<predictor>-explainer. (graphgate's reconciler shortens the name.)

Fix: Name the container in containerSpec, with at most 48 characters.

Bad:
    metadata:
      name: churn-of-customers-in-the-first-year-of-service
    spec:
      predictors:
      - name: main
        explainer:
          type: AnchorTabular
          modelUri: gs://models.example/explainer

Good:
    metadata:
      name: churn-of-customers-in-the-first-year-of-service
    spec:
      predictors:
      - name: main
        explainer:
          type: AnchorTabular
          modelUri: gs://models.example/explainer
          containerSpec:
            name: explainer
"""

from collections.abc import Iterator

from webhook.graph.cluster_facts import Facts
from webhook.graph.finding import Finding
from webhook.graph.model import Predictor, SeldonDeployment, get_mapping, get_str
from webhook.rendering.names import build_explainer_name, initializer_name
from webhook.rules._format import quote_value

ACTION = "deny"
SINCE = "0.1.0"
FIELDS = frozenset({"explainer"})


def check(predictor: Predictor, deployment: SeldonDeployment, facts: Facts) -> Iterator[Finding]:
    """Yield the explainer whose init container would have the name of its container.

    Source: InjectModelInitializer (operator/controllers/model_initializer_injector.go, v1.17.1).
    """
    raw = get_mapping(predictor.raw, "explainer")
    if facts.operator == "graphgate" or not get_str(raw, "type") or not get_str(raw, "modelUri"):
        return
    written = get_str(get_mapping(raw, "containerSpec"), "name")
    name = written or build_explainer_name(deployment.name, predictor.name)
    if initializer_name(name, is_cut=True) == name:
        path = predictor.path / "explainer"
        yield Finding(
            path / "containerSpec" / "name" if written else path,
            f"Seldon's operator gives the container {quote_value(name)} and the init container "
            "that downloads its model one name",
            "" if not written else "shorten it to at most 48 characters",
            evidence=() if written else (predictor.path / "name",),
        )
