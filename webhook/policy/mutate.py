"""What mutating policies change about one request's object.

Source: k8s.io/apiserver pkg/admission/plugin/policy/mutating/dispatcher.go and
patch/json_patch.go. As there, a patch whose `test` operation fails changes nothing, and policies
with reinvocationPolicy IfNeeded are asked once more if anything has changed after them.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, cast

import jsonpatch

from webhook.documents import UnfitPatch, patch_value
from webhook.documents.patching import equal
from webhook.graph.facts import Facts
from webhook.graph.finding import Operation
from webhook.policy.cel.frames import OverBudget
from webhook.policy.cel.standard import to_base64
from webhook.policy.cel.times import Duration, Timestamp
from webhook.policy.cel.values import EvaluationError, Optional
from webhook.policy.evaluate import NO_LIMITS, Limits, PolicyFailure, Review, Seen
from webhook.policy.policy import Bound, Code, Policy, PolicySet
from webhook.policy.request import Request


@dataclass(frozen=True, slots=True)
class Mutation:
    """What the policies did.

    object      the object afterwards; the one that came in where nothing was changed
    operations  the patch that leads there, in the order in which policies made it
    """

    object: Any
    operations: tuple[Operation, ...] = ()
    failures: tuple[PolicyFailure, ...] = ()


def mutate(
    policies: PolicySet,
    request: Request,
    facts: Facts,
    limits: Limits = NO_LIMITS,
    seen: Seen | None = None,
) -> Mutation:
    """Return what the mutating policies of a set make of a request's object.

    The request's object is not changed. Idempotent as far as the policies are: what changes
    nothing is no operation.
    """
    if not policies.mutating or type(request.object) is not dict:
        return Mutation(request.object)
    mutating = _Mutating(policies, request, facts, limits, seen)
    changed_after = mutating.round(policies.mutating)
    again = [bound for bound in policies.mutating if bound.policy.reinvoked]
    if again and changed_after:
        mutating.round([bound for bound in again if bound.policy.name in changed_after])
    return Mutation(*mutating.done, tuple(mutating.failures))


class _Mutating:
    """An object on its way through the policies."""

    def __init__(
        self,
        policies: PolicySet,
        request: Request,
        facts: Facts,
        limits: Limits,
        seen: Seen | None,
    ) -> None:
        self.policies, self.request, self.facts = policies, request, facts
        self.limits, self.seen = limits, seen
        self.done: tuple[Any, tuple[Operation, ...]] = (request.object, ())
        # One value, so that an interruption cannot come between the object and its operations.
        self.failures: list[PolicyFailure] = []

    @property
    def object(self) -> Any:
        """The object as it is by now."""
        return self.done[0]

    def round(self, several: Iterable[Bound]) -> set[str]:
        """Ask policies in order; return the names of those after which something was changed."""
        asked: list[str] = []
        overtaken: set[str] = set()
        for bound in several:
            before = self.done
            self._ask(bound)
            if self.done is not before:
                overtaken.update(asked)
            asked.append(bound.policy.name)
        return overtaken

    def _ask(self, bound: Bound) -> None:
        request = replace(self.request, object=self.object)
        review = Review(self.policies, request, self.facts, self.limits, self.seen)
        try:
            self._mutate(review, bound)
        except Exception as error:  # noqa: BLE001 — a fault of ours must not hide the others
            self._fail(bound.policy, None, review.told(error))
        self.failures.extend(review.failures)

    def _mutate(self, review: Review, bound: Bound) -> None:
        policy = bound.policy
        for params, _ in review.invocations(bound):
            review.request = replace(self.request, object=self.object)
            frame = review.frame(policy, params)
            try:
                if not review.admitted(policy, frame):
                    continue
            except (EvaluationError, OverBudget) as error:
                self._fail(policy, None, f"matchConditions: {error}")
                continue
            for index, code in enumerate(policy.mutations):
                # Variables are computed anew: the object has changed.
                frame = review.frame(policy, params)
                frame[1] = self.object
                frame[5] = review.namespace
                self._change(policy, index, code, frame)

    def _change(self, policy: Policy, index: int, code: Code, frame: list[Any]) -> None:
        try:
            operations = _operations(code.run(frame))
            changed = patch_value(self.object, operations)
        except (EvaluationError, OverBudget, RecursionError) as error:
            self._fail(policy, index, str(error))
            return
        except UnfitPatch as error:
            if not isinstance(error.__cause__, jsonpatch.JsonPatchTestFailed):
                self._fail(policy, index, str(error))
            return
        if not equal(changed, self.object):
            self.done = changed, (*self.done[1], *operations)

    def _fail(self, policy: Policy, index: int | None, error: str) -> None:
        rule = f"policy/{policy.name}" + ("" if index is None else f"/{index}")
        self.failures.append(PolicyFailure(rule, error, None if policy.fails_open else "deny"))


def _operations(value: Any) -> list[Operation]:
    if type(value) is not list:
        raise EvaluationError("a mutation gives a list of JSONPatch")
    return [_operation(item) for item in value]


def _operation(value: Any) -> Operation:
    if type(value) is not dict or type(value.get("op")) is not str:
        raise EvaluationError("an element of the list is no JSONPatch with an op")
    if type(value.get("path")) is not str:
        raise EvaluationError("a JSONPatch without a path")
    return cast("Operation", {key: as_json(inner) for key, inner in value.items()})


def as_json(value: Any) -> Any:
    """Return a CEL value as JSON data; raise EvaluationError where there is none for it."""
    kind = type(value)
    if kind is dict:
        return {
            (key if type(key) is str else str(key)): as_json(inner) for key, inner in value.items()
        }
    if kind is list:
        return [as_json(inner) for inner in value]
    if kind is Optional:
        return as_json(value.value) if value.present else None
    if kind is bytes:
        return to_base64(value)
    if kind in (Timestamp, Duration):
        return str(value)
    if value is None or kind in (str, bool, float):
        return value
    if isinstance(value, int):
        return int(value)
    raise EvaluationError(f"a {kind.__name__} is no JSON value")
