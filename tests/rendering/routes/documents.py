"""Documents with predictors that are the same but for what a test is about."""

from webhook.graph.parse import parse
from webhook.rendering.options import RenderOptions
from webhook.rendering.routes.render import render_routes


def build(*predictors, name="iris", namespace="team", annotations=None):
    metadata = {"name": name, "namespace": namespace}
    return {
        "apiVersion": "machinelearning.seldon.io/v1",
        "kind": "SeldonDeployment",
        "metadata": {key: value for key, value in metadata.items() if value},
        "spec": {
            **({"annotations": annotations} if annotations else {}),
            "predictors": [
                {
                    "graph": {"name": "m", "type": "MODEL"},
                    "componentSpecs": [{"spec": {"containers": [{"name": "m", "image": "img:1"}]}}],
                    **predictor,
                }
                for predictor in predictors
            ],
        },
    }


def render(document, routing, *, operator="graphgate", **arguments):
    options = RenderOptions(routing=routing, operator=operator)
    return render_routes(parse(document), options, **arguments)
