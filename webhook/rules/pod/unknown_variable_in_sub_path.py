"""Unknown variable in a subPathExpr

Why: the kubelet puts the variables of a container into subPathExpr: $(NAME) is one of its env or
envFrom, or one that Kubernetes or Seldon adds. If one is missing or empty, or if what comes out is
an absolute path or has "..", the container never starts (CreateContainerConfigError). Variables of
the image do not count, nor do those that another webhook adds to the pods: those are not seen here.

Fix: Add the variable to env, or write subPath where nothing has to be put in.

Bad:
    containers:
    - name: classifier
      volumeMounts:
      - name: logs
        mountPath: /logs
        subPathExpr: $(POD_NAME)

Good:
    containers:
    - name: classifier
      env:
      - name: POD_NAME
        valueFrom:
          fieldRef:
            fieldPath: metadata.name
      volumeMounts:
      - name: logs
        mountPath: /logs
        subPathExpr: $(POD_NAME)
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from webhook.graph.cluster_facts import Facts
from webhook.graph.expansion import end_of_references, find_references
from webhook.graph.finding import Finding, Operation
from webhook.graph.model import SeldonDeployment, get_list, get_str, iter_mappings
from webhook.graph.path import Path
from webhook.graph.suggest import nearest_word
from webhook.graph.text import join_words
from webhook.rules._format import name_container, quote_value
from webhook.rules._rendered import rendered_pods
from webhook.rules.constraints.formats import RELATIVE_PATH

ACTION = "deny"
SINCE = "0.1.0"
WORDS = frozenset({"volumeMounts.subPathExpr"})

_MAX_LENGTH = 4096
"""Of a path."""
_MAX_SERVICE_VARIABLE_LENGTH = 128
"""A Service's name has 63 characters, that of its port 15."""
_MAX_PREFIXES = 100
"""With more sources of variables than this, any variable may be in one of them."""
_MAX_SHOWN_NAMES = 5
_CLUSTER_VARIABLES = "KUBERNETES_"
_SERVICE_VARIABLE = re.compile(
    r"[A-Z][A-Z0-9_]*_(?:SERVICE_(?:HOST|PORT(?:_[A-Z0-9_]+)?)"
    r"|PORT(?:_[0-9]+_(?:TCP|UDP|SCTP)(?:_(?:PROTO|PORT|ADDR))?)?)\Z"
)
"""Variables that may come from a Service of the namespace (source: pkg/kubelet/envvars)."""


def check(deployment: SeldonDeployment, facts: Facts) -> Iterator[Finding]:
    """Yield each subPathExpr with which the kubelet starts no container.

    Source: ExpandContainerVolumeMounts, makeMounts and makeEnvironmentVariables (pkg/kubelet,
    v1.30.14 and v1.37.2).
    """
    if not any(_expressions(container.raw) for container in deployment.containers):
        return
    for rendered, template in rendered_pods(deployment, facts):
        for field in ("initContainers", "containers"):
            for index, container in iter_mappings(template["spec"], field):
                if not (expressions := _expressions(container)):
                    continue
                variables = _Variables(container, template["spec"])
                for number, expression in expressions:
                    place = ("volumeMounts", number, "subPathExpr")
                    path = rendered.trace(("spec", "template", "spec", field, index, *place))
                    if finding := _explain(path, expression, variables):
                        yield finding


def _expressions(container: Mapping[str, Any]) -> list[tuple[int, str]]:
    """Return the subPathExpr of a container that may name variables, by the number of its mount."""
    return [
        (number, expression)
        for number, mount in iter_mappings(container, "volumeMounts")
        if "$(" in (expression := get_str(mount, "subPathExpr"))
    ]


