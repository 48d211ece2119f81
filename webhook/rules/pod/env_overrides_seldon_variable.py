"""Environment variable reserved by Seldon

Why: Seldon sets environment variables with the ports and the name of each node. If a container sets
those of its http and grpc port itself, Seldon's operator drops all of its variables; likewise
PREDICTIVE_UNIT_PARAMETERS of a node with parameters, and MLSERVER_MODEL_URI of one with a modelUri.
Other variables it writes again, and the last one counts, which is not the author's.

Fix: Remove the variable; to choose the port, name a container port http or grpc.

Bad:
    env:
    - name: PREDICTIVE_UNIT_HTTP_SERVICE_PORT
      value: "8080"

Good:
    ports:
    - name: http
      containerPort: 8080
"""

from collections.abc import Iterator, Sequence
from operator import methodcaller
from typing import Any

from webhook.graph.cluster_facts import Facts
from webhook.graph.finding import Finding
from webhook.graph.model import Container, Predictor, get_list
from webhook.rendering.environment import DROPPING_VARIABLES

ACTION = "warn"
SINCE = "0.1.0"
FIELDS = frozenset({"env"})

_OTHER_VARIABLES = frozenset(
    {
        "PREDICTIVE_UNIT_SERVICE_PORT",
        "PREDICTIVE_UNIT_ID",
        "PREDICTIVE_UNIT_IMAGE",
        "PREDICTIVE_UNIT_METRICS_SERVICE_PORT",
        "PREDICTIVE_UNIT_METRICS_ENDPOINT",
        "PREDICTOR_ID",
        "PREDICTOR_LABELS",
        "SELDON_DEPLOYMENT_ID",
        "SELDON_EXECUTOR_ENABLED",
        "MLSERVER_MODEL_NAME",
        "MLSERVER_METRICS_PORT",
        "MLSERVER_METRICS_ENDPOINT",
    }
)
SELDON_VARIABLES = WORDS = DROPPING_VARIABLES | _OTHER_VARIABLES

_ONLY_BESIDE = {"PREDICTIVE_UNIT_PARAMETERS": "parameters", "MLSERVER_MODEL_URI": "modelUri"}
"""Variables that are set only where the node has a field."""

_get_name = methodcaller("get", "name")


def check(container: Container, predictor: Predictor, facts: Facts) -> Iterator[Finding]:
    """Yield each variable of a node's container that Seldon sets.

    Source: SetEnvVar (utils.go), createContainerService, v1.17.1; seldon-checks G37.
    """
    env = get_list(container.raw, "env")
    if (
        _are_names_free(env)
        or container.role != "container"
        or container.name not in predictor.node_names
    ):
        return
    for index, variable in enumerate(env):
        name = variable.get("name") if type(variable) is dict else None
        if type(name) is str and name in SELDON_VARIABLES:
            node = predictor.nodes_by_name[container.name][0]
            field = _ONLY_BESIDE.get(name)
            is_dropping = (
                facts.operator != "graphgate"
                and name in DROPPING_VARIABLES
                and (field is None or bool(node.raw.get(field)))
            )
            message = (
                f"{name} makes Seldon's operator drop all variables of the container"
                if is_dropping
                else f"{name} is set by Seldon"
            )
            yield Finding(
                container.path / "env" / index / "name",
                message,
                "" if name.endswith("_PORT") else "remove the variable",
            )


def _are_names_free(env: Sequence[Any]) -> bool:
    """Return whether surely no variable has a name of Seldon's; asked in C: there are many."""
    try:
        return SELDON_VARIABLES.isdisjoint(map(_get_name, env))
    except (AttributeError, TypeError):  # not a mapping, or a name that is not a string
        return False
