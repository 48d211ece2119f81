"""What a check is, what it finds, and the words that all checks share.

Here: Check, Violation, and the way upstream counts and quotes. Not here: any one check (`checks`),
which of them run (`evaluate`).

The texts are upstream's, word for word: people search for them, and the API server will say the
same of the pod. Source: kubernetes/pod-security-admission policy/check_*.go and helpers.go.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from webhook.graph.path import Path
from webhook.graph.text import pluralize
from webhook.podsecurity.pod import Container, Pod


@dataclass(frozen=True, slots=True)
class Violation:
    """What one check forbids in a pod.

    check_id  upstream's id: "privileged"
    reason    "privileged"
    detail    'container "m" must not set securityContext.privileged=true'
    paths     each guilty field, relative to the pod template; may be missing there
    """

    check_id: str
    reason: str
    detail: str
    paths: tuple[Path, ...]

    def __str__(self) -> str:
        return f"{self.reason} ({self.detail})" if self.detail else self.reason


CheckPod = Callable[[Pod], Violation | None]


@dataclass(frozen=True, slots=True)
class Check:
    """One rule of the Pod Security Standards through the versions.

    id        upstream's id
    level     the level it belongs to
    versions  (minor version from which it holds, evaluate), oldest first
    overrides ids of the baseline checks that need not run where this one does
    """

    id: str
    level: Literal["baseline", "restricted"]
    versions: tuple[tuple[int, CheckPod], ...]
    overrides: tuple[str, ...] = ()

    def check_at(self, version: int) -> CheckPod | None:
        """Return how the check evaluates at a minor version, None if it did not exist yet."""
        candidates = [check_pod for since, check_pod in self.versions if since <= version]
        return candidates[-1] if candidates else None


def quote_words(words: Iterable[str]) -> str:
    """Return `"a", "b"`; what is inside is not escaped."""
    return ", ".join(f'"{word}"' for word in words)


def list_containers(containers: Sequence[Container]) -> str:
    """Return `container "a"` or `containers "a", "b"`."""
    return f"{pluralize(len(containers), 'container')} {quote_words(c.name for c in containers)}"


def list_setters(pod: bool, containers: Sequence[Container]) -> str:  # noqa: FBT001 — reads as a list
    """Return `pod and container "a"`, or the part that applies."""
    words = ["pod"] if pod else []
    if containers:
        words.append(list_containers(containers))
    return " and ".join(words)


def field_paths(pod: bool, containers: Iterable[Container], *field_path: str) -> tuple[Path, ...]:  # noqa: FBT001 — as above
    """Return where a field of the security context is, in the pod's and in containers'."""
    of_pod = (Path(("spec", "securityContext", *field_path)),) if pod else ()
    return (*of_pod, *(c.path.join(("securityContext", *field_path)) for c in containers))


_ESCAPES = {
    "\a": "\\a", "\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\v": "\\v",
    '"': '\\"', "\\": "\\\\",
}  # fmt: skip


def go_quote(word: str) -> str:
    """Return a word in quotes as Go's %q writes it."""
    return '"' + "".join(map(_escape_character, word)) + '"'


def _escape_character(character: str) -> str:
    if character in _ESCAPES:
        return _ESCAPES[character]
    if character.isprintable():
        return character
    code = ord(character)
    if character.isascii():
        return f"\\x{code:02x}"
    return f"\\U{code:08x}" if code >> 16 else f"\\u{code:04x}"
