"""Invalid environment variable name

Why: the name of a variable is printable ASCII without "=". Before Kubernetes 1.32 only letters,
digits, "_", "-" and "." are allowed, and no digit first. The API server refuses a Deployment with
any other name.

Fix: Use only letters, digits and "_".

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
"""The minor version that allows any printable name by default."""


def check(container: Container, facts: Facts) -> Iterator[Finding]:
    """Yield each invalid name or prefix of environment variables (ValidateEnv).

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
    noun = "envFrom prefix" if field_path[-1] == "prefix" else "environment variable name"
    if not is_env_var_name(name):
        reason = explain_invalid(name, " -<>-~", len(name))
        yield Finding(path, f"invalid {noun} {quote_value(name)}: {reason}")
    elif facts.kubernetes_minor is None or facts.kubernetes_minor < _RELAXED_CHARACTERS:
        reason = (
            "it must not start with a digit"
            if name[0].isdecimal()
            else explain_invalid(name, _STRICT_CHARACTERS, len(name))
        )
        message = f"invalid {noun} {quote_value(name)} before Kubernetes 1.32: {reason}"
        yield Finding(path, message, certain=facts.kubernetes_minor is not None)
