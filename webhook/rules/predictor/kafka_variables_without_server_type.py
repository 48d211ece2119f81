"""Kafka variables without serverType kafka

Why: the orchestrator reads KAFKA_BROKER and its topics only with serverType: kafka. Without it, it
serves HTTP, and the variables have no effect.

Fix: Set serverType to kafka in spec, or remove the variables.

Bad:
    spec:
      predictors:
      - name: main
        svcOrchSpec:
          env:
          - name: KAFKA_BROKER
            value: kafka:9092

Good:
    spec:
      serverType: kafka
      predictors:
      - name: main
        svcOrchSpec:
          env:
          - name: KAFKA_BROKER
            value: kafka:9092
"""

from collections.abc import Iterator

from webhook.graph.finding import Finding
from webhook.graph.model import Predictor, SeldonDeployment, get_mapping, iter_mappings
from webhook.graph.well_known import KAFKA_VARIABLES

ACTION = "warn"
SINCE = "0.1.0"
FIELDS = frozenset({"svcOrchSpec"})


def check(predictor: Predictor, deployment: SeldonDeployment) -> Iterator[Finding]:
    """Yield the first of such variables of each predictor (source: the executor's main.go)."""
    if deployment.spec.get("serverType") == "kafka":
        return
    for index, variable in iter_mappings(get_mapping(predictor.raw, "svcOrchSpec"), "env"):
        if variable.get("name") in KAFKA_VARIABLES:
            yield Finding(
                predictor.path.join(("svcOrchSpec", "env", index, "name")),
                f"{variable['name']} has no effect without serverType: kafka",
                "set spec.serverType to kafka",
            )
            return
