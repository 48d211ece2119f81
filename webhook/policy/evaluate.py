"""What validating policies say of one request.

Every policy is asked, every failing validation is told, with its places. Source of the order and
of what an error does: k8s.io/apiserver pkg/admission/plugin/policy/validating/dispatcher.go and
validator.go.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from webhook.graph.facts import Facts
from webhook.graph.finding import Finding, Operation
from webhook.graph.path import ROOT, Path
from webhook.policy.cel.culprits import Blame, Places
from webhook.policy.cel.frames import TIME_IS_UP, Budget, Frame, OverBudget
from webhook.policy.cel.values import EvaluationError
from webhook.policy.match import matches, namespace_labels, namespace_object
from webhook.policy.params import MissingParams, chosen_params
from webhook.policy.places import read_places
from webhook.policy.policy import (
    NAMESPACE,
    OBJECT,
    OLD_OBJECT,
    PARAMS,
    REQUEST,
    Action,
    Binding,
    Bound,
    Code,
    Policy,
    PolicySet,
    Validation,
)
from webhook.policy.request import Request

STEPS = 100_000
"""Elements of macros that one policy may look at in one review: 0.2 s with three comparisons in
the body (measured). A policy over 100 containers with 20 variables each takes 2,000."""

MOST_PLACES = 10
"""Places at which one failing validation is told; who reads ten has understood."""

LONGEST_MESSAGE = 5 * 1024
"""Bytes of a messageExpression's result (k8s.io/apiserver pkg/apis/cel/config.go)."""

Seen = Callable[[str, str, bool], None]
"""Told what each expression gave: the policy's name, the expression's place, its value."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What one review may cost.

    steps    for each policy
    expired  whether the time of the whole review is up; asked in long loops only, so that what is
             quick is still asked after what took so long
    """

    steps: int = STEPS
    expired: Callable[[], bool] | None = None


NO_LIMITS = Limits()


@dataclass(frozen=True, slots=True)
class PolicyFinding:
    """A failing validation at one place.

    finding  its rule is "policy/NAME/N", N the index of the validation
    action   the strongest that its bindings ask for
    reason   "Invalid", "Forbidden", …
    """

    finding: Finding
    action: Action
    reason: str = "Invalid"


