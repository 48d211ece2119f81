"""What there is, for `policies list`, `policies lint` and `policies exceptions`: plain rows."""

from dataclasses import dataclass

from webhook.policy.exceptions import PolicyException, point
from webhook.policy.policy import PolicySet


@dataclass(frozen=True, slots=True)
class PolicyRow:
    """One policy for a table.

    bindings  "NAME: deny, audit" each
    since     "1.34": the oldest Kubernetes that takes it; "-": none does, it is not portable
    """

    name: str
    kind: str
    title: str
    severity: str
    category: str
    bindings: tuple[str, ...]
    since: str
    file: str
    line: int


@dataclass(frozen=True, slots=True)
class ExceptionRow:
    """One exception for a table. `state`: "active" or "expired"."""

    name: str
    objects: str
    exempt: str
    until: str
    state: str
    reason: str


def policy_rows(policies: PolicySet) -> tuple[PolicyRow, ...]:
    """Return the policies, validating ones first, by name."""
    return tuple(
        PolicyRow(
            bound.policy.name,
            bound.policy.kind,
            bound.policy.about.title,
            bound.policy.about.severity,
            bound.policy.about.category,
            tuple(
                f"{binding.name}: {', '.join(binding.actions)}" if binding.actions else binding.name
                for binding in bound.bindings
            ),
            _since(bound.policy.since, bound.policy.kind) if bound.policy.portable else "-",
            bound.policy.file,
            bound.policy.line,
        )
        for bound in (*policies.validating, *policies.mutating)
    )


def _since(minor: int, kind: str) -> str:
    """Return the oldest release with both the functions and the kind of policy in v1.

    ValidatingAdmissionPolicy is v1 since 1.30, MutatingAdmissionPolicy since 1.36.
    """
    return f"1.{max(minor, 36 if kind == 'MutatingAdmissionPolicy' else 30)}"


def lint(policies: PolicySet) -> tuple[str, ...]:
    """Return what is odd about policies that work, one sentence each, with its place."""
    found = []
    for bound in (*policies.validating, *policies.mutating):
        policy = bound.policy
        place = f"{policy.file}:{policy.line}: {policy.name}"
        if not bound.bindings:
            found.append(f"{place}: no binding names it, so it applies to nothing")
        if not policy.portable:
            found.append(f"{place}: it uses graph functions, which the API server does not know")
        if not policy.about.title:
            found.append(f"{place}: it has no annotation graphgate.io/title")
    return tuple(found)


def exception_rows(policies: PolicySet, now: str | int) -> tuple[ExceptionRow, ...]:
    """Return who is exempt from what, until when; the first to expire first."""
    time = point(now)
    rows = [_row(e, "expired" if e.expired(time) else "active") for e in policies.exceptions]
    return tuple(sorted(rows, key=lambda row: row.until))


def _row(exception: PolicyException, state: str) -> ExceptionRow:
    names = ", ".join(exception.names) or "any name"
    namespaces = ", ".join(exception.namespaces) or "any namespace"
    exempt = [
        *exception.policies,
        *exception.rules,
        *(f"pod-security/{check}" for check in exception.checks),
    ]
    called = f"{exception.namespace}/{exception.name}" if exception.namespace else exception.name
    return ExceptionRow(
        called,
        f"{names} in {namespaces}",
        ", ".join(exempt),
        exception.expires,
        state,
        exception.reason,
    )
