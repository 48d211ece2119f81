"""Objects one after the other: evaluated, and drawn and explained if the format needs it."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from webhook.audit.model import AuditedObject
from webhook.engine.evaluated_object import read_object
from webhook.engine.policy_context import PolicyContext
from webhook.graph.cluster_facts import Facts
from webhook.graph.model import get_mapping, get_str
from webhook.graph.selectors import EVERY_OBJECT, LabelSelector, get_labels
from webhook.lint.kind import is_seldon_deployment
from webhook.lint.lint import lint_object, lint_parsed, unreadable_file_report
from webhook.lint.result import DocumentResult
from webhook.picture import build_picture
from webhook.report.security_context import explain_security
from webhook.settings.model import Settings
from webhook.settings.writer import write_settings
from webhook.yamldoc import ParsedFile

DEFAULT_TEAM_LABEL = "team"


def settings_version(settings: Settings) -> str:
    """Return a digest of the settings: equal settings have the same, whatever file they are in."""
    return hashlib.sha256(write_settings(settings).encode()).hexdigest()[:12]


@dataclass(frozen=True, slots=True)
class ObjectFilter:
    """Which objects are audited.

    namespaces  empty: all
    selector    of the object's labels
    """

    namespaces: frozenset[str] = frozenset()
    selector: LabelSelector = EVERY_OBJECT

    def matches(self, document: Any) -> bool:
        """Return whether an object is among them."""
        namespace = get_str(get_mapping(document, "metadata"), "namespace")
        if self.namespaces and namespace not in self.namespaces:
            return False
        return self.selector.matches(get_labels(document))


EVERYTHING = ObjectFilter()


@dataclass(frozen=True, slots=True)
class Auditor:
    """Evaluates objects.

    team_label    the label that says whose an object is; where it has none, its namespace's
    with_details  whether objects are drawn and their containers explained; a third of the time
    """

    settings: Settings
    facts: Facts
    policy_context: PolicyContext | None = None
    team_label: str = DEFAULT_TEAM_LABEL
    with_details: bool = False

    def audit_object(self, document: dict[str, Any]) -> AuditedObject:
        """Return what is found in an object of a cluster."""
        metadata = get_mapping(document, "metadata")
        name = f"{get_str(metadata, 'namespace')}/{get_str(metadata, 'name')}"
        result = lint_object(
            name, document, self.settings, self.facts, policy_context=self.policy_context
        )
        return self._audited(document, result)

    def audit_file(
        self, file: str, parsed_file: ParsedFile, selected: ObjectFilter = EVERYTHING
    ) -> Iterator[AuditedObject]:
        """Yield what is found in the objects of a file, and in the parts that cannot be read."""
        report = lint_parsed(
            file, parsed_file, self.settings, self.facts, policy_context=self.policy_context
        )
        documents = {document.index: document.value for document in parsed_file.documents}
        for result in report.results:
            document = documents.get(result.index)
            if result.verdict == "error" or not is_seldon_deployment(document):
                yield AuditedObject(result)
            elif selected.matches(document):
                yield self._audited(document, result)

    def audit_unreadable(self, file: str, reason: str) -> AuditedObject:
        """Return what is said of a file that cannot be opened."""
        (result,) = unreadable_file_report(file, reason).results
        return AuditedObject(result)

    def _audited(self, document: Any, result: DocumentResult) -> AuditedObject:
        uid, team = get_str(get_mapping(document, "metadata"), "uid"), self._team(document)
        if not self.with_details:
            return AuditedObject(result, uid, team)
        findings = [(placed.action, placed.finding) for placed in result.findings]
        try:
            # Without users' policies: what they change is neither the author's nor a default.
            evaluated = read_object(document, self.settings, self.facts)
            picture, explained = build_picture(evaluated, findings), explain_security(evaluated)
            return AuditedObject(result, uid, team, picture, tuple(explained))
        except Exception as error:  # noqa: BLE001 — one strange object must not end the audit
            reason = f"no picture and no security view: internal error ({type(error).__name__})"
            return AuditedObject(result, uid, team, error=reason)

    def _team(self, document: Any) -> str:
        namespace = get_str(get_mapping(document, "metadata"), "namespace")
        known = self.facts.namespaces.get(namespace)
        team = get_labels(document).get(self.team_label) or (
            known.labels.get(self.team_label) if known else None
        )
        return team if isinstance(team, str) else ""
