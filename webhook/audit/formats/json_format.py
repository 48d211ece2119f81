"""The audit as JSON: an interface, versioned and documented in docs/audit.md."""

from typing import Any

from webhook.audit.model import AuditContext, AuditedObject
from webhook.audit.tally import Tally
from webhook.lint.result import LocatedFinding
from webhook.report.json_text import encode_json
from webhook.report.security_context_text import to_value

VERSION = 1


class Writer:
    """Writes one object a line, inside of one document."""

    def __init__(self, context: AuditContext) -> None:
        self._context = context
        self._is_first = True

    def add(self, audited: AuditedObject) -> str:
        """Return the object."""
        head = self._head() if self._is_first else ",\n"
        self._is_first = False
        return head + encode_json(_object(audited))

    def finish(self, tally: Tally) -> str:
        """Return the sums, and the end of the document."""
        head = self._head() if self._is_first else ""
        return f'{head}\n],\n"totals": {encode_json(tally.to_value())}\n}}\n'

    def _head(self) -> str:
        context = self._context
        fields = {
            "version": VERSION,
            "source": context.source,
            "createdAt": context.created_at,
            "graphgateVersion": context.version,
            "settingsVersion": context.settings_version,
            "policySetVersion": context.policy_set_version,
            "kubernetesVersion": context.kubernetes_version,
            "missingFacts": list(context.missing),
        }
        return f'{encode_json(fields)[:-1]},\n"objects": [\n'


def _object(audited: AuditedObject) -> dict[str, Any]:
    result = audited.result
    identity = dict(result.identity)
    security = to_value(identity, audited.security)
    return {
        "object": {**identity, "uid": audited.uid, "team": audited.team},
        "file": result.file,
        "line": result.line,
        "verdict": result.verdict,
        "findings": [_finding(placed) for placed in result.findings],
        "suppressed": [
            {
                **_finding(each.located),
                "exception": {
                    "name": each.exception,
                    "reason": each.reason,
                    "expiresAt": each.expires_at,
                },
            }
            for each in result.suppressed
        ],
        "containers": security["containers"],
        **({"error": audited.error} if audited.error else {}),
    }


def _finding(located: LocatedFinding) -> dict[str, Any]:
    finding = located.finding
    return {
        "ruleId": finding.rule_id,
        "action": located.action,
        "path": str(finding.path),
        "message": finding.message,
        "remediation": finding.remediation,
    }
