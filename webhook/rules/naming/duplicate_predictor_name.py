"""Two predictors have one name

Why: Deployments, Services and traffic rules are named after their predictor, so two predictors of
one name overwrite each other.

Fix: Give each predictor a name of its own.

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
    """Yield each predictor whose name an earlier one has."""
    first: dict[str, Path] = {}
    for predictor in deployment.predictors:
        name = predictor.name
        if not name:
            continue
        if name in first:
            yield Finding(
                predictor.path / "name",
                f'the name "{name}" is already that of the predictor at {first[name]}',
            )
        else:
            first[name] = predictor.path
