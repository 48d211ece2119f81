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

from webhook.graph.cluster_facts import Facts
from webhook.graph.finding import Finding
from webhook.graph.k8s_syntax import explain_invalid, is_env_var_name, is_strict_env_var_name
from webhook.graph.model import Container, iter_mappings
from webhook.rules._format import quote_value

ACTION = "deny"
SINCE = "0.1.0"
FIELDS = frozenset({"env", "envFrom"})
LOCAL = True

_STRICT_CHARACTERS = "-._a-zA-Z0-9"
_RELAXED_CHARACTERS = 32
"""The minor version from which any printable name is taken by default."""


def check(container: Container, facts: Facts) -> Iterator[Finding]:
    """Yield each variable, and prefix of variables, whose name is none (ValidateEnv).

    Where the cluster's version is not known, what only older ones refuse is not sure.
    """
    for index, variable in iter_mappings(container.raw, "env"):
        name = variable.get("name")
        if type(name) is str and not is_strict_env_var_name(name):
            yield from _build_finding(container, ("env", index, "name"), name, facts)
    for index, source in iter_mappings(container.raw, "envFrom"):
        prefix = source.get("prefix")
        if prefix and type(prefix) is str and not is_strict_env_var_name(prefix):
            yield from _build_finding(container, ("envFrom", index, "prefix"), prefix, facts)


def _build_finding(
    container: Container, field_path: tuple[str | int, ...], name: str, facts: Facts
) -> Iterator[Finding]:
    path = container.path.join(field_path)
    noun = "prefix" if field_path[-1] == "prefix" else "name"
    if not is_env_var_name(name):
        reason = explain_invalid(name, " -<>-~", len(name))
        yield Finding(path, f"the {noun} {quote_value(name)} of variables {reason}")
    elif facts.kubernetes_minor is None or facts.kubernetes_minor < _RELAXED_CHARACTERS:
        reason = (
            "starts with a digit"
            if name[0].isdecimal()
            else explain_invalid(name, _STRICT_CHARACTERS, len(name))
        )
        message = (
            f"the {noun} {quote_value(name)} of variables {reason}, which Kubernetes before 1.32 "
            "refuses"
        )
        yield Finding(path, message, certain=facts.kubernetes_minor is not None)
