"""PolicyException: who is exempt from what, why, and until when.

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

Pure: the time is an argument, an RFC 3339 text or whole seconds since 1970 (UTC).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from webhook.graph.finding import Finding
from webhook.graph.path import ROOT, Path
from webhook.graph.words import nearest_word
from webhook.policy.cel.times import SECOND, Timestamp, read_timestamp
from webhook.policy.cel.values import EvaluationError

API_VERSION = "graphgate.io/v1alpha1"
KIND = "PolicyException"


@dataclass(frozen=True, slots=True)
class PolicyException:
    """One exception.

    expires    as it was written
    policies, rules, checks   what it exempts from: names of policies, ids of rules, checks of the
               pod security standards; "*" ends a name that only has to begin so
    namespaces, names         of the objects that it exempts; an empty tuple: any
    """

    name: str
    namespace: str
    reason: str
    expires: str
    policies: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()
    checks: tuple[str, ...] = ()
    namespaces: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    file: str = ""
    line: int = 0

    def expired(self, now: Timestamp) -> bool:
        """Tell whether it is no longer in force: from expiresAt on."""
        return read_timestamp(self.expires) <= now

    def covers(self, rule: str, namespace: str, name: str) -> bool:
        """Tell whether it exempts an object from a finding's rule."""
        return (
            (not self.namespaces or _any(self.namespaces, namespace))
            and (not self.names or _any(self.names, name))
            and self._exempts(rule)
        )

    def _exempts(self, rule: str) -> bool:
        kind, slash, rest = rule.partition("/")
        if kind == "policy" and slash:
            policy, _, number = rest.rpartition("/")
            return _any(self.policies, policy) or (bool(number) and _any(self.policies, rest))
        if kind == "pod-security" and slash:
            return _any(self.checks, rest) or _any(self.rules, rule)
        return _any(self.rules, rule)


@dataclass(frozen=True, slots=True)
class Exempted:
    """A finding that an exception takes back, with the exception."""

    finding: Finding
    exception: PolicyException


@dataclass(frozen=True, slots=True)
class Exemption:
    """What is left of findings.

    kept      still hold
    exempted  taken back
    expired   exceptions that would have taken something back, had they not expired
    """

    kept: tuple[Finding, ...]
    exempted: tuple[Exempted, ...] = ()
    expired: tuple[PolicyException, ...] = ()


def exempt(
    findings: Iterable[Finding],
    exceptions: Iterable[PolicyException],
    now: str | int,
    *,
    namespace: str,
    name: str,
) -> Exemption:
    """Return which findings hold and which an exception takes back.

    now  RFC 3339, or seconds since 1970
    """
    exceptions = tuple(exceptions)
    findings = tuple(findings)
    if not exceptions or not findings:
        return Exemption(findings)
    time = point(now)
    kept: list[Finding] = []
    exempted: list[Exempted] = []
    expired: dict[int, PolicyException] = {}
    for finding in findings:
        covering = [e for e in exceptions if e.covers(finding.rule, namespace, name)]
        valid = next((e for e in covering if not e.expired(time)), None)
        if valid is not None:
            exempted.append(Exempted(finding, valid))
            continue
        kept.append(finding)
        expired.update((id(exception), exception) for exception in covering)
    return Exemption(tuple(kept), tuple(exempted), tuple(expired.values()))


def point(now: str | int) -> Timestamp:
    """Return a point in time; raise ValueError for a text that is no RFC 3339."""
    if isinstance(now, int):
        return Timestamp(now * SECOND)
    try:
        return read_timestamp(now)
    except EvaluationError as error:
        raise ValueError(str(error)) from None


def _any(patterns: tuple[str, ...], word: str) -> bool:
    return any(
        word == pattern or ("*" in pattern and fnmatchcase(word, _literal(pattern)))
        for pattern in patterns
    )


def _literal(pattern: str) -> str:
    """Return a pattern in which only "*" has a meaning."""
    return pattern.replace("[", "[[]").replace("?", "[?]")


_SPEC = ("reason", "expiresAt", "match", "exempt")
_MATCH = ("namespaces", "names")
_EXEMPT = ("policies", "rules", "podSecurity")


def read_exception(raw: dict[str, Any], file: str, line: int) -> PolicyException:
    """Return the exception of a raw object in which `faults` finds nothing."""
    metadata, spec = raw["metadata"], raw["spec"]
    match, exempts = spec.get("match") or {}, spec["exempt"]
    return PolicyException(
        name=metadata["name"],
        namespace=metadata.get("namespace") or "",
        reason=spec["reason"].strip(),
        expires=spec["expiresAt"],
        policies=tuple(exempts.get("policies") or ()),
        rules=tuple(exempts.get("rules") or ()),
        checks=tuple(exempts.get("podSecurity") or ()),
        namespaces=tuple(match.get("namespaces") or ()),
        names=tuple(match.get("names") or ()),
        file=file,
        line=line,
    )


def faults(raw: dict[str, Any]) -> list[tuple[Path, str]]:
    """Return what is wrong with a raw exception, with places."""
    found: list[tuple[Path, str]] = []
    metadata, spec = raw.get("metadata"), raw.get("spec")
    if not isinstance(metadata, dict) or not _is_text(metadata.get("name")):
        found.append((ROOT / "metadata", "metadata.name is missing"))
    if not isinstance(spec, dict):
        return [*found, (ROOT / "spec", "spec is missing")]
    here = ROOT / "spec"
    found += _unknown(spec, _SPEC, here)
    reason, expires = spec.get("reason"), spec.get("expiresAt")
    if not _is_text(reason) or not str(reason).strip():
        found.append((here / "reason", "spec.reason is missing: say why, for who reads it later"))
    if not isinstance(expires, str):
        found.append((here / "expiresAt", "spec.expiresAt is missing: every exception ends"))
    else:
        try:
            read_timestamp(expires)
        except EvaluationError as error:
            found.append((here / "expiresAt", f"spec.expiresAt: {error}"))
    found += _lists(spec.get("match"), _MATCH, here / "match")
    exempts = spec.get("exempt")
    found += _lists(exempts, _EXEMPT, here / "exempt")
    if not isinstance(exempts, dict) or not any(exempts.get(key) for key in _EXEMPT):
        sentence = f"spec.exempt names nothing: one of {', '.join(_EXEMPT)} is needed"
        found.append((here / "exempt", sentence))
    return found


def _lists(raw: Any, known: tuple[str, ...], here: Path) -> list[tuple[Path, str]]:
    if raw is None:
        return []
    if not isinstance(raw, dict):
        return [(here, f"{here} is no mapping")]
    found = _unknown(raw, known, here)
    for key in known:
        value = raw.get(key)
        if value is not None and not (isinstance(value, list) and all(map(_is_text, value))):
            found.append((here / key, f"{here / key} is no list of words"))
    return found


def _unknown(raw: dict[str, Any], known: tuple[str, ...], here: Path) -> list[tuple[Path, str]]:
    return [
        (here / key, f'unknown field "{key}"; {_hint(key, known)}')
        for key in raw
        if key not in known
    ]


def _hint(key: str, known: tuple[str, ...]) -> str:
    near = nearest_word(key, known)
    return f'did you mean "{near}"?' if near else f"known are {', '.join(known)}"


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and bool(value)
