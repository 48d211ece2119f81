"""An audited object as a report of the cluster: OpenReports' Report, or the older PolicyReport.

One report for each object, in its namespace and owned by it, so that Kubernetes deletes it with the
object. It holds no time and no version of the object: a report that says the same is the same, and
is not written again.

Sources: openreports.io/v1alpha1 (github.com/openreports/reports-api v0.2.1) and
wgpolicyk8s.io/v1alpha2 (Kubernetes Policy WG, as Kyverno v1.19.1 ships it). Their results are
alike.
"""

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any, Literal, NamedTuple

import orjson

from webhook.audit.model import AuditedObject
from webhook.engine.messages import MAX_SHOWN_FINDINGS, format_path
from webhook.graph.model import get_mapping, get_str
from webhook.graph.text import shorten
from webhook.graph.well_known import MANAGED_BY_LABEL
from webhook.lint.result import LocatedFinding

SOURCE = "graphgate"
MANAGED_BY = "graphgate-audit"
NAME_PREFIX = "graphgate-"
"""Before the object's uid. Kyverno calls its reports by the bare uid, in the same namespace."""

_MAX_MESSAGE_LENGTH = 1024
_MAX_PROPERTY_LENGTH = 512


class ReportKind(NamedTuple):
    """A kind of report."""

    api_version: str
    kind: str


OPENREPORTS = ReportKind("openreports.io/v1alpha1", "Report")
POLICY_REPORT = ReportKind("wgpolicyk8s.io/v1alpha2", "PolicyReport")
KINDS: Mapping[str, ReportKind] = {"openreports": OPENREPORTS, "policyreport": POLICY_REPORT}
"""By what the setting calls them, the preferred one first."""

Result = Literal["pass", "fail", "warn", "error", "skip"]
_RESULTS: Mapping[str, tuple[Result, str]] = {
    "deny": ("fail", "high"),
    "warn": ("warn", "medium"),
    "audit": ("warn", "info"),
}
"""What a finding's action is as a result, and as a severity."""


def report_name(uid: str) -> str:
    """Return what the report on an object is called."""
    return f"{NAME_PREFIX}{uid}"


def build_report(audited: AuditedObject, kind: ReportKind) -> dict[str, Any]:
    """Return the report on an object of a cluster."""
    identity = audited.result.identity
    reference = {
        "apiVersion": identity["apiVersion"],
        "kind": identity["kind"],
        "name": audited.name,
        "uid": audited.uid,
    }
    results = list(_results(audited))
    counts = Counter(each["result"] for each in results)
    report: dict[str, Any] = {
        "apiVersion": kind.api_version,
        "kind": kind.kind,
        "metadata": {
            "name": report_name(audited.uid),
            "namespace": audited.namespace,
            "labels": {MANAGED_BY_LABEL: MANAGED_BY},
            "ownerReferences": [reference],
        },
        "scope": {**reference, "namespace": audited.namespace},
        "summary": {name: counts[name] for name in ("pass", "fail", "warn", "error", "skip")},
        "results": results,
    }
    if kind is OPENREPORTS:
        report["source"] = SOURCE
    return report


def report_digest(report: Mapping[str, Any]) -> str:
    """Return a digest of what graphgate writes into a report, for a new or an existing one."""
    metadata = get_mapping(report, "metadata")
    content = {
        "owners": [
            {key: owner.get(key) for key in ("apiVersion", "kind", "name", "uid")}
            for owner in metadata.get("ownerReferences") or ()
        ],
        "label": get_str(get_mapping(metadata, "labels"), MANAGED_BY_LABEL),
        **{key: report.get(key) for key in ("source", "scope", "summary", "results")},
    }
    return hashlib.sha256(orjson.dumps(content, option=orjson.OPT_SORT_KEYS)).hexdigest()[:16]


def _results(audited: AuditedObject) -> Iterator[dict[str, Any]]:
    """Yield a result for each finding and each exception; one that passes where there is neither.

    A report is stored like every object (etcd takes 1.5 MiB): those that are too many are counted.
    """
    result = audited.result
    for placed in result.findings[:MAX_SHOWN_FINDINGS]:
        name, severity = _RESULTS[placed.action]
        yield _result(placed, name, severity, {"action": placed.action})
    for each in result.suppressed[:MAX_SHOWN_FINDINGS]:
        properties = {
            "action": each.located.action,
            "exception": each.exception,
            "reason": each.reason,
            "expiresAt": each.expires_at,
        }
        yield _result(each.located, "skip", "info", properties)
    hidden = max(0, len(result.findings) - MAX_SHOWN_FINDINGS)
    hidden += max(0, len(result.suppressed) - MAX_SHOWN_FINDINGS)
    if hidden:
        message = f"{hidden} more findings; graphgate audit shows them all"
        yield {"source": SOURCE, "policy": SOURCE, "result": "error", "message": message}
    if not (result.findings or result.suppressed):
        message = "would be admitted unchanged"
        yield {"source": SOURCE, "policy": SOURCE, "result": "pass", "message": message}


def _result(
    placed: LocatedFinding, result: Result, severity: str, properties: Mapping[str, str]
) -> dict[str, Any]:
    finding = placed.finding
    remediation = f"; {finding.remediation}" if finding.remediation else ""
    return {
        "source": SOURCE,
        "policy": finding.rule_id,
        "rule": finding.rule_id.rpartition("/")[2],
        "category": finding.rule_id.partition("/")[0] if "/" in finding.rule_id else "graph",
        "result": result,
        "severity": severity,
        "scored": result != "skip",
        "message": shorten(f"{finding.message}{remediation}", _MAX_MESSAGE_LENGTH),
        "properties": {
            "path": shorten(format_path(finding.path), _MAX_PROPERTY_LENGTH),
            **{key: shorten(value, _MAX_PROPERTY_LENGTH) for key, value in properties.items()},
        },
    }
