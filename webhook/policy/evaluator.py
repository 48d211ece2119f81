"""What validating policies say of one request.

Every policy is evaluated, every failing validation is reported, with its paths. Source of the
order and of what an error does: k8s.io/apiserver
pkg/admission/plugin/policy/validating/dispatcher.go and validator.go.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from webhook.cel.activation import (
    DEADLINE_EXCEEDED,
    CostBudget,
    CostLimitExceededError,
    ExecutionFrame,
    SharedBudget,
)
from webhook.cel.provenance import NodeLocations, Provenance
from webhook.cel.structs import to_plain
from webhook.cel.values import EvaluationError
from webhook.graph.admission_request import AdmissionRequest
from webhook.graph.cluster_facts import Facts
from webhook.graph.finding import Finding, Operation
from webhook.graph.path import ROOT, Path
from webhook.policy.finding_paths import parse_paths
from webhook.policy.match import build_namespace_object, get_namespace_labels, matches_request
from webhook.policy.model import (
    NAMESPACE_SLOT,
    OBJECT_SLOT,
    OLD_OBJECT_SLOT,
    PARAMS_SLOT,
    REQUEST_SLOT,
    Binding,
    BoundPolicy,
    CompiledExpression,
    Policy,
    PolicySet,
    Validation,
    ValidationAction,
)
from webhook.policy.params import ParamNotFoundError, resolve_params

MAX_STEPS = 100_000
"""Macro elements that one policy may visit in one review: 0.2 s with three comparisons in
the body (measured). A policy over 100 containers with 20 variables each takes 2,000."""

MAX_REVIEW_STEPS, RESERVED_STEPS = 400_000, 5_000
"""Steps that all policies of a review may take, and the share reserved for each policy still to
come: a slow policy is reported and does not starve the others."""

MAX_SHOWN_PATHS = 10
"""Paths reported for one failing validation."""

MAX_MESSAGE_BYTES = 5 * 1024
"""Bytes of a messageExpression's result (k8s.io/apiserver pkg/apis/cel/config.go)."""

ExpressionObserver = Callable[[str, str, bool], None]
"""Called with each result: the policy's name, the path of the expression, its value."""


@dataclass(frozen=True, slots=True)
class EvaluationLimits:
    """What one review may cost.

    max_steps          for each policy
    deadline_exceeded  whether the time of the whole review is up; checked in long loops only, so
                       that quick policies still run after a slow one
    """

    max_steps: int = MAX_STEPS
    deadline_exceeded: Callable[[], bool] | None = None


DEFAULT_LIMITS = EvaluationLimits()


@dataclass(frozen=True, slots=True)
class PolicyFinding:
    """A failing validation at one place.

    finding  its rule is "policy/NAME/N", N the index of the validation
    action   the strongest of its bindings
    reason   "Invalid", "Forbidden", …
    """

    finding: Finding
    action: ValidationAction
    reason: str = "Invalid"


