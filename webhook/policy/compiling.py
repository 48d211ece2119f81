"""From one raw policy, whose shape is right, to a Policy with its expressions compiled."""

from collections.abc import Mapping
from typing import Any

from webhook.graph.model import items, mapping, text
from webhook.graph.path import ROOT, Path
from webhook.graph.words import nearest_word
from webhook.policy.cel import source as words
from webhook.policy.cel.environment import Environment, Expression, UncheckedExpression
from webhook.policy.cel.evaluate import Compiler
from webhook.policy.cel.frames import MISSING, Closure, Layout
from webhook.policy.cel.functions import KUBERNETES, MUTATIONS
from webhook.policy.cel.source import Misuse
from webhook.policy.graph_library import GRAPH
from webhook.policy.policy import (
    SLOTS,
    About,
    Code,
    Condition,
    Match,
    Note,
    Policy,
    Problem,
    Rule,
    Validation,
)
from webhook.policy.request import FIELDS
from webhook.policy.selectors import read_selector
from webhook.policy.sources import Source

ANNOTATION = "graphgate.io/"
"""What our annotations begin with: graphgate.io/title, graphgate.io/remedy.0."""

_NO_AUTHORIZER = "authorizer is not supported: only the API server can be asked what a user may do"


def compile_policy(source: Source) -> tuple[Policy | None, list[Problem]]:
    """Return the policy, or None with all that keeps its expressions from being used."""
    compiling = _Compiling(source)
    policy = compiling.policy()
    return (None if compiling.problems else policy), compiling.problems


def read_match(raw: Mapping[str, Any]) -> Match:
    """Return matchConstraints or matchResources."""
    rules = [_rule(item) for item in items(raw, "resourceRules")]
    return Match(
        rules=tuple(rules) if rules else None,
        excluded=tuple(_rule(item) for item in items(raw, "excludeResourceRules")),
        exact=raw.get("matchPolicy") == "Exact",
        namespaces=read_selector(mapping(raw, "namespaceSelector")),
        objects=read_selector(mapping(raw, "objectSelector")),
    )


def _rule(raw: Mapping[str, Any]) -> Rule:
    return Rule(
        groups=frozenset(items(raw, "apiGroups")),
        versions=frozenset(items(raw, "apiVersions")),
        operations=frozenset(items(raw, "operations")),
        resources=frozenset(items(raw, "resources")),
        names=frozenset(items(raw, "resourceNames")),
        scope=text(raw, "scope") or "*",
    )


