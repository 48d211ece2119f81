"""A field stands one level too high or too low

Why: a field that is known elsewhere is unknown here. The API server drops it, and what it says does
not apply: an autoscaler beside the graph scales nothing, variables beside containers are set in
none.

Fix: Move it to where it belongs.

Bad:
    predictors:
    - name: main
      hpaSpec:
        maxReplicas: 3
      componentSpecs:
      - spec:
          containers:
          - name: classifier

Good:
    predictors:
    - name: main
      componentSpecs:
      - hpaSpec:
          maxReplicas: 3
        spec:
          containers:
          - name: classifier
"""

from collections.abc import Iterator

from webhook.graph import schema
from webhook.graph.finding import Finding
from webhook.graph.model import Deployment
from webhook.graph.path import Path, Segment
from webhook.graph.signs import fault_of
from webhook.graph.words import enumerate_words
from webhook.rules._structure import move_into, strays, value_at
from webhook.rules.pod_out_of_place import is_told

ACTION = "warn"
SINCE = "0.1.0"
NEEDS = frozenset({fault_of("unknown")})

_MOST_HOMES = 3
"""Places that are told. A field of more homes, like "name", is no field gone astray."""


def check(deployment: Deployment) -> Iterator[Finding]:
    """Yield each unknown field that belongs to another level on the way to it."""
    for path in strays(deployment):
        homes = [home for home in schema.homes(str(path[-1])) if _is_near(path, home)]
        if homes and len(homes) <= _MOST_HOMES and not is_told(deployment, path):
            yield _finding(deployment, path, homes)


def _is_near(path: Path, home: str) -> bool:
    """Tell whether `home` is above the stray field, or in something that stands beside it."""
    *above, _ = home.replace("[]", "").split(".")
    here = [str(part) for part in path[:-1] if type(part) is str]
    shared = min(len(above), len(here))
    return above != here and above[:shared] == here[:shared] and abs(len(above) - len(here)) <= 2


def _finding(deployment: Deployment, path: Path, homes: list[str]) -> Finding:
    targets = [target for home in homes for target in _targets(deployment, path, home)]
    mend = move_into(deployment, path, targets[0]) if len(homes) == len(targets) == 1 else ()
    return Finding(
        path,
        f'the field "{path[-1]}" belongs to {enumerate_words(homes, "or")}',
        f"move it to {targets[0]}" if len(targets) == 1 else "move it there",
        mend,
    )


def _targets(deployment: Deployment, path: Path, home: str) -> Iterator[Path]:
    """Yield each place in the document that `home` can mean, seen from the stray field."""
    found = [Path(())]
    for part in home.split(".")[:-1]:
        name, is_list = part.removesuffix("[]"), part.endswith("[]")
        steps: list[Path] = []
        for place in found:
            inner = place / name
            steps.extend(_elements(deployment, path, inner) if is_list else [inner])
        found = steps
    for place in found:
        yield place / path[-1]


def _elements(deployment: Deployment, path: Path, listed: Path) -> Iterator[Path]:
    """Yield the items of a list: the one in which the stray field stands, else all."""
    if path[: len(listed)] == listed and len(path) > len(listed):
        own: Segment = path[len(listed)]
        yield listed / own
        return
    value = value_at(deployment, listed)
    for index in range(len(value) if type(value) is list else 0):
        yield listed / index