@dataclass(frozen=True, slots=True)
class PolicyFailure:
    """A policy that could not be evaluated.

    rule_id  "policy/NAME/N", or "policy/NAME" where no single validation is to blame
    action   as failurePolicy and the bindings decide; None: ignored
    exceeded whether a limit of steps, cost or time was exceeded: never ignored, or a large enough
             object would bypass the policy
    """

    rule_id: str
    error: str
    action: ValidationAction | None
    exceeded: bool


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What all policies say. `notes`: audit annotations by "POLICY/KEY"."""

    findings: tuple[PolicyFinding, ...] = ()
    failures: tuple[PolicyFailure, ...] = ()
    audit_annotations: Mapping[str, str] = field(default_factory=dict)


EMPTY_EVALUATION = Evaluation()


def evaluate_policies(
    policies: PolicySet,
    request: AdmissionRequest,
    facts: Facts,
    limits: EvaluationLimits = DEFAULT_LIMITS,
    observer: ExpressionObserver | None = None,
) -> Evaluation:
    """Return what the validating policies of a set say of a request.

    facts  the namespaces; where the request's is not known, what a policy decides by its labels
           or by namespaceObject is not sure
    """
    if not policies.validating:
        return EMPTY_EVALUATION
    evaluator = PolicyEvaluator(policies, request, facts, limits, observer)
    for number, bound in enumerate(policies.validating, 1):
        evaluator.policies_to_come = len(policies.validating) - number
        evaluator.evaluate_policy(bound)
    return Evaluation(
        tuple(evaluator.findings), tuple(evaluator.failures), evaluator.audit_annotations
    )


class PolicyEvaluator:
    """One request on its way through the policies."""

    def __init__(
        self,
        policies: PolicySet,
        request: AdmissionRequest,
        facts: Facts,
        limits: EvaluationLimits,
        observer: ExpressionObserver | None,
    ) -> None:
        self.policies = policies
        self.budget = SharedBudget(MAX_REVIEW_STEPS, RESERVED_STEPS)
        self.policies_to_come = 0
        self.request = request
        self.limits = limits
        self.observer = observer
        self.labels = get_namespace_labels(request.namespace, facts)
        self.namespace = build_namespace_object(request.namespace, facts)
        self.namespace_known = not request.namespace or request.namespace in facts.namespaces
        self.request_map = request.to_cel_map()
        self.findings: list[PolicyFinding] = []
        self.failures: list[PolicyFailure] = []
        self.audit_annotations: dict[str, str] = {}
        self._locations: NodeLocations | None = None

    def evaluate_policy(self, bound: BoundPolicy) -> None:
        """Evaluate one policy for each parameter object that its bindings choose."""
        policy = bound.policy
        bindings_in_question: Iterable[Binding] = bound.bindings
        try:
            for params, bindings in self.parameters(bound):
                bindings_in_question = bindings
                sure = self.namespace_known or not (
                    policy.reads_namespace or _selects_by_namespace(policy, bindings)
                )
                self._evaluate_with_params(policy, params, _strongest_action(bindings), sure=sure)
        except Exception as error:  # noqa: BLE001 — a fault of ours must not hide the others
            self._add_failure(
                policy,
                f"policy/{policy.name}",
                self.describe_error(error),
                _strongest_action(bindings_in_question),
                exceeded=isinstance(error, CostLimitExceededError),
            )

    def _evaluate_with_params(
        self, policy: Policy, params: Any, action: ValidationAction, *, sure: bool
    ) -> None:
        try:
            self._validate(policy, params, action, sure=sure)
        except Exception as error:  # noqa: BLE001 — the other parameters are still to be asked
            self._add_failure(
                policy,
                f"policy/{policy.name}",
                self.describe_error(error),
                action,
                exceeded=isinstance(error, CostLimitExceededError),
            )

    def describe_error(self, error: Exception) -> str:
        """Return the message for an exception that ended an evaluation."""
        if isinstance(error, (EvaluationError, CostLimitExceededError)):
            return str(error)
        if isinstance(error, RecursionError):
            return "nested too deeply"
        if self.limits.deadline_exceeded is not None and self.limits.deadline_exceeded():
            return DEADLINE_EXCEEDED  # whatever it met then is how it was interrupted
        return f"{type(error).__name__}: {error}"

    def parameters(self, bound: BoundPolicy) -> Iterator[tuple[Any, list[Binding]]]:
        """Yield each parameter object (None: none is used) with the bindings that chose it."""
        chosen: dict[int, tuple[Any, list[Binding]]] = {}
        for binding, params in self.invocations(bound):
            chosen.setdefault(id(params), (params, []))[1].append(binding)
        yield from chosen.values()

    def invocations(self, bound: BoundPolicy) -> Iterator[tuple[Binding, Any]]:
        """Yield each binding that is about the request with each of its parameter objects."""
        policy, request = bound.policy, self.request
        if not bound.bindings or not matches_request(
            policy.match_constraints, request, self.labels
        ):
            return
        for binding in bound.bindings:
            if not matches_request(binding.match_resources, request, self.labels):
                continue
            try:
                param_objects = resolve_params(
                    policy, binding, self.policies.params, request.namespace
                )
            except ParamNotFoundError as error:
                self._add_failure(policy, f"policy/{policy.name}", str(error), "deny")
                continue
            for params in param_objects:
                yield binding, params

    def new_budget(self) -> CostBudget:
        """Return what one evaluation may take of the review's steps."""
        limits = self.limits
        return self.budget.take(limits.max_steps, self.policies_to_come, limits.deadline_exceeded)

    def new_frame(self, policy: Policy, params: Any) -> ExecutionFrame:
        """Return a frame in which no variable is computed yet."""
        frame = list(policy.initial_frame)
        frame[0] = self.new_budget()
        frame[OBJECT_SLOT] = self.request.object
        frame[OLD_OBJECT_SLOT] = self.request.old_object
        frame[REQUEST_SLOT] = self.request_map
        frame[PARAMS_SLOT] = params
        return frame

    def match_conditions_hold(self, policy: Policy, frame: ExecutionFrame) -> bool:
        """Return whether all matchConditions hold; raise EvaluationError where that is open."""
        failed: EvaluationError | None = None
        holds = True
        frame[NAMESPACE_SLOT] = None  # as in the API server, where they come before it is looked up
        for condition in policy.match_conditions:
            try:
                value = condition.expression.run(frame)
            except EvaluationError as error:
                failed = failed or error
                continue
            self._observe(policy, condition.expression, value)
            holds = holds and value is True
        frame[NAMESPACE_SLOT] = self.namespace
        # One condition that is false is enough, whatever became of the others.
        if holds and failed is not None:
            raise failed
        return holds

    def _validate(
        self, policy: Policy, params: Any, action: ValidationAction, *, sure: bool
    ) -> None:
        frame = self.new_frame(policy, params)
        if policy.match_conditions:
            try:
                if not self.match_conditions_hold(policy, frame):
                    return
            except EvaluationError as error:
                self._add_failure(
                    policy, f"policy/{policy.name}", f"matchConditions: {error}", action
                )
                return
        else:
            frame[NAMESPACE_SLOT] = self.namespace
        for validation in policy.validations:
            try:
                value = validation.expression.run(frame)
            except EvaluationError as error:
                self._add_failure(policy, validation.rule_id, str(error), action)
                continue
            if self.observer is not None:
                self._observe(policy, validation.expression, value)
            if value is not True:
                self._add_findings(policy, validation, frame, action, sure=sure)
        for annotation in policy.audit_annotations:
            try:
                value = annotation.value_expression.run(frame)
            except EvaluationError as error:
                self._add_failure(
                    policy, f"policy/{policy.name}", f"{annotation.key}: {error}", action
                )
                continue
            if type(value) is str and value.strip():
                self.audit_annotations[f"{policy.name}/{annotation.key}"] = value.strip()

    def _add_findings(
        self,
        policy: Policy,
        validation: Validation,
        frame: ExecutionFrame,
        action: ValidationAction,
        *,
        sure: bool,
    ) -> None:
        paths = self._find_paths(policy, validation, frame)
        message = render_message(validation, frame)
        finding = Finding(
            ROOT,
            message,
            validation.remediation,
            build_fix(validation, frame),
            certain=sure,
            rule_id=validation.rule_id,
        )
        for number, path in enumerate(paths[:MAX_SHOWN_PATHS]):
            hidden_count = len(paths) - MAX_SHOWN_PATHS
            located = (
                replace(finding, path=path) if number == 0 else replace(finding, path=path, fix=())
            )
            if hidden_count > 0 and number == MAX_SHOWN_PATHS - 1:
                located = replace(
                    located,
                    message=f"{message} (and at {hidden_count} more places)",
                    evidence=paths[number:],
                )
            self.findings.append(PolicyFinding(located, action, validation.reason))

    def _find_paths(
        self, policy: Policy, validation: Validation, frame: ExecutionFrame
    ) -> tuple[Path, ...]:
        """Return where a failing validation points; the root of the object at the least."""
        if validation.paths_expression is not None:
            try:
                annotated_paths = parse_paths(
                    validation.paths_expression.run(frame), self.request.object
                )
            except (EvaluationError, CostLimitExceededError):
                annotated_paths = ()
            if annotated_paths:
                return annotated_paths
        if self._locations is None:
            self._locations = NodeLocations(self.request.object)
        frame[0] = self.new_budget()
        provenance = Provenance(frame, self._locations, policy.variables)
        try:
            return provenance.find_paths(validation.expression.compiler) or (ROOT,)
        except (CostLimitExceededError, RecursionError):
            return (ROOT,)  # the finding is valid, wherever it is

    def _observe(self, policy: Policy, expression: CompiledExpression, value: Any) -> None:
        if self.observer is not None and (value is True or value is False):
            self.observer(policy.name, str(expression.path), value)

    def _add_failure(
        self,
        policy: Policy,
        rule_id: str,
        error: str,
        action: ValidationAction,
        *,
        exceeded: bool = False,
    ) -> None:
        known_action = None if policy.fails_open else action
        exceeded = exceeded or error == DEADLINE_EXCEEDED
        self.failures.append(PolicyFailure(rule_id, error, known_action, exceeded))


