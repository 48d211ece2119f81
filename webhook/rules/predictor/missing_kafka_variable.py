"""Missing Kafka variable

Why: with serverType kafka the orchestrator reads broker and topics from three environment variables
of each predictor's svcOrchSpec. Seldon refuses a predictor without all three.

Fix: Set KAFKA_BROKER, KAFKA_INPUT_TOPIC and KAFKA_OUTPUT_TOPIC in svcOrchSpec.env.

Bad:
    spec:
      serverType: kafka
      predictors:
      - name: main

Good:
    spec:
      serverType: kafka
      predictors:
      - name: main
        svcOrchSpec:
          env:
          - name: KAFKA_BROKER
            value: broker.example:9092
          - name: KAFKA_INPUT_TOPIC
            value: requests
          - name: KAFKA_OUTPUT_TOPIC
            value: answers
"""

from collections.abc import Iterator
from types import NoneType

from webhook.graph.finding import Finding
from webhook.graph.model import SeldonDeployment, get_mapping, get_str, iter_mappings
from webhook.graph.text import join_words
from webhook.graph.well_known import KAFKA_VARIABLES

ACTION = "deny"
SINCE = "0.1.0"
FIELDS = frozenset({"serverType"})


def check(deployment: SeldonDeployment) -> Iterator[Finding]:
    """Yield each predictor without the three variables.

    Source: seldon-checks V4, by distinct names.
    """
    if deployment.spec.get("serverType") != "kafka":
        return
    for predictor in deployment.predictors:
        orchestrator = get_mapping(predictor.raw, "svcOrchSpec")
        if type(orchestrator.get("env")) not in (list, NoneType):
            continue  # said by wrong-type
        present = {get_str(variable, "name") for _, variable in iter_mappings(orchestrator, "env")}
        missing = [name for name in KAFKA_VARIABLES if name not in present]
        if missing:
            yield Finding(
                predictor.path / "svcOrchSpec" / "env",
                f"serverType kafka requires {join_words(missing)} in svcOrchSpec.env",
            )
