"""Misspelled Seldon annotation

Why: Seldon ignores unknown annotations. Values are compared with the string "true"; headless-svc is
enabled by anything but "false".

Fix: Use Seldon's spelling of the key, and "true" or no annotation.

Bad:
    spec:
      annotations:
        seldon.io/engine-seperate-pod: "true"

Good:
    spec:
      annotations:
        seldon.io/engine-separate-pod: "true"
"""

from collections.abc import Iterator, Mapping
from typing import Any

from webhook.graph.finding import Finding
from webhook.graph.model import SeldonDeployment, get_mapping
from webhook.graph.path import Path
from webhook.graph.suggest import CERTAIN_SIMILARITY, nearest_word
from webhook.graph.well_known import SELDON_GROUP, SELDON_PREFIX
from webhook.rules._format import quote_value

ACTION = "warn"
SINCE = "0.1.0"
FIELDS = frozenset({"annotations"})

_SWITCHES = ("engine-separate-pod", "no-engine", "no-storage-initializer")
"""Enabled by "true"."""
_SET_BY_PRESENCE = ("headless-svc",)
"""Enabled by any value but "false"."""
_KNOWN = (
    *_SWITCHES,
    *_SET_BY_PRESENCE,
    *("svc-name", "ambassador-config", "ambassador-service-name", "ambassador-header"),
    *("ambassador-regex-header", "ambassador-id", "ambassador-shadow", "ambassador-retries"),
    *("ambassador-circuit-breakers-max-connections", "ambassador-circuit-breakers-max-requests"),
    *(
        "ambassador-circuit-breakers-max-pending-requests",
        "ambassador-circuit-breakers-max-retries",
    ),
    *("ambassador-ssl-context", "ambassador-timeout", "ambassador-enable-websockets"),
    *("istio-gateway", "istio-host", "istio-retries", "istio-retries-timeout"),
    *("rest-timeout", "grpc-timeout", "grpc-max-message-size", "rest-connection-timeout"),
    *("rest-read-timeout", "rest-connect-retries", "grpc-read-timeout"),
    *("executor", "executor-logger-queue-size", "executor-logger-write-timeout-ms"),
    *("engine-log-level", "engine-log-messages-externally", "engine-log-message-type"),
    *("engine-log-requests", "engine-log-responses", "engine-java-opts"),
    *("shadow", "explainer", "controller-id", "last-applied"),
    *("model", "router", "combiner", "transformer", "output-transformer"),
)
_MIN_SIMILARITY = 0.7
"""Keys have few parts and share most of them: at difflib's own 0.6 any is like any other."""
_NEAR_BOOLEANS = ("true", "yes", "on", "1", "y", "false", "no", "off", "0", "n")


def check(deployment: SeldonDeployment) -> Iterator[Finding]:
    """Yield each such key and value (sources: constants.go and getAnnotation of the operator)."""
    metadata = get_mapping(deployment.raw, "metadata")
    yield from _check_annotations(metadata, Path(("metadata",)))
    yield from _check_annotations(deployment.spec, Path(("spec",)))
    for predictor in deployment.predictors:
        yield from _check_annotations(predictor.raw, predictor.path)


def _check_annotations(raw: Mapping[str, Any], path: Path) -> Iterator[Finding]:
    annotations = get_mapping(raw, "annotations")
    for key, value in annotations.items():
        prefix, slash, name = key.partition("/")
        place = path / "annotations" / key
        is_seldons = prefix + slash == SELDON_PREFIX
        if not is_seldons or name not in _KNOWN:
            nearest = (
                nearest_word(name, _KNOWN, _MIN_SIMILARITY)
                if is_seldons
                else _name_of_near_prefix(key)
            )
            if nearest and SELDON_PREFIX + nearest not in annotations:
                message = f"unknown Seldon annotation {quote_value(key)}"
                yield Finding(place, message, f"did you mean {SELDON_PREFIX}{nearest}?")
        elif type(value) is str and value.lower() in _NEAR_BOOLEANS:
            yield from _check_switch(place, name, value)


def _name_of_near_prefix(key: str) -> str:
    """Return the known name after a prefix that is nearly Seldon's; "" for any other key."""
    prefix, _, name = key.partition("/")
    if name not in _KNOWN:
        return ""
    is_near = prefix == SELDON_GROUP or nearest_word(
        prefix, (SELDON_PREFIX.rstrip("/"),), CERTAIN_SIMILARITY
    )
    return name if is_near else ""


def _check_switch(place: Path, name: str, value: str) -> Iterator[Finding]:
    off = value.lower() in ("false", "no", "off", "0", "n")
    if name in _SET_BY_PRESENCE and off and value != "false":
        message = f'{quote_value(value)} switches {SELDON_PREFIX}{name} on: all but "false" do'
        yield Finding(place, message, "remove the annotation")
    elif name in _SWITCHES and not off and value != "true":
        message = (
            f'{SELDON_PREFIX}{name} is compared with the text "true", got {quote_value(value)}'
        )
        yield Finding(place, message, 'use "true"')