@dataclass(frozen=True, slots=True)
class PolicyFailure:
    """A policy that could not be evaluated.

    rule    "policy/NAME/N", or "policy/NAME" where no single validation is to blame
    action  what failurePolicy and the bindings make of it; None: ignored
    """

    rule: str
    error: str
    action: Action | None


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What all policies say. `notes`: audit annotations by "POLICY/KEY"."""

    findings: tuple[PolicyFinding, ...] = ()
    failures: tuple[PolicyFailure, ...] = ()
    notes: Mapping[str, str] = field(default_factory=dict)


NOTHING = Evaluation()


def evaluate(
    policies: PolicySet,
    request: Request,
    facts: Facts,
    limits: Limits = NO_LIMITS,
    seen: Seen | None = None,
) -> Evaluation:
    """Return what the validating policies of a set say of a request.

    facts  the namespaces; where the request's is not known, what a policy decides by its labels
           or by namespaceObject is not sure
    """
    if not policies.validating:
        return NOTHING
    review = Review(policies, request, facts, limits, seen)
    for bound in policies.validating:
        review.judge(bound)
    return Evaluation(tuple(review.findings), tuple(review.failures), review.notes)


class Review:
    """One request on its way through the policies."""

    def __init__(
        self,
        policies: PolicySet,
        request: Request,
        facts: Facts,
        limits: Limits,
        seen: Seen | None,
    ) -> None:
        self.policies = policies
        self.request = request
        self.limits = limits
        self.seen = seen
        self.labels = namespace_labels(request.namespace, facts)
        self.namespace = namespace_object(request.namespace, facts)
        self.namespace_known = not request.namespace or request.namespace in facts.namespaces
        self.as_map = request.as_map()
        self.findings: list[PolicyFinding] = []
        self.failures: list[PolicyFailure] = []
        self.notes: dict[str, str] = {}
        self._places: Places | None = None

    def judge(self, bound: Bound) -> None:
        """Evaluate one policy for each parameter object that its bindings choose."""
        policy = bound.policy
        asked: Iterable[Binding] = bound.bindings
        try:
            for params, bindings in self.invocations(bound):
                asked = bindings
                sure = self.namespace_known or not (
                    policy.reads_namespace or _by_namespace(policy, bindings)
                )
                self._judge_one(policy, params, _strongest_of(bindings), sure=sure)
        except Exception as error:  # noqa: BLE001 — a fault of ours must not hide the others
            self._fail(policy, f"policy/{policy.name}", self.told(error), _strongest_of(asked))

    def _judge_one(self, policy: Policy, params: Any, action: Action, *, sure: bool) -> None:
        try:
            self._validate(policy, params, action, sure=sure)
        except Exception as error:  # noqa: BLE001 — the other parameters are still to be asked
            self._fail(policy, f"policy/{policy.name}", self.told(error), action)

    def told(self, error: Exception) -> str:
        """Return what a policy's author is told of an exception that ended an evaluation."""
        if isinstance(error, (EvaluationError, OverBudget)):
            return str(error)
        if isinstance(error, RecursionError):
            return "nested too deep"
        if self.limits.expired is not None and self.limits.expired():
            return TIME_IS_UP  # whatever it met then is how it was interrupted
        return f"{type(error).__name__}: {error}"

    def invocations(self, bound: Bound) -> Iterator[tuple[Any, list[Binding]]]:
        """Yield each parameter object (None: none is used) with the bindings that chose it."""
        policy, request = bound.policy, self.request
        if not bound.bindings or not matches(policy.match, request, self.labels):
            return
        chosen: dict[int, tuple[Any, list[Binding]]] = {}
        for binding in bound.bindings:
            if not matches(binding.match, request, self.labels):
                continue
            try:
                several = chosen_params(policy, binding, self.policies.params, request.namespace)
            except MissingParams as error:
                self._fail(policy, f"policy/{policy.name}", str(error), "deny")
                continue
            for params in several:
                chosen.setdefault(id(params), (params, []))[1].append(binding)
        yield from chosen.values()

    def frame(self, policy: Policy, params: Any) -> Frame:
        """Return a frame in which no variable is computed yet."""
        frame = list(policy.frame)
        frame[0] = Budget(self.limits.steps, self.limits.expired)
        frame[OBJECT] = self.request.object
        frame[OLD_OBJECT] = self.request.old_object
        frame[REQUEST] = self.as_map
        frame[PARAMS] = params
        return frame

    def admitted(self, policy: Policy, frame: Frame) -> bool:
        """Tell whether all matchConditions hold; raise EvaluationError where that is open."""
        failed: EvaluationError | None = None
        holds = True
        frame[NAMESPACE] = None  # as in the API server, where they come before it is looked up
        for condition in policy.conditions:
            try:
                value = condition.code.run(frame)
            except EvaluationError as error:
                failed = failed or error
                continue
            self._saw(policy, condition.code, value)
            holds = holds and value is True
        frame[NAMESPACE] = self.namespace
        # One condition that is false is enough, whatever became of the others.
        if holds and failed is not None:
            raise failed
        return holds

    def _validate(self, policy: Policy, params: Any, action: Action, *, sure: bool) -> None:
        frame = self.frame(policy, params)
        if policy.conditions:
            try:
                if not self.admitted(policy, frame):
                    return
            except EvaluationError as error:
                self._fail(policy, f"policy/{policy.name}", f"matchConditions: {error}", action)
                return
        else:
            frame[NAMESPACE] = self.namespace
        for validation in policy.validations:
            try:
                value = validation.code.run(frame)
            except EvaluationError as error:
                self._fail(policy, validation.rule, str(error), action)
                continue
            if self.seen is not None:
                self._saw(policy, validation.code, value)
            if value is not True:
                self._found(policy, validation, frame, action, sure=sure)
        for note in policy.notes:
            try:
                value = note.code.run(frame)
            except EvaluationError as error:
                self._fail(policy, f"policy/{policy.name}", f"{note.key}: {error}", action)
                continue
            if type(value) is str and value.strip():
                self.notes[f"{policy.name}/{note.key}"] = value.strip()

    def _found(
        self, policy: Policy, validation: Validation, frame: Frame, action: Action, *, sure: bool
    ) -> None:
        places = self._places_of(policy, validation, frame)
        fact = message_of(validation, frame)
        finding = Finding(
            ROOT,
            fact,
            validation.remedy,
            _fix(validation, frame),
            sure=sure,
            rule=validation.rule,
        )
        for number, place in enumerate(places[:MOST_PLACES]):
            more = len(places) - MOST_PLACES
            told = (
                replace(finding, path=place)
                if number == 0
                else replace(finding, path=place, fix=())
            )
            if more > 0 and number == MOST_PLACES - 1:
                told = replace(told, fact=f"{fact} (and at {more} more places)")
            self.findings.append(PolicyFinding(told, action, validation.reason))

    def _places_of(self, policy: Policy, validation: Validation, frame: Frame) -> tuple[Path, ...]:
        """Return where a failing validation points; the root of the object at the least."""
        if validation.paths is not None:
            try:
                written = read_places(validation.paths.run(frame), self.request.object)
            except (EvaluationError, OverBudget):
                written = ()
            if written:
                return written
        if self._places is None:
            self._places = Places(self.request.object)
        frame[0] = Budget(self.limits.steps, self.limits.expired)
        blame = Blame(frame, self._places, policy.variables)
        try:
            return blame.of(validation.code.compiler) or (ROOT,)
        except (OverBudget, RecursionError):
            return (ROOT,)  # the fact stands, wherever it is

    def _saw(self, policy: Policy, code: Code, value: Any) -> None:
        if self.seen is not None and (value is True or value is False):
            self.seen(policy.name, str(code.place), value)

    def _fail(self, policy: Policy, rule: str, error: str, action: Action) -> None:
        self.failures.append(PolicyFailure(rule, error, None if policy.fails_open else action))


