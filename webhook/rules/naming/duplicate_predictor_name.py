"""Duplicate predictor name

Why: Deployments, Services and traffic rules are named after their predictor, so two predictors with
the same name overwrite each other.

Fix: Use a different name.

Bad:
    predictors:
    - name: main
    - name: main

Good:
    predictors:
    - name: main
    - name: canary
"""

from collections.abc import Iterator

from webhook.graph.finding import Finding
from webhook.graph.model import SeldonDeployment
from webhook.graph.path import Path

ACTION = "deny"
SINCE = "0.1.0"
FIELDS = frozenset({"predictors"})


def check(deployment: SeldonDeployment) -> Iterator[Finding]:
    """Yield each predictor with the name of an earlier one."""
    first: dict[str, Path] = {}
    for predictor in deployment.predictors:
        name = predictor.name
        if not name:
            continue
        if name in first:
            yield Finding(
                predictor.path / "name",
                f'duplicate predictor name "{name}" (first at {first[name]})',
            )
        else:
            first[name] = predictor.path
