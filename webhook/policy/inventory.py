"""What there is, for `policies list`, `policies lint` and `policies exceptions`: plain rows."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from webhook.graph.suggest import nearest_word
from webhook.graph.text import count_noun
from webhook.policy.exceptions import PolicyException, parse_time
from webhook.policy.model import PolicySet
from webhook.policy.scope import describe_scope, namespace_note, scope_warnings


@dataclass(frozen=True, slots=True)
class PolicyRow:
    """One policy for a table.

    bindings       "NAME: deny, audit" each
    since_version  "1.34": the oldest Kubernetes that takes it; "-": none does, it is not portable
    """

    name: str
    kind: str
    title: str
    severity: str
    category: str
    bindings: tuple[str, ...]
    since_version: str
    file: str
    line: int


@dataclass(frozen=True, slots=True)
class ExceptionRow:
    """One exception for a table. `state`: "active" or "expired"."""

    name: str
    objects: str
    exemptions: str
    expires_at: str
    state: str
    reason: str


def list_policies(policies: PolicySet) -> tuple[PolicyRow, ...]:
    """Return the policies, validating ones first, by name."""
    return tuple(
        PolicyRow(
            bound.policy.name,
            bound.policy.kind,
            bound.policy.metadata.title,
            bound.policy.metadata.severity,
            bound.policy.metadata.category,
            tuple(
                f"{binding.name}: {', '.join(binding.actions)}" if binding.actions else binding.name
                for binding in bound.bindings
            ),
            _since_version(bound.policy.since_minor, bound.policy.kind)
            if bound.policy.portable
            else "-",
            bound.policy.file,
            bound.policy.line,
        )
        for bound in (*policies.validating, *policies.mutating)
    )


def _since_version(minor: int, kind: str) -> str:
    """Return the oldest release with both the functions and the kind of policy in v1.

    ValidatingAdmissionPolicy is v1 since 1.30, MutatingAdmissionPolicy since 1.36.
    """
    return f"1.{max(minor, 36 if kind == 'MutatingAdmissionPolicy' else 30)}"


def lint_policies(policies: PolicySet, now: str | int | None = None) -> tuple[str, ...]:
    """Return what is odd about policies and exceptions that work: sentences with their places.

    now  the time, to find expired exceptions; None: not checked
    """
    warnings = []
    for bound in (*policies.validating, *policies.mutating):
        policy = bound.policy
        location = f"{policy.file}:{policy.line}: {policy.name}"
        if not bound.bindings:
            warnings.append(f"{location}: no binding refers to it, so it is never applied")
        if not policy.portable:
            warnings.append(
                f"{location}: it uses graph functions, which the API server does not have"
            )
        warnings.extend(map(str, policy.type_warnings))
        if not policy.metadata.title:
            warnings.append(f"{location}: the annotation graphgate.io/title is missing")
        warnings += (f"{location}: {sentence}" for sentence in scope_warnings(policy))
    warnings += _exception_warnings(policies, now)
    return tuple(warnings)


def lint_notes(policies: PolicySet) -> tuple[str, ...]:
    """Return what each policy applies to, and what needs facts."""
    notes = []
    for bound in (*policies.validating, *policies.mutating):
        policy = bound.policy
        location = f"{policy.file}:{policy.line}: {policy.name}"
        stored, rendered = describe_scope(policy)
        asked = "; ".join(filter(None, (stored, rendered and f"rendered {rendered}")))
        if asked:
            notes.append(f"{location}: applies to {asked}")
        if rendered and policy.reads_user:
            notes.append(f"{location}: reads request.userInfo: not evaluated for rendered objects")
        notes += (
            f"{binding.file}:{binding.line}: {binding.name}: {sentence}"
            for binding in bound.bindings
            if (sentence := namespace_note(policy, binding))
        )
    return tuple(notes)


def _exception_warnings(policies: PolicySet, now: str | int | None) -> Iterator[str]:
    names = [policy.name for policy in policies.policies]
    now_timestamp = None if now is None else parse_time(now)
    for exception in policies.exceptions:
        location = f"{exception.file}:{exception.line}: {exception.name}"
        if now_timestamp is not None and exception.is_expired(now_timestamp):
            yield f"{location}: expired at {exception.expires_at}, so it no longer exempts anything"
        for pattern in exception.policies:
            if not any(exception.covers_policy(pattern, name) for name in names):
                near = nearest_word(pattern.partition("/")[0], names)
                hint = f'; did you mean "{near}"?' if near else ""
                yield f'{location}: no policy "{pattern}" here{hint}'


def list_exceptions(policies: PolicySet, now: str | int) -> tuple[ExceptionRow, ...]:
    """Return the exceptions, the first to expire first."""
    now_timestamp = parse_time(now)
    rows = [
        _exception_row(e, "expired" if e.is_expired(now_timestamp) else "active")
        for e in policies.exceptions
    ]
    return tuple(sorted(rows, key=lambda row: row.expires_at))


def _exception_row(exception: PolicyException, state: str) -> ExceptionRow:
    names = ", ".join(exception.names) or "any name"
    namespaces = ", ".join(exception.namespaces) or "any namespace"
    exemptions = [
        *exception.policies,
        *exception.rules,
        *(f"pod-security/{check}" for check in exception.pod_security_checks),
        *(
            f"{count_noun(count, 'finding')} of {rule_id}"
            for rule_id, count in sorted(Counter(rule for rule, _ in exception.findings).items())
        ),
    ]
    display_name = (
        f"{exception.namespace}/{exception.name}" if exception.namespace else exception.name
    )
    return ExceptionRow(
        display_name,
        f"{names} in {namespaces}",
        ", ".join(exemptions),
        exception.expires_at,
        state,
        exception.reason,
    )