def message_of(validation: Validation, frame: Frame) -> str:
    """Return what a failing validation says: its messageExpression, message or expression."""
    if validation.message is not None:
        try:
            value = validation.message.run(frame)
        except (EvaluationError, OverBudget):
            value = ""
        said = value.strip() if type(value) is str else ""
        if said and "\n" not in said and len(said.encode()) <= LONGEST_MESSAGE:
            return said
    expression = " ".join(validation.code.expression.text.split())
    return validation.fact or f"failed expression: {expression}"


def _fix(validation: Validation, frame: Frame) -> tuple[Operation, ...]:
    if validation.fix is None:
        return ()
    try:
        value = validation.fix.run(frame)
    except (EvaluationError, OverBudget):
        return ()
    return tuple(value) if type(value) is list and all(map(_is_operation, value)) else ()


def _is_operation(value: Any) -> bool:
    return type(value) is dict and type(value.get("op")) is str and type(value.get("path")) is str


def _strongest_of(bindings: Iterable[Binding]) -> Action:
    actions = {action for binding in bindings for action in binding.actions}
    ranked: tuple[Action, ...] = ("deny", "warn", "audit")
    return next((action for action in ranked if action in actions), "audit")


def _by_namespace(policy: Policy, bindings: Iterable[Binding]) -> bool:
    return bool(policy.match.namespaces.requirements) or any(
        binding.match.namespaces.requirements for binding in bindings
    )
