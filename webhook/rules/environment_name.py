"""An environment variable has a name that none can have

Why: the name of a variable is printable ASCII without "=". Clusters before Kubernetes 1.32 take
letters, digits, "_", "-" and "." only, and no digit in front. With another name the API server
refuses the Deployment.

Fix: Write the name with letters, digits and "_" only.

Bad:
    env:
    - name: THRESHOLD=0.5

Good:
    env:
    - name: THRESHOLD
      value: "0.5"
"""

from collections.abc import Iterator

from webhook.graph.facts import Facts
from webhook.graph.finding import Finding
from webhook.graph.kubernetes import is_strict_variable, is_variable, why_not
from webhook.graph.model import Container, Deployment, mappings
from webhook.graph.signs import unusual
from webhook.rules._text import quoted

ACTION = "deny"
SINCE = "0.1.0"
NEEDS = frozenset({unusual("env"), unusual("envFrom")})

_STRICT = "-._a-zA-Z0-9"
_RELAXED = 32
"""The minor version from which any printable name is taken by default."""


def check(deployment: Deployment, facts: Facts) -> Iterator[Finding]:
    """Yield each variable, and prefix of variables, whose name is none (ValidateEnv).

    Where the cluster's version is not known, what only older ones refuse is not sure.
    """
    for container in deployment.in_need("env"):
        for index, variable in mappings(container.raw, "env"):
            name = variable.get("name")
            if type(name) is str and not is_strict_variable(name):
                yield from _finding(container, ("env", index, "name"), name, facts)
    for container in deployment.in_need("envFrom"):
        for index, source in mappings(container.raw, "envFrom"):
            prefix = source.get("prefix")
            if prefix and type(prefix) is str and not is_strict_variable(prefix):
                yield from _finding(container, ("envFrom", index, "prefix"), prefix, facts)


def _finding(
    container: Container, place: tuple[str | int, ...], name: str, facts: Facts
) -> Iterator[Finding]:
    path = container.path.join(place)
    what = "prefix" if place[-1] == "prefix" else "name"
    if not is_variable(name):
        why = why_not(name, " -<>-~", len(name))
        yield Finding(path, f"the {what} {quoted(name)} of variables {why}")
    elif facts.minor is None or facts.minor < _RELAXED:
        why = "starts with a digit" if name[0].isdecimal() else why_not(name, _STRICT, len(name))
        fact = f"the {what} {quoted(name)} of variables {why}, which Kubernetes before 1.32 refuses"
        yield Finding(path, fact, sure=facts.minor is not None)
