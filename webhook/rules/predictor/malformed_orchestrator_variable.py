"""Variable with which the orchestrator does not start

Why: the orchestrator reads its graph from the variable ENGINE_PREDICTOR, which is set for it, and
with serverType kafka it reads KAFKA_WORKERS as an integer, and KAFKA_FULL_GRAPH and
KAFKA_AUTO_COMMIT as true or false. It stops at any other value. Variables are those of svcOrchSpec,
and the annotations seldon.io/engine-… of the spec.

Fix: Remove ENGINE_PREDICTOR. Write a value that the orchestrator reads.

Bad:
    serverType: kafka
    predictors:
    - svcOrchSpec:
        env:
        - name: KAFKA_WORKERS
          value: many

Good:
    serverType: kafka
    predictors:
    - svcOrchSpec:
        env:
        - name: KAFKA_WORKERS
          value: "8"
"""

import binascii
from base64 import b64decode
from collections.abc import Iterator

import orjson

from webhook.graph.finding import Finding
from webhook.graph.model import SeldonDeployment, get_mapping, get_str, iter_mappings
from webhook.graph.path import ROOT, Path
from webhook.rendering.layout import opts_out_of_orchestrator
from webhook.rendering.orchestrator import ENGINE_ANNOTATION_PREFIX
from webhook.rules._format import quote_value

ACTION = "deny"
SINCE = "0.1.0"

_PREDICTOR = "ENGINE_PREDICTOR"
_WORKERS = "KAFKA_WORKERS"
_SWITCHES = ("KAFKA_FULL_GRAPH", "KAFKA_AUTO_COMMIT")
_VARIABLES = frozenset({_PREDICTOR, _WORKERS, *_SWITCHES})
_BOOLEANS = frozenset(
    {"1", "t", "T", "TRUE", "true", "True", "0", "f", "F", "FALSE", "false", "False"}
)
"""What Go's strconv.ParseBool reads."""

FIELDS = frozenset({"annotations", "svcOrchSpec"})


def check(deployment: SeldonDeployment) -> Iterator[Finding]:
    """Yield each such variable.

    Source: getPredictorFromEnv and main of the executor (executor/cmd/executor/main.go, v1.17.1).
    """
    if "annotations" in deployment.spec and not all(
        map(opts_out_of_orchestrator, deployment.predictors)
    ):
        for key, value in get_mapping(deployment.spec, "annotations").items():
            if key.startswith(ENGINE_ANNOTATION_PREFIX) and type(value) is str:
                name = key.removeprefix(ENGINE_ANNOTATION_PREFIX).replace("-", "_").upper()
                path = ROOT.join(("spec", "annotations", key))
                yield from _check_value(path, name, value, deployment)
    for predictor in deployment.predictors:
        if "svcOrchSpec" not in predictor.raw or opts_out_of_orchestrator(predictor):
            continue
        path = predictor.path / "svcOrchSpec"
        for index, raw in iter_mappings(get_mapping(predictor.raw, "svcOrchSpec"), "env"):
            value = raw.get("value") or ""
            if type(value) is str and raw.get("valueFrom") is None:
                value_path = path.join(("env", index, "value"))
                yield from _check_value(value_path, get_str(raw, "name"), value, deployment)


def _check_value(
    path: Path, name: str, value: str, deployment: SeldonDeployment
) -> Iterator[Finding]:
    if name in _VARIABLES and (reason := _explain(name, value, deployment)):
        advice = "remove the variable: it is set already" if name == _PREDICTOR else ""
        yield Finding(path, f"{name} {reason}, got {quote_value(value)}", advice)


def _explain(name: str, value: str, deployment: SeldonDeployment) -> str:
    """Return why the orchestrator stops at a value; "" if it does not."""
    if name == _PREDICTOR:
        return "" if _is_predictor(value) else "must hold a graph as JSON in base64"
    if not value or get_str(deployment.spec, "serverType") != "kafka":
        return ""
    if name == _WORKERS:
        digits = value[1:] if value[:1] in ("+", "-") else value
        return "" if digits.isascii() and digits.isdigit() else "must be an integer"
    return "" if value in _BOOLEANS else "must be true or false"


def _is_predictor(value: str) -> bool:
    try:
        predictor = orjson.loads(b64decode(value, validate=True))
    except (binascii.Error, ValueError):
        return False
    return type(predictor) is dict and type(predictor.get("graph")) is dict