def render_message(validation: Validation, frame: ExecutionFrame) -> str:
    """Return what a failing validation says: its messageExpression, message or expression."""
    if validation.message_expression is not None:
        try:
            value = validation.message_expression.run(frame)
        except (EvaluationError, CostLimitExceededError):
            value = ""
        message = value.strip() if type(value) is str else ""
        if message and "\n" not in message and len(message.encode()) <= MAX_MESSAGE_BYTES:
            return message
    expression = " ".join(validation.expression.checked.text.split())
    return validation.message or f"failed expression: {expression}"


def build_fix(validation: Validation, frame: ExecutionFrame) -> tuple[Operation, ...]:
    """Return the JSON Patch of a failing validation; empty when it has none, or no valid one."""
    if validation.fix_expression is None:
        return ()
    try:
        value = to_plain(validation.fix_expression.run(frame))
    except (EvaluationError, CostLimitExceededError):
        return ()
    return tuple(value) if type(value) is list and all(map(is_patch_operation, value)) else ()


def is_patch_operation(value: Any) -> bool:
    """Return whether a value computed by an expression has the shape of a JSON Patch operation."""
    return type(value) is dict and type(value.get("op")) is str and type(value.get("path")) is str


def _strongest_action(bindings: Iterable[Binding]) -> ValidationAction:
    actions = {action for binding in bindings for action in binding.actions}
    ranked: tuple[ValidationAction, ...] = ("deny", "warn")
    return next((action for action in ranked if action in actions), "audit")


def _selects_by_namespace(policy: Policy, bindings: Iterable[Binding]) -> bool:
    return bool(policy.match_constraints.namespace_selector.requirements) or any(
        binding.match_resources.namespace_selector.requirements for binding in bindings
    )
