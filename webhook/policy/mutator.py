"""What mutating policies change about one request's object.

Source: k8s.io/apiserver pkg/admission/plugin/policy/mutating/dispatcher.go and
patch/json_patch.go. As there, selectors are asked about the object as it came in, a patch whose
`test` operation fails changes nothing, and once anything has changed, all is asked again that was
invoked with reinvocationPolicy IfNeeded.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple, cast

from webhook.cel.activation import DEADLINE_EXCEEDED, CostLimitExceededError
from webhook.cel.stdlib import to_base64
from webhook.cel.time_values import Duration, Timestamp
from webhook.cel.values import (
    EvaluationError,
    OptionalValue,
    StructValue,
    UInt,
    from_key,
    type_name,
)
from webhook.graph.admission_request import AdmissionRequest
from webhook.graph.cluster_facts import Facts
from webhook.graph.finding import Operation
from webhook.policy.apply_configuration import apply_configuration
from webhook.policy.evaluator import (
    DEFAULT_LIMITS,
    EvaluationLimits,
    ExpressionObserver,
    PolicyEvaluator,
    PolicyFailure,
)
from webhook.policy.json_patch import PatchError, PatchTestFailedError, apply_patch
from webhook.policy.model import (
    NAMESPACE_SLOT,
    Binding,
    BoundPolicy,
    CompiledExpression,
    Policy,
    PolicySet,
    ValidationAction,
)
from webhook.yamldoc.json_patch import json_equal


@dataclass(frozen=True, slots=True)
class MutationResult:
    """What the policies did.

    object      the object afterwards; the one that came in where nothing was changed
    operations  the patch that leads there, in the order in which policies made it
    """

    object: Any
    operations: tuple[Operation, ...] = ()
    failures: tuple[PolicyFailure, ...] = ()


def mutate_object(
    policies: PolicySet,
    request: AdmissionRequest,
    facts: Facts,
    limits: EvaluationLimits = DEFAULT_LIMITS,
    observer: ExpressionObserver | None = None,
) -> MutationResult:
    """Return the request's object after the mutating policies of a set.

    The request's object is not changed. Idempotent as far as the policies are: what changes
    nothing is not an operation.
    """
    if not policies.mutating or type(request.object) is not dict:
        return MutationResult(request.object)
    mutator = _Mutator(policies, request, facts, limits, observer)
    invoked = mutator.run_round()
    if mutator.result[1] and not any(failure.action for failure in mutator.failures):
        mutator.run_round(again=invoked)
    return MutationResult(*mutator.result, mutator.failures)


class _Invocation(NamedTuple):
    """A policy with one of its bindings and one of its parameter objects."""

    bound: BoundPolicy
    binding: Binding
    params: Any

    @property
    def key(self) -> tuple[str, str, int]:
        """What tells it from others."""
        return self.bound.policy.name, self.binding.name, id(self.params)


class _Mutator:
    """An object on its way through the policies."""

    def __init__(
        self,
        policies: PolicySet,
        request: AdmissionRequest,
        facts: Facts,
        limits: EvaluationLimits,
        observer: ExpressionObserver | None,
    ) -> None:
        self.policies = policies
        self.result: tuple[Any, tuple[Operation, ...]] = (request.object, ())
        # One value, so that an interruption cannot come between the object and its operations.
        self.evaluator = PolicyEvaluator(policies, request, facts, limits, observer)

    @property
    def object(self) -> Any:
        """The object as it is by now."""
        return self.result[0]

    @property
    def failures(self) -> tuple[PolicyFailure, ...]:
        """What failed, each once: what is invoked again fails again."""
        return tuple(dict.fromkeys(self.evaluator.failures))

    def run_round(
        self, again: Collection[tuple[str, str, int]] | None = None
    ) -> set[tuple[str, str, int]]:
        """Invoke policies in order; return the keys of what is to be invoked once more.

        again  the keys of what is invoked; None: all
        """
        self._show_object()
        # Selectors are asked before any policy changes what they select by.
        invocations = [
            invocation
            for bound in self.policies.mutating
            for invocation in self._invocations(bound)
            if again is None or invocation.key in again
        ]
        invoked = set()
        for number, invocation in enumerate(invocations, 1):
            self.evaluator.policies_to_come = len(invocations) - number
            policy = invocation.bound.policy
            try:
                is_invoked = self._invoke(policy, invocation.params)
            except Exception as error:  # noqa: BLE001 — a fault of ours must not hide the others
                self._add_failure(policy, None, error, self.evaluator.describe_error(error))
                continue
            if is_invoked and policy.reinvoke_if_needed:
                invoked.add(invocation.key)
        return invoked

    def _invocations(self, bound: BoundPolicy) -> Iterator[_Invocation]:
        try:
            for binding, params in self.evaluator.invocations(bound):
                yield _Invocation(bound, binding, params)
        except Exception as error:  # noqa: BLE001 — as above
            self._add_failure(bound.policy, None, error, self.evaluator.describe_error(error))

    def _show_object(self) -> None:
        self.evaluator.request = self.evaluator.request._replace(object=self.object)

    def _invoke(self, policy: Policy, params: Any) -> bool:
        """Make the mutations of a policy; return whether its conditions hold."""
        self._show_object()
        frame = self.evaluator.new_frame(policy, params)
        try:
            if not self.evaluator.match_conditions_hold(policy, frame):
                return False
        except (EvaluationError, CostLimitExceededError) as error:
            self._add_failure(policy, None, error, f"matchConditions: {error}")
            return False
        for index, code in enumerate(policy.mutations):
            # Variables are computed again: the object has changed.
            self._show_object()
            frame = self.evaluator.new_frame(policy, params)
            frame[NAMESPACE_SLOT] = self.evaluator.namespace
            self._apply_mutation(policy, index, code, frame)
        return True

    def _apply_mutation(
        self, policy: Policy, index: int, expression: CompiledExpression, frame: list[Any]
    ) -> None:
        try:
            value = expression.run(frame)
            if "applyConfiguration" in expression.path:
                changed, operations = apply_configuration(self.object, _read_object(value))
            else:
                changed, operations = apply_patch(self.object, _read_operations(value))
            _require_kind(changed)
        except PatchTestFailedError:
            return
        except (EvaluationError, CostLimitExceededError, RecursionError, PatchError) as error:
            self._add_failure(policy, index, error, str(error))
            return
        if not json_equal(changed, self.object):
            self.result = changed, (*self.result[1], *operations)

    def _add_failure(
        self, policy: Policy, index: int | None, error: Exception, description: str
    ) -> None:
        rule = f"policy/{policy.name}" + ("" if index is None else f"/{index}")
        action: ValidationAction | None = None if policy.fails_open else "deny"
        exceeded = isinstance(error, CostLimitExceededError) or description == DEADLINE_EXCEEDED
        failure = PolicyFailure(rule, description, action, exceeded)
        self.evaluator.failures.append(failure)


def _read_operations(value: Any) -> list[Operation]:
    """Return the patch of an expression whose type is list(JSONPatch), as the compiler ensures."""
    return [_read_operation(item) for item in value]


def _read_object(value: Any) -> Any:
    """Return the fields of an `Object{}` as JSON data."""
    check_object_types(value)
    return to_json_value(value)


def _require_kind(document: Any) -> None:
    if type(document) is not dict or not document.get("kind"):
        raise PatchError("the patched document is not an object: kind is missing")


def _read_operation(value: Any) -> Operation:
    fields = value.fields
    operation: dict[str, Any] = {"op": fields.get("op", ""), "path": fields.get("path", "")}
    if fields.get("from"):
        operation["from"] = fields["from"]
    if "value" in fields:
        check_object_types(fields["value"])
        operation["value"] = to_json_value(fields["value"])
    return cast("Operation", operation)


def check_object_types(value: Any) -> None:
    """Raise EvaluationError where an Object's type is not the path of its fields.

    Object.spec{template: Object.spec.template{}}: the name says where it is.
    """
    if type(value) is not StructValue:
        return
    pending: list[tuple[Any, str]] = [(value, value.type_name)]
    while pending:
        item, expected = pending.pop()
        if type(item) is StructValue:
            if item.type_name != expected:
                raise EvaluationError(
                    f'type mismatch: unexpected type name "{item.type_name}", expected '
                    f'"{expected}", which matches field name path from root Object type'
                )
            pending.extend((inner, f"{expected}.{name}") for name, inner in item.fields.items())
        elif type(item) is list:
            pending.extend((inner, expected) for inner in item)
        elif type(item) is dict:
            pending.extend((inner, expected) for inner in item.values())


_EXACT_INT = 2**53
"""Up to here a double holds every integer; JSON of Protocol Buffers writes greater ones as text."""


def to_json_value(value: Any) -> Any:
    """Return a CEL value as JSON data; raise EvaluationError where there is none for it."""
    kind = type(value)
    if kind is dict:
        return {_json_key(from_key(key)): to_json_value(inner) for key, inner in value.items()}
    if kind is StructValue:
        return {key: to_json_value(inner) for key, inner in value.fields.items()}
    if kind is list:
        return [to_json_value(inner) for inner in value]
    if kind is OptionalValue:
        if not value.present:
            raise EvaluationError("optional.none() dereference")
        return to_json_value(value.value)
    if kind is bytes:
        return to_base64(value)
    if kind is Timestamp:
        return value.text()
    if kind is Duration:
        return str(value)
    if kind is float:
        return int(value) if value.is_integer() and abs(value) < _EXACT_INT else value
    if kind is int or kind is UInt:
        return int(value) if abs(value) <= _EXACT_INT else str(int(value))
    if value is None or kind in (str, bool):
        return value
    raise EvaluationError(f"a {type_name(value)} is not a JSON value")


def _json_key(key: Any) -> str:
    if type(key) is not str:
        raise EvaluationError(f"unsupported type conversion from '{type_name(key)}' to string")
    return key
