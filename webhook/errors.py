"""Every exception that graphgate raises on purpose.

    GraphgateError                    base class; the message is for the user, with a line for
    │                                 each error of a file
    ├── SettingsError                 the operator's: a settings file, flag or environment variable
    ├── PolicyError                   the operator's: a policy, exception or test file
    ├── MalformedReviewError          the caller's: not an answerable review (HTTP 400)
    ├── UnreadReviewError             the author's: a review with a uid, beyond what is read
    ├── ReviewTimeoutError            the author's or graphgate's: a review that takes too long
    ├── DocumentError                 the author's: a file that is neither YAML nor JSON
    ├── CertificateError              the operator's: a certificate, key or CA that cannot serve
    ├── UneditableTextError           a fix that cannot be applied to the author's text
    │   └── AnchoredTextError         … because an anchor shares that part
    ├── PatchMismatchError            graphgate's: a fix that does not match its document
    └── KubeApiUnavailableError       the Kubernetes API did not respond
        └── ApiStatusError            … or rejected the request, with its status

The last four are defined where they are raised, in `yamldoc` and `kube`.

A denied object is not an exception: it is a value, `engine.Decision`.
A library's exception is translated where it is caught, with `raise … from`.
"""


class GraphgateError(Exception):
    """Base of the tree. `str(error)` is one message that says what to do, or several lines."""

    def __init__(self, *sentences: str) -> None:
        super().__init__("\n".join(sentences))


class SettingsError(GraphgateError):
    """Settings that cannot be used; each sentence names the flag, variable or key."""


class PolicyError(GraphgateError):
    """Policy files that cannot be loaded; each sentence names file, line and cause."""


class MalformedReviewError(GraphgateError):
    """A request body that is not an AdmissionReview; answered with HTTP 400."""


class UnreadReviewError(GraphgateError):
    """A review that was not read because it exceeds a limit; `rule_id` says which."""

    def __init__(self, message: str, uid: str, rule_id: str) -> None:
        super().__init__(message)
        self.uid = uid
        self.rule_id = rule_id


class ReviewTimeoutError(GraphgateError):
    """The time for one review is over. It always denies: time is what an author can use up."""


class DocumentError(GraphgateError):
    """Text that is neither YAML nor JSON. `line` and `column` count from 1."""

    def __init__(self, message: str, line: int = 1, column: int = 1) -> None:
        super().__init__(message)
        self.line = line
        self.column = column


class CertificateError(GraphgateError):
    """A certificate, key or CA bundle that cannot be used; the sentence says which and why."""


class KubeApiUnavailableError(GraphgateError):
    """The Kubernetes API could not be reached, or refused the request."""