class _Compiling:
    """The expressions of one policy; problems are gathered, so that all are told at once."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.raw = source.value
        self.spec = mapping(self.raw, "spec")
        self.metadata = mapping(self.raw, "metadata")
        self.annotations = mapping(self.metadata, "annotations")
        self.name = text(self.metadata, "name")
        self.problems: list[Problem] = []
        self.layout = Layout(SLOTS)
        self.variables: dict[str, Compiler] = {}
        self.lazy: dict[str, Closure] = {}
        self.expressions: list[Expression] = []
        mutating = self.raw["kind"] == "MutatingAdmissionPolicy"
        names = [name for name in SLOTS if name != "params" or self.spec.get("paramKind")]
        libraries = (*(MUTATIONS if mutating else KUBERNETES), GRAPH)
        self.environment = Environment(dict.fromkeys(names, "dyn"), libraries, {"request": FIELDS})
        # matchConditions see no variables (KEP-3488), whatever comes before them in the file.
        self.bare = self.environment

    def policy(self) -> Policy:
        """Return the policy; of no use if there are problems."""
        here = ROOT / "spec"
        for index, item in enumerate(items(self.spec, "variables")):
            self._variable(item, here / "variables" / index)
        conditions = tuple(
            Condition(item["name"], code)
            for index, item in enumerate(items(self.spec, "matchConditions"))
            if (code := self._code(here / "matchConditions" / index / "expression", self.bare))
        )
        validations = [
            self._validation(index, item)
            for index, item in enumerate(items(self.spec, "validations"))
        ]
        notes = tuple(
            Note(item["key"], code)
            for index, item in enumerate(items(self.spec, "auditAnnotations"))
            if (code := self._note(here / "auditAnnotations" / index / "valueExpression"))
        )
        mutations = tuple(
            code
            for index, _ in enumerate(items(self.spec, "mutations"))
            if (code := self._mutation(here / "mutations" / index / "jsonPatch" / "expression"))
        )
        param_kind = mapping(self.spec, "paramKind")
        return Policy(
            kind=self.raw["kind"],
            name=self.name,
            file=self.source.file,
            line=self.source.position(ROOT)[0],
            about=About(
                title=self._about("title"),
                severity=self._about("severity"),
                category=self._about("category"),
                docs=self._about("docs"),
                remedy=self._about("remedy"),
            ),
            fails_open=self.spec.get("failurePolicy") == "Ignore",
            match=read_match(mapping(self.spec, "matchConstraints")),
            param_kind=(text(param_kind, "apiVersion"), text(param_kind, "kind"))
            if param_kind
            else None,
            conditions=conditions,
            variables=self.variables,
            validations=tuple(v for v in validations if v is not None),
            notes=notes,
            mutations=mutations,
            reinvoked=self.spec.get("reinvocationPolicy") == "IfNeeded",
            frame=(MISSING,) * self.layout.size,
            since=max((e.since for e in self.expressions), default=1),
            portable=all(e.portable for e in self.expressions),
            reads_namespace=any(
                word.text == "namespaceObject"
                for e in self.expressions
                for word in words.words(e.text)
            ),
        )

    def _about(self, name: str) -> str:
        return text(self.annotations, ANNOTATION + name).strip()

    def _variable(self, item: Mapping[str, Any], here: Path) -> None:
        name = f"variables.{item['name']}"
        code = self._code(here / "expression", self.environment, returns=())
        if code is None:
            # Known all the same, so that its users are not said to be wrong.
            self.environment = self.environment.extended(name, "dyn")
            return
        self.environment = self.environment.extended(name, _declared(code.expression.type))
        self.layout.slot(name)
        self.variables[name] = code.compiler
        self.lazy[name] = code.compiler.root

    def _validation(self, index: int, item: Mapping[str, Any]) -> Validation | None:
        here = ROOT / "spec" / "validations" / index
        code = self._code(here / "expression", self.environment)
        message = None
        if item.get("messageExpression"):
            message = self._code(here / "messageExpression", self.environment, ("string",))
        paths = self._annotated("paths", index, ("string", "list", "dyn"))
        fix = self._annotated("fix", index, ("list", "dyn"))
        if code is None:
            return None
        return Validation(
            rule=f"policy/{self.name}/{index}",
            code=code,
            fact=text(item, "message").strip(),
            message=message,
            reason=text(item, "reason") or "Invalid",
            remedy=self._about(f"remedy.{index}") or self._about("remedy"),
            paths=paths,
            fix=fix,
        )

    def _annotated(self, name: str, index: int, returns: tuple[str, ...]) -> Code | None:
        """Return the expression in an annotation, of this validation or of all."""
        for key in (f"{ANNOTATION}{name}.{index}", ANNOTATION + name):
            if text(self.annotations, key):
                place = Path(("metadata", "annotations", key))
                if key == ANNOTATION + name and index > 0 and self._reported(place):
                    return None
                return self._code(place, self.environment, returns, counts=False)
        return None

    def _reported(self, place: Path) -> bool:
        start = self.source.position(place)
        return any((p.line, p.column) >= start and p.line for p in self.problems[-3:])

    def _note(self, place: Path) -> Code | None:
        return self._code(place, self.environment, ("string", "null", "null_type"))

    def _mutation(self, place: Path) -> Code | None:
        return self._code(place, self.environment, ("list",))

    def _code(
        self,
        place: Path,
        environment: Environment,
        returns: tuple[str, ...] = ("bool",),
        *,
        counts: bool = True,
    ) -> Code | None:
        """Return a compiled expression, None after its problems were noted.

        returns  the types that it may have; empty: any
        counts   whether Kubernetes sees it; an annotation's it does not
        """
        written: Any = self.raw
        for segment in place:
            written = written[segment]
        for word in words.words(written):
            if word.text == "authorizer" and not _selected(written, word.start):
                self._note_problem(place, Misuse(_NO_AUTHORIZER, word.start))
                return None
        try:
            expression = environment.check(written)
        except UncheckedExpression as error:
            for misuse in error.misuses:
                self._note_problem(place, misuse)
            return None
        if returns and expression.type.partition("<")[0] not in returns:
            wanted = " or ".join(dict.fromkeys(word.removesuffix("_type") for word in returns))
            fact = f"{place[-1]} gives a {expression.type}, not a {wanted}"
            self._note_problem(place, Misuse(fact, 0))
            return None
        if counts:
            self.expressions.append(expression)
        compiler = Compiler(expression.checked, environment.functions, self.layout, self.lazy)
        return Code(expression, compiler, place)

    def _note_problem(self, place: Path, misuse: Misuse) -> None:
        position = self.source.position(place, misuse.offset)
        fact = misuse.sentence + self._hint(place, misuse.sentence)
        self.problems.append(Problem(self.source.file, *position, self.name, fact))

    def _hint(self, place: Path, sentence: str) -> str:
        unknown = sentence.removeprefix("undeclared reference to '")
        if unknown == sentence:
            return ""
        if unknown.startswith("params") and not self.spec.get("paramKind"):
            return "; the policy has no paramKind"
        if not unknown.startswith("variables."):
            return ""
        if "matchConditions" in place:
            return "; matchConditions see no variables"
        name = unknown.removeprefix("variables.").partition("'")[0]
        names = [text(item, "name") for item in items(self.spec, "variables")]
        if name in names:
            return "; a variable is known below its definition"
        near = nearest_word(name, names)
        return f'; did you mean "variables.{near}"?' if near else ""


def _selected(text_: str, at: int) -> bool:
    return text_[:at].rstrip().endswith(".")


def _declared(type_: str) -> str:
    """Return how a variable of an expression's type is declared; "dyn" where that is unknown."""
    plain = type_.replace("optional_type", "optional").replace("null_type", "null")
    known = plain.replace("<", " ").replace(">", " ").replace(",", " ").split()
    return plain if all(word in _DECLARABLE or "." in word for word in known) else "dyn"


_DECLARABLE = frozenset(
    {"bool", "int", "uint", "double", "string", "bytes", "list", "map", "dyn", "optional"}
)
