"""Environment variable reserved by Seldon

Why: Seldon sets environment variables with the ports and the name of each node. If a container sets
the port variables itself, Seldon's operator drops all of its variables. Other variables are
duplicate, and the last one wins.

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

from webhook.graph.finding import Finding
from webhook.graph.model import Container, Predictor, get_list
from webhook.graph.path import Path

ACTION = "warn"
SINCE = "0.1.0"
FIELDS = frozenset({"env"})

_PORT_VARIABLES = frozenset(
    {
        "PREDICTIVE_UNIT_SERVICE_PORT",
        "PREDICTIVE_UNIT_HTTP_SERVICE_PORT",
        "PREDICTIVE_UNIT_GRPC_SERVICE_PORT",
        "MLSERVER_HTTP_PORT",
        "MLSERVER_GRPC_PORT",
    }
)
_OTHER_VARIABLES = frozenset(
    {
        "PREDICTIVE_UNIT_PARAMETERS",
        "PREDICTIVE_UNIT_ID",
        "PREDICTIVE_UNIT_IMAGE",
        "PREDICTIVE_UNIT_METRICS_SERVICE_PORT",
        "PREDICTIVE_UNIT_METRICS_ENDPOINT",
        "PREDICTOR_ID",
        "PREDICTOR_LABELS",
        "SELDON_DEPLOYMENT_ID",
        "SELDON_EXECUTOR_ENABLED",
        "MLSERVER_MODEL_URI",
        "MLSERVER_MODEL_NAME",
        "MLSERVER_METRICS_PORT",
        "MLSERVER_METRICS_ENDPOINT",
    }
)
SELDON_VARIABLES = WORDS = _PORT_VARIABLES | _OTHER_VARIABLES

_get_name = methodcaller("get", "name")


def check(container: Container, predictor: Predictor) -> Iterator[Finding]:
    """Yield each variable of a node's container that Seldon sets.

    Source: utils.go; seldon-checks G37.
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
            yield _build_finding(container.path / "env" / index / "name", name)


def _are_names_free(env: Sequence[Any]) -> bool:
    """Return whether surely no variable has a name of Seldon's; asked in C: there are many."""
    try:
        return SELDON_VARIABLES.isdisjoint(map(_get_name, env))
    except (AttributeError, TypeError):  # not a mapping, or a name that is not a string
        return False


def _build_finding(path: Path, name: str) -> Finding:
    if name in _PORT_VARIABLES:
        return Finding(
            path, f"{name} is set by Seldon, which may drop all variables of the container"
        )
    return Finding(path, f"{name} is set by Seldon", "remove the variable")
