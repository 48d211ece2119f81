"""PolicyException: which objects are exempt from what, why, and until when.

    apiVersion: graphgate.io/v1alpha1
    kind: PolicyException
    metadata: {name: legacy-model, namespace: graphgate-system}
    spec:
      reason: "the vendor's image runs as root until 2.4; tracked as ML-1042"
      expiresAt: "2026-12-31T00:00:00Z"
      match:
        namespaces: [team-a]
        names: ["legacy-*"]
      exempt:
        policies: [no-privileged-containers]
        rules: [traffic-not-100]
        podSecurity: [runAsNonRoot]
        findings:
        - {rule: missing-image, path: "spec.predictors[0]…", fingerprint: 0f3a6c9d1b2e4f58}

Pure: the time is an argument, an RFC 3339 text or whole seconds since 1970 (UTC).
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from webhook.cel.time_values import SECOND, Timestamp, parse_timestamp
from webhook.cel.values import EvaluationError
from webhook.graph.finding import Finding
from webhook.graph.finding_identity import finding_fingerprint
from webhook.graph.issue import Issue
from webhook.graph.model import get_list, get_mapping, get_str
from webhook.graph.path import ROOT, Path
from webhook.graph.suggest import hint_at_known, nearest_word
from webhook.rules.descriptors import known_ids
from webhook.rules.other_ids import POD_SECURITY_RULE_ID_PREFIX

KIND = "PolicyException"


@dataclass(frozen=True, slots=True)
class PolicyException:
    """One exception.

    expires_at               as it was written
    policies, rules, pod_security_checks  what it exempts from; a trailing "*" matches any
               suffix
    findings   single errors that it exempts from, as rule and fingerprint
    namespaces, names  of the objects that it exempts; an empty tuple: any
    """

    name: str
    namespace: str
    reason: str
    expires_at: str
    policies: tuple[str, ...]
    rules: tuple[str, ...]
    pod_security_checks: tuple[str, ...]
    namespaces: tuple[str, ...]
    names: tuple[str, ...]
    findings: frozenset[tuple[str, str]]
    file: str
    line: int

    def is_expired(self, now: Timestamp) -> bool:
        """Return whether it is no longer in force: from expiresAt on."""
        return parse_timestamp(self.expires_at) <= now

    def covers_object(self, namespace: str, name: str) -> bool:
        """Return whether it is about an object."""
        return (not self.namespaces or _matches_any(self.namespaces, namespace)) and (
            not self.names or _matches_any(self.names, name)
        )

    def covers(self, finding: Finding, fingerprint: str) -> bool:
        """Return whether it exempts the objects that it is about from a finding."""
        rule = finding.rule_id
        return self._covers_rule(rule) or (
            not finding.incomplete and (rule, fingerprint) in self.findings
        )

    @staticmethod
    def covers_policy(pattern: str, name: str) -> bool:
        """Return whether an entry of exempt.policies, "NAME" or "NAME/0", means a policy."""
        return _matches_any((pattern, pattern.rpartition("/")[0]), name)

    def _covers_rule(self, rule: str) -> bool:
        kind, slash, rest = rule.partition("/")
        if kind == "policy" and slash:
            policy, _, number = rest.rpartition("/")
            return _matches_any(self.policies, policy) or (
                bool(number) and _matches_any(self.policies, rest)
            )
        if kind == "pod-security" and slash:
            return _matches_any(self.pod_security_checks, rest) or _matches_any(self.rules, rule)
        return _matches_any(self.rules, rule)


@dataclass(frozen=True, slots=True)
class ExemptedFinding:
    """A finding that an exception takes back, with the exception."""

    finding: Finding
    exception: PolicyException


@dataclass(frozen=True, slots=True)
class ExemptionResult:
    """What is left of findings.

    kept                still hold
    exempted_findings   taken back
    expired_exceptions  exceptions that would have taken something back, had they not expired
    """

    kept: tuple[Finding, ...]
    exempted_findings: tuple[ExemptedFinding, ...] = ()
    expired_exceptions: tuple[PolicyException, ...] = ()


def apply_exceptions(
    findings: Iterable[Finding],
    exceptions: Iterable[PolicyException],
    now: str | int,
    *,
    namespace: str,
    name: str,
    document: Any = None,
) -> ExemptionResult:
    """Return which findings hold and which an exception takes back.

    now       RFC 3339, or seconds since 1970
    document  the object, as it was submitted: exceptions of single errors compare its values
    """
    exceptions = tuple(each for each in exceptions if each.covers_object(namespace, name))
    findings = tuple(findings)
    if not exceptions or not findings:
        return ExemptionResult(findings)
    now_timestamp = parse_time(now)
    kept: list[Finding] = []
    exempted: list[ExemptedFinding] = []
    expired: dict[int, PolicyException] = {}
    has_fingerprints = any(exception.findings for exception in exceptions)
    for finding in findings:
        own = finding_fingerprint(finding, document) if has_fingerprints else ""
        covering = [exception for exception in exceptions if exception.covers(finding, own)]
        exception_in_force = next((e for e in covering if not e.is_expired(now_timestamp)), None)
        if exception_in_force is not None:
            exempted.append(ExemptedFinding(finding, exception_in_force))
            continue
        kept.append(finding)
        expired.update((id(exception), exception) for exception in covering)
    return ExemptionResult(tuple(kept), tuple(exempted), tuple(expired.values()))


def parse_time(now: str | int) -> Timestamp:
    """Return a point in time; raise ValueError for a text that is not RFC 3339."""
    if isinstance(now, int):
        return Timestamp(now * SECOND)
    try:
        return parse_timestamp(now)
    except EvaluationError as error:
        raise ValueError(str(error)) from None


def _matches_any(patterns: tuple[str, ...], name: str) -> bool:
    return any(
        name == pattern or ("*" in pattern and fnmatchcase(name, _escape_glob(pattern)))
        for pattern in patterns
    )


def _escape_glob(pattern: str) -> str:
    """Return a pattern in which only "*" has a meaning."""
    return pattern.replace("[", "[[]").replace("?", "[?]")


_SPEC_FIELDS = ("reason", "expiresAt", "match", "exempt")
_MATCH_FIELDS = ("namespaces", "names")
_EXEMPT_FIELDS = ("policies", "rules", "podSecurity")
_FINDINGS_FIELD = "findings"
_FINDING_FIELDS = ("rule", "path", "fingerprint")


def read_exception(raw: dict[str, Any], file: str, line: int) -> PolicyException:
    """Return the exception of a raw object without shape issues."""
    metadata, spec = raw["metadata"], raw["spec"]
    match, exemptions = spec.get("match") or {}, spec["exempt"]
    return PolicyException(
        name=metadata["name"],
        namespace=metadata.get("namespace") or "",
        reason=spec["reason"].strip(),
        expires_at=spec["expiresAt"],
        policies=tuple(exemptions.get("policies") or ()),
        rules=tuple(exemptions.get("rules") or ()),
        pod_security_checks=tuple(exemptions.get("podSecurity") or ()),
        namespaces=tuple(match.get("namespaces") or ()),
        names=tuple(match.get("names") or ()),
        findings=frozenset(
            (each["rule"], each["fingerprint"]) for each in exemptions.get(_FINDINGS_FIELD) or ()
        ),
        file=file,
        line=line,
    )


def find_shape_issues(raw: dict[str, Any]) -> list[Issue]:
    """Return all that is wrong with a raw exception."""
    unknown = list(_unknown_fields(raw))
    # A misspelled field is not missing, too.
    unreadable = {issue.path.parent / near for issue, near in unknown}
    others = (issue for issue in _value_issues(raw) if not issue.follows_from(unreadable))
    return [*(issue for issue, _ in unknown), *others]


def _unknown_fields(raw: dict[str, Any]) -> Iterator[tuple[Issue, str]]:
    """Yield each unknown field, and the nearest known one, or ""."""
    spec, here = get_mapping(raw, "spec"), ROOT / "spec"
    exemptions = get_mapping(spec, "exempt")
    findings = get_list(exemptions, _FINDINGS_FIELD)
    for value, known, path in (
        (spec, _SPEC_FIELDS, here),
        (spec.get("match"), _MATCH_FIELDS, here / "match"),
        (exemptions, (*_EXEMPT_FIELDS, _FINDINGS_FIELD), here / "exempt"),
        *(
            (finding, _FINDING_FIELDS, here / "exempt" / _FINDINGS_FIELD / index)
            for index, finding in enumerate(findings)
        ),
    ):
        for key in value if isinstance(value, dict) else ():
            if key not in known:
                near = nearest_word(key, known)
                yield (
                    Issue(path / key, f'unknown field "{key}"; {hint_at_known(near, known)}'),
                    near,
                )


def _value_issues(raw: dict[str, Any]) -> Iterator[Issue]:
    metadata, spec, here = raw.get("metadata"), raw.get("spec"), ROOT / "spec"
    if not isinstance(metadata, dict) or not _is_nonempty_string(metadata.get("name")):
        yield Issue(ROOT / "metadata", "metadata.name is missing")
    if not isinstance(spec, dict):
        yield Issue(here, "spec is missing" if spec is None else "spec must be a mapping")
        return
    reason, expires = spec.get("reason"), spec.get("expiresAt")
    if not _is_nonempty_string(reason) or not str(reason).strip():
        message = "spec.reason is missing: explain why the exception exists"
        yield Issue(here / "reason", message)
    if not isinstance(expires, str):
        message = "spec.expiresAt is missing: every exception must expire"
        yield Issue(here / "expiresAt", message)
    else:
        try:
            parse_timestamp(expires)
        except EvaluationError as error:
            yield Issue(here / "expiresAt", f"spec.expiresAt: {error}")
    yield from _list_issues(spec.get("match"), _MATCH_FIELDS, here / "match")
    exemptions, here = spec.get("exempt"), here / "exempt"
    yield from _list_issues(exemptions, _EXEMPT_FIELDS, here)
    if exemptions is not None and not isinstance(exemptions, dict):
        return
    known = (*_EXEMPT_FIELDS, _FINDINGS_FIELD)
    exemptions = exemptions or {}
    if not any(exemptions.get(key) for key in known):
        message = f"spec.exempt is empty: at least one of {', '.join(known)} is needed"
        yield Issue(here, message, tuple(here / key for key in known))
    yield from _unknown_id_issues(exemptions, here)
    yield from _finding_issues(exemptions.get(_FINDINGS_FIELD), here / _FINDINGS_FIELD)


def _finding_issues(raw: Any, here: Path) -> Iterator[Issue]:
    if raw is None:
        return
    if not isinstance(raw, list):
        yield Issue(here, f"{here} must be a list of findings")
        return
    for index, each in enumerate(raw):
        if not isinstance(each, dict):
            yield Issue(here / index, f"{here / index} must be a mapping with rule and fingerprint")
            continue
        for key in ("rule", "fingerprint"):
            if not _is_nonempty_string(each.get(key)):
                yield Issue(here / index / key, f"{here / index / key} is missing")
        rule = get_str(each, "rule")
        if rule and rule not in known_ids() and not rule.startswith("policy/"):
            near = nearest_word(rule, known_ids())
            hint = f'; did you mean "{near}"?' if near else ""
            yield Issue(here / index / "rule", f'unknown rule "{rule}"{hint}')


def _list_issues(raw: Any, lists: tuple[str, ...], here: Path) -> Iterator[Issue]:
    if raw is None:
        return
    if not isinstance(raw, dict):
        yield Issue(here, f"{here} must be a mapping")
        return
    for key in lists:
        value = raw.get(key)
        is_list = isinstance(value, list) and all(map(_is_nonempty_string, value))
        if value is not None and not is_list:
            yield Issue(here / key, f"{here / key} must be a list of non-empty strings")


def _unknown_id_issues(raw: dict[str, Any], here: Path) -> Iterator[Issue]:
    """Yield each rule and check that graphgate does not have: such an entry exempts nothing."""
    ids = known_ids()
    checks = [
        each.removeprefix(POD_SECURITY_RULE_ID_PREFIX)
        for each in ids
        if each.startswith(POD_SECURITY_RULE_ID_PREFIX)
    ]
    for key, noun, known in (("rules", "rule", ids), ("podSecurity", "check", checks)):
        for index, pattern in enumerate(get_list(raw, key)):
            if not _is_nonempty_string(pattern) or any(_matches_any((pattern,), x) for x in known):
                continue
            near = nearest_word(pattern, known)
            hint = f'; did you mean "{near}"?' if near else ""
            yield Issue(here / key / index, f'unknown {noun} "{pattern}"{hint}')


def _is_nonempty_string(value: Any) -> bool:
    return isinstance(value, str) and bool(value)
