"""What may be wrong with a graph: one file per rule, and the folder is the list.

A rule is a module of a group: graph, predictor, pod, scaling, naming or schema. Its name is its id
(`traffic_not_100` is traffic-not-100) and reads after "allow …". It has

* a docstring: a title, then the sections Why, Fix, Bad and Good (see `webhook.rules.docs`);
* ACTION, what is done by default: "deny", "warn" or "audit"; SINCE, the first version with it;
* `check`, a generator of findings. Its first parameter is the subject of the rule:
  `deployment`, `predictor`, `node`, `component` (a componentSpec), `pod` (the pod in it, also a
  ComponentSpec), `container` (of any role) or `schema_error`. It is called once for each of these;
  nothing else has to be walked. It may also
  ask, by name, for what its subject is a part of, `deployment`, `predictor` and `component` (None
  for the containers of orchestrator and explainer), for `facts`, for `routing` (how requests get to
  the predictors), and for `old`, the view of the object before an update (the rule then runs on
  updates only). Its keyword-only parameters, each with a default, are its settings;
* FIELDS, where it is about fields of its subject: a frozenset of keys. The rule is called only for
  things that have one of them, whatever its value. They are the keys of the thing's own mapping, or
  of the pod for a pod. A deployment has those of its metadata, its spec, its predictors, their
  componentSpecs and pods, a predictor also those of its nodes; a node also has its type and its
  implementation, such as "ROUTER"; a schema error has its kind;
* LOCAL = True if what it finds depends on nothing but the values of FIELDS, none of them null, and
  on the facts where it takes them: it is not called for contents in which it found nothing before
  (`webhook.settings.known_parts`). For containers and nodes only;
* WORDS, where what it finds takes certain words: a frozenset of them. The rule is called only where
  one occurs below its subject. "claims" is a key or a text, somewhere in a field of a container,
  pod, componentSpec or predictor that has fields of its own; "resources.claims" is that key in the
  field `resources`, or in an item of it, and "pod.resources" a key of a pod itself. It may be
  called without one, too, and is where a value is of the wrong type: this saves calls, and decides
  nothing;
* BOUND = True if it reports where reading ended: then settings cannot switch it off;
* SUPERSEDABLE = True if a finding of another rule at the same place makes it superfluous.

Rules on single fields of pods and autoscalers have no file of their own: they are rows of the table
in `webhook.rules.constraints`, which one walk applies for all of them.

A source called "seldon-checks V4" or "seldon-checks G22" is a row of docs/seldon-checks.md.

`make generate` writes what the engine has to know of each rule before it runs into `index.json`;
the module itself is imported when a document first calls for its rule, since importing all of them
takes longer than evaluating a file.

A rule says what is wrong and where. Who it is, how severe it is and what the general remediation
is, is stamped on its findings by `engine`.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, Literal

import orjson

from webhook.graph.finding import Finding

if TYPE_CHECKING:
    from webhook.rules.constraints.checks import ConstraintRule

Action = Literal["deny", "warn", "audit", "off"]
Check = Callable[..., Iterator[Finding]]

Subject = Literal[
    "deployment",
    "schema_error",
    "predictor",
    "node",
    "component",
    "pod",
    "container",
]
"""The subject of a rule; the name of the first parameter of its `check`."""

INDEX_FILENAME = "index.json"


@dataclass(frozen=True)
class Rule:
    """One rule as the engine and the documentation see it.

    group         the folder with its module
    action        what is done by default
    subject       what it looks at
    fields        the keys of which its subject must have one; empty: all subjects
    local         whether what it finds depends on nothing but the values of these keys (and the
                  facts, if it takes them); then contents in which it found nothing are remembered
    words         one of which must occur below its subject; empty: none
    bound         whether it reports where reading ended, and so always runs
    supersedable  whether a finding of another rule at the same place makes its own superfluous
    inputs        what `check` takes beside its subject: "facts", "old", "predictor", …
    parameters    its settings with their defaults
    in_table      whether it is made of rows of the table of constraints, and has no file

    The properties import the rule's module.
    """

    id: str
    group: str
    action: Action
    subject: Subject
    fields: frozenset[str] = frozenset()
    local: bool = False
    words: frozenset[str] = frozenset()
    bound: bool = False
    supersedable: bool = False
    inputs: tuple[str, ...] = ()
    parameters: Mapping[str, Any] = field(default_factory=dict, hash=False)
    in_table: bool = False

    @cached_property
    def _module(self) -> ModuleType:
        return import_module(f"{__name__}.{self.group}.{self.id.replace('-', '_')}")

    @property
    def check(self) -> Check:
        """The generator of findings. A rule in the table has none of its own."""
        check: Check = self._module.check
        return check

    @property
    def since(self) -> str:
        """The first version of graphgate with it."""
        return self._constraints.since if self.in_table else str(self._module.SINCE)

    @property
    def docstring(self) -> str:
        """The prose, see `webhook.rules.docs`."""
        return self._constraints.page if self.in_table else self._module.__doc__ or ""

    @property
    def _constraints(self) -> "ConstraintRule":
        from webhook.rules.constraints import walk

        return walk.load_rules()[self.id]


@cache
def all_rules() -> tuple[Rule, ...]:
    """Return every rule, by id in alphabetical order."""
    index = orjson.loads(Path(__file__).with_name(INDEX_FILENAME).read_bytes())
    return tuple(
        Rule(
            id=name,
            group=entry["group"],
            action=entry["action"],
            subject=entry["subject"],
            fields=frozenset(entry.get("fields", ())),
            local=entry.get("local", False),
            words=frozenset(entry.get("words", ())),
            bound=entry.get("bound", False),
            supersedable=entry.get("supersedable", False),
            inputs=tuple(entry.get("inputs", ())),
            parameters=freeze_parameters(entry.get("parameters", {})),
            in_table=entry.get("in_table", False),
        )
        for name, entry in index.items()
        if name != "$comment"
    )


@cache
def supersedable_ids() -> frozenset[str]:
    """Return the ids of the rules whose findings one of another rule makes superfluous."""
    return frozenset(rule.id for rule in all_rules() if rule.supersedable)


def to_setting_name(parameter: str) -> str:
    """Return the name of a parameter as settings have it: engine_ports is enginePorts."""
    first, *others = parameter.split("_")
    return first + "".join(word.capitalize() for word in others)


def to_keyword_arguments(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Return parameters as keyword arguments of `check`: enginePorts is engine_ports."""
    return {
        re.sub("[A-Z]", lambda letter: f"_{letter[0].lower()}", name): value
        for name, value in parameters.items()
    }


def freeze_parameters(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Return parameters as rules take them: a tuple where JSON or YAML has a list."""
    return {
        name: tuple(value) if isinstance(value, list) else value
        for name, value in parameters.items()
    }
