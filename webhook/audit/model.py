"""What is known of one audited object, and of the audit as a whole."""

from dataclasses import dataclass, replace

from webhook.lint.result import DocumentResult
from webhook.picture import Picture
from webhook.report.security_context import ContainerSecurity

MAX_TITLE_LENGTH = 507
"""Characters of a namespace and a name, as long as Kubernetes takes them."""

VERDICT_WORDS = {"allowed": "allowed", "denied": "denied", "error": "could not be evaluated"}
"""How texts say a verdict."""


@dataclass(frozen=True, slots=True)
class AuditedObject:
    """One SeldonDeployment, evaluated as if it were applied now.

    result      verdict, findings and exceptions; its `file` is the file, or for an object of a
                cluster its namespace and name
    uid         "" for an object of a file
    team        its team (`Auditor.team_label`); "": unknown
    picture     its graph with its findings; None: not requested, or it failed
    security    the effective security of each container, likewise
    error       why there is neither; "": there is, or not requested
    """

    result: DocumentResult
    uid: str = ""
    team: str = ""
    picture: Picture | None = None
    security: tuple[ContainerSecurity, ...] = ()
    error: str = ""

    @property
    def namespace(self) -> str:
        """The namespace; "" where none is written."""
        return self.result.identity.get("namespace", "")

    @property
    def name(self) -> str:
        """The name; "" where none is written."""
        return self.result.identity.get("name", "")

    def moved(self, lines: int) -> "AuditedObject":
        """Return it shifted down by a number of lines."""
        if not lines:
            return self
        result = self.result
        findings = tuple(replace(each, line=each.line + lines) for each in result.findings)
        return replace(self, result=replace(result, line=result.line + lines, findings=findings))

    @property
    def title(self) -> str:
        """Namespace and name; the file and the line of what has no name."""
        return self.result.object_name or f"{self.result.file}:{self.result.line}"


@dataclass(frozen=True, slots=True)
class AuditContext:
    """What the objects were evaluated with.

    source              the API server's URL, or what the files are called
    created_at          RFC 3339
    version             of graphgate
    settings_version    a digest of the settings in force
    policy_set_version  of the current policies; "": none
    kubernetes_version  "1.36"; "": not known
    missing             facts that could not be read, as sentences
    """

    source: str
    created_at: str
    version: str
    settings_version: str
    policy_set_version: str = ""
    kubernetes_version: str = ""
    missing: tuple[str, ...] = ()