class _Variables:
    """The variables of a container as the kubelet sets them; the value None is not known."""

    def __init__(self, container: Mapping[str, Any], pod: Mapping[str, Any]) -> None:
        self.name = get_str(container, "name")
        self.has_service_links = pod.get("enableServiceLinks") is not False
        sources = iter_mappings(container, "envFrom")
        prefixes = [get_str(source, "prefix") for _, source in sources[:_MAX_PREFIXES]]
        self.prefixes = ("",) if len(sources) > _MAX_PREFIXES else (*prefixes, _CLUSTER_VARIABLES)
        self.values: dict[str, str | None] = {}
        self.is_readable = len(get_list(container, "env")) == len(iter_mappings(container, "env"))
        for _, variable in iter_mappings(container, "env"):
            value = variable.get("value")
            if value in (None, "") and variable.get("valueFrom") is None:
                self.values[get_str(variable, "name")] = ""
            elif type(value) is not str or not value:
                self.values[get_str(variable, "name")] = None
            else:
                self.values[get_str(variable, "name")] = self.expand(value)

    def expand(self, text: str) -> str | None:
        """Return a text with the variables that are set so far; the others stay as they are.

        None: it is not known, or longer than a path may be. Values that name each other grow
        exponentially.
        """
        parts, position, length = [], 0, len(text)
        for reference in find_references(text):
            name = reference[1]
            value: str | None = reference[0] if name is not None else "$"
            if name is not None and not self.is_missing(name):
                value = self.values.get(name)
            length += len(value or "")
            if value is None or length > _MAX_LENGTH:
                return None
            parts += [text[position : reference.start()], value]
            position = reference.end()
        end = end_of_references(text)
        return "".join([*parts, text[position:end], text[end:].replace("$$", "$")])

    def is_missing(self, name: str) -> bool:
        """Return whether a variable is surely not set."""
        return (
            name not in self.values
            and self.is_readable
            and not name.startswith(self.prefixes)
            and not (self.has_service_links and _may_be_of_service(name))
        )


def _may_be_of_service(name: str) -> bool:
    return len(name) <= _MAX_SERVICE_VARIABLE_LENGTH and _SERVICE_VARIABLE.match(name) is not None


def _explain(path: Path, expression: str, variables: _Variables) -> Finding | None:
    """Return what is wrong with a subPathExpr; None: nothing is."""
    names = dict.fromkeys(match[1] for match in find_references(expression) if match[1])
    if "$()" in expression.replace("$$", ""):
        return Finding(path, "subPathExpr has $() without a name", "name a variable")
    missing = [name for name in names if variables.is_missing(name)]
    empty = [name for name in names if variables.values.get(name) == ""]
    owner = name_container(variables.name)
    if missing:
        message = f"subPathExpr takes {_list_names(missing)}, which {owner} does not have"
        return _with_nearest(path, message, missing, expression, variables)
    if empty:
        message = f"subPathExpr takes {_list_names(empty)}, which {owner} leaves empty"
        return Finding(path, message, f"set the value of {_list_names(empty)}")
    text = variables.expand(expression)
    if text is None or RELATIVE_PATH.accepts(text):
        return None
    message = f"subPathExpr becomes {quote_value(text)}: {RELATIVE_PATH.explain(text)}"
    return Finding(path, message, "change the value of the variable")


def _list_names(names: list[str]) -> str:
    shown = [quote_value(name) for name in names[:_MAX_SHOWN_NAMES]]
    more = [f"{len(names) - len(shown)} more"] if len(names) > len(shown) else []
    return join_words([*shown, *more])


def _with_nearest(
    path: Path, message: str, missing: list[str], expression: str, variables: _Variables
) -> Finding:
    usable = [name for name, value in variables.values.items() if name and value != ""]
    nearest = nearest_word(missing[0], usable) if len(missing) == 1 else ""
    if not nearest:
        return Finding(path, message, f"add {_list_names(missing)} to its env")
    value = expression.replace(f"$({missing[0]})", f"$({nearest})")
    fix: Operation = {"op": "replace", "path": path.pointer, "value": value}
    return Finding(path, message, f'did you mean "$({nearest})"?', (fix,))
