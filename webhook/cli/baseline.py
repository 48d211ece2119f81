"""What is found today as PolicyExceptions: CI tolerates old errors and refuses new ones."""

import re
import time
from typing import TYPE_CHECKING, Any, NamedTuple

from webhook.graph.k8s_syntax import MAX_SUBDOMAIN_LENGTH
from webhook.graph.well_known import GRAPHGATE_API_VERSION
from webhook.rules.other_ids import YAML_RULE_ID_PREFIX
from webhook.yamldoc.emitter import emit_documents

if TYPE_CHECKING:
    from webhook.lint.result import DocumentResult, Report


class Baseline(NamedTuple):
    """Exceptions as YAML, and how many errors they are about."""

    text: str
    errors: int


def write_baseline(report: "Report", now: float, ttl_seconds: float) -> Baseline:
    """Return the exceptions, one for each object.

    now          seconds since 1970
    ttl_seconds  until they end

    Left out are objects without a name, which no exception can mean, or with a "*" in it, by which
    one would mean others; and what is wrong with a text or was not read in full.
    """
    expires_at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now + ttl_seconds))
    today = time.strftime("%Y-%m-%d", time.gmtime(now))
    exceptions = [
        _exception(result, faults, today, expires_at)
        for result in report.results
        if _is_exact(result) and (faults := _faults(result))
    ]
    errors = sum(len(exception["spec"]["exempt"]["findings"]) for exception in exceptions)
    return Baseline(emit_documents(exceptions), errors)


def _is_exact(result: "DocumentResult") -> bool:
    """Return whether an exception by namespace and name is about this object alone."""
    name = result.identity.get("name", "")
    return bool(name) and "*" not in f"{result.identity.get('namespace', '')}{name}"


def _faults(result: "DocumentResult") -> list[dict[str, str]]:
    found = {
        (each.finding.rule_id, each.fingerprint): str(each.finding.path)
        for each in result.findings
        if each.action in {"deny", "warn"}
        and each.fingerprint
        and not each.finding.incomplete
        and not each.finding.rule_id.startswith(YAML_RULE_ID_PREFIX)
    }
    return [
        {"rule": rule, "path": path, "fingerprint": fingerprint}
        for (rule, fingerprint), path in found.items()
    ]


def _exception(
    result: "DocumentResult", faults: list[dict[str, str]], today: str, expires_at: str
) -> dict[str, Any]:
    namespace, name = result.identity.get("namespace"), result.identity["name"]
    match: dict[str, Any] = {"namespaces": [namespace]} if namespace else {}
    title = "-".join(filter(None, ("baseline", namespace, name)))
    return {
        "apiVersion": GRAPHGATE_API_VERSION,
        "kind": "PolicyException",
        "metadata": {"name": re.sub(r"[^a-z0-9.-]+", "-", title.lower())[:MAX_SUBDOMAIN_LENGTH]},
        "spec": {
            "reason": f"found on {today}, when the baseline was written",
            "expiresAt": expires_at,
            "match": {**match, "names": [name]},
            "exempt": {"findings": faults},
        },
    }
