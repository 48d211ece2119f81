"""A restart rule has no effect to have

Why: restartPolicyRules say for which exit codes a container is started again, and restartPolicy
what happens for all others. The API server refuses rules without a restartPolicy beside them,
more than 20 of them, or one without the exit codes that it is about.

Fix: Write restartPolicy beside the rules, and the action, operator and exit codes of each.

Bad:
    containers:
    - name: classifier
      restartPolicyRules:
      - action: Restart
        exitCodes:
          operator: In
          values: [42]

Good:
    containers:
    - name: classifier
      restartPolicy: Never
      restartPolicyRules:
      - action: Restart
        exitCodes:
          operator: In
          values: [42]
"""

from collections.abc import Iterator, Mapping
from typing import Any

from webhook.graph.features import non_trivial_feature
from webhook.graph.finding import Finding
from webhook.graph.model import SeldonDeployment, get_list, get_mapping, iter_mappings
from webhook.graph.path import Path
from webhook.rules._suggest import unknown_value_finding

ACTION = "deny"
SINCE = "0.1.0"
TRIGGERS = frozenset({non_trivial_feature("words")})

_ACTIONS = ("Restart", "RestartAllContainers")
_OPERATORS = ("In", "NotIn")
_MAX_RULES = 20
_MAX_EXIT_CODES = 255


def check(deployment: SeldonDeployment) -> Iterator[Finding]:
    """Yield what is wrong with rules of containers (source: validateContainerRestartPolicy)."""
    for container in deployment.containers_with("words"):
        listed = container.raw.get("restartPolicyRules")
        if type(listed) is not list or not listed:
            continue
        path = container.path / "restartPolicyRules"
        if container.raw.get("restartPolicy") is None:
            message = "the container has restartPolicyRules and no restartPolicy"
            yield Finding(container.path / "restartPolicy", message, "add restartPolicy")
        if len(listed) > _MAX_RULES:
            yield Finding(path, f"there are {len(listed)} rules, more than {_MAX_RULES}")
        for index, rule in iter_mappings(container.raw, "restartPolicyRules"):
            yield from _check_rule(path / index, rule)


def _check_rule(path: Path, raw: Mapping[str, Any]) -> Iterator[Finding]:
    action = raw.get("action")
    if type(action) is str and action not in _ACTIONS:
        yield unknown_value_finding(path / "action", "action of a restart rule", action, _ACTIONS)
    if raw.get("exitCodes") is None:
        yield Finding(path / "exitCodes", "the rule has no exitCodes", "add them")
        return
    codes = get_mapping(raw, "exitCodes")
    operator = codes.get("operator")
    if type(operator) is str and operator not in _OPERATORS:
        field_path = path.join(("exitCodes", "operator"))
        yield unknown_value_finding(field_path, "operator of exit codes", operator, _OPERATORS)
    values = [value for value in get_list(codes, "values") if type(value) is int]
    field_path = path.join(("exitCodes", "values"))
    if len(values) > _MAX_EXIT_CODES:
        yield Finding(
            field_path, f"there are {len(values)} exit codes, more than {_MAX_EXIT_CODES}"
        )
    for index, value in enumerate(values):
        if value in values[:index]:
            yield Finding(field_path / index, f"the exit code {value} is listed already")
