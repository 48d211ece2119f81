"""A field that is needed has another name

Why: fields are written in camelCase; only service_host, service_port, oauth_key and oauth_secret
have "_". Spelt otherwise, or called as a relative of Seldon calls it, a field is unknown: the API
server drops it, and without it the object does not run.

Fix: Write the field as it is spelt here.

Bad:
    graph:
      name: classifier
      implementation: SKLEARN_SERVER
      model_uri: gs://models/iris

Good:
    graph:
      name: classifier
      implementation: SKLEARN_SERVER
      modelUri: gs://models/iris
"""

from collections.abc import Iterator

from webhook.graph import schema
from webhook.graph.finding import Finding
from webhook.graph.model import Deployment
from webhook.graph.path import Path
from webhook.graph.signs import fault_of
from webhook.rules._structure import OTHER_NAMES, fold, move, strays, value_at
from webhook.workloads.nodes import wants_server

ACTION = "deny"
SINCE = "0.1.0"
NEEDS = frozenset({fault_of("unknown")})


def check(deployment: Deployment) -> Iterator[Finding]:
    """Yield each field whose other name is certain, and without which the object cannot run.

    What only has no effect is unknown-field's, which knows the right spelling, too.
    """
    for path in strays(deployment):
        right = _right(path, value_at(deployment, path.parent))
        if not right:
            continue
        place = schema.look_up(path.parent)
        needed = place is not None and right in place.required
        needed = needed or (right == "modelUri" and _loads_a_model(deployment, path.parent))
        if needed or fold(str(path[-1])) in OTHER_NAMES:
            fact = f'there is no field "{path[-1]}" here; it is called "{right}"'
            mend = (move(path, path.parent / right),)
            # Whether a field that is not needed was wanted is not known.
            yield Finding(path, fact, f"write {right}", mend, sure=needed)


def _loads_a_model(deployment: Deployment, path: Path) -> bool:
    """Tell whether the node at `path` is run by a server, which needs a model."""
    nodes = (node for predictor in deployment.predictors for node in predictor.nodes)
    return any(node.path == path and wants_server(node) for node in nodes)


def _right(path: Path, siblings: object) -> str:
    """Return the field that was meant, if it is not there already; "" if that is not certain."""
    written = fold(str(path[-1]))
    known = schema.known_fields(path.parent)
    right = next((field for field in known if fold(field) == written), "")
    right = right or (OTHER_NAMES.get(written, "") if OTHER_NAMES.get(written) in known else "")
    taken = type(siblings) is dict and siblings.get(right) is not None
    return "" if taken else right
