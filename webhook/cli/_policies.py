"""Policies from files: the flag, what is read for it, and what is in force at a moment."""

import time
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import click

from webhook.cli._files import found
from webhook.errors import InvalidPolicy

if TYPE_CHECKING:
    from webhook.decisions.demands import Demands
    from webhook.policy import PolicySet
    from webhook.server.health import Check

TEST_ENDING = ".test.yaml"
"""Files of `graphgate policies test`; they stand beside the policies and are none."""


def policies_option(command: Callable[..., None]) -> Callable[..., None]:
    """Add --policies; the command gets `policy_paths`, and `load_demands` reads them."""
    return click.option(
        "--policies",
        "policy_paths",
        type=click.Path(path_type=Path),
        metavar="PATH",
        multiple=True,
        help="File or folder of policies and exceptions; may be given several times.",
    )(command)


def texts(paths: Iterable[Path]) -> dict[str, bytes]:
    """Return every file that the paths name, with its content; raise InvalidPolicy if one fails."""
    try:
        return {file: Path(file).read_bytes() for path in paths for file in found((str(path),))}
    except OSError as error:
        raise InvalidPolicy(f"{error.filename} cannot be read: {error.strerror}") from error


def load_texts(contents: dict[str, bytes]) -> "PolicySet":
    """Return the policies in files; those that cannot be used are in its `problems`."""
    from webhook import documents
    from webhook.policy import Source, from_reading, load

    sources: list[Source] = []
    for file, content in contents.items():
        if file.endswith((TEST_ENDING, "kustomization.yaml")):
            continue
        reading = documents.read(content)
        for fault in reading.errors:
            raise InvalidPolicy(f"{file}:{fault.line}:{fault.column}: {fault}")
        sources.extend(from_reading(file, reading))
    return load(sources)


def load_policies(paths: tuple[Path, ...]) -> "PolicySet | None":
    """Return the policies that the paths name; None if none is named.

    Raise InvalidPolicy if one of them cannot be used: a gate with a missing bar is no gate.
    """
    if not paths:
        return None
    return _without_problems(load_texts(texts(paths)))


def _without_problems(policies: "PolicySet") -> "PolicySet":
    if policies.problems:
        more = len(policies.problems) - 1
        others = f" (and {more} more; graphgate policies lint tells all)" if more else ""
        raise InvalidPolicy(f"{policies.problems[0]}{others}")
    return policies


def load_demands(paths: tuple[Path, ...]) -> "Demands | None":
    """Return the policies as they are in force now; None if there are none."""
    policies = load_policies(paths)
    if policies is None:
        return None
    from webhook.decisions.demands import Demands

    return Demands(policies, int(time.time()))


class PolicyFiles:
    """The policies of a running server: read anew when their files change.

    Loading takes a third of a second, so it happens in a thread while the last good set answers.
    """

    name = "policies"

    def __init__(self, paths: tuple[Path, ...]) -> None:
        self._paths = paths
        self._read = texts(paths)
        self.policies = _without_problems(load_texts(self._read))
        self._loader = ThreadPoolExecutor(1, "policies")
        self._loading: Future[PolicySet] | None = None
        self._fault: InvalidPolicy | None = None

    def now(self) -> "Demands":
        """Return what is in force at this moment."""
        from webhook.decisions.demands import Demands

        return Demands(self.policies, int(time.time()))

    def refresh(self) -> bool:
        """Put changed files into effect; raise InvalidPolicy while they cannot be used."""
        if self._loading is None:
            contents = texts(self._paths)
            if contents != self._read:
                self._read, self._fault = contents, None
                self._loading = self._loader.submit(load_texts, contents)
        if self._loading is not None and self._loading.done():
            loading, self._loading = self._loading, None
            try:
                self.policies = _without_problems(loading.result())
            except InvalidPolicy as fault:
                self._fault = fault
            else:
                return True
        if self._fault is not None:
            raise self._fault
        return False

    def check(self) -> "Check":
        """Return what /readyz?verbose says of them."""
        from webhook.server.health import Check, Status

        return Check(
            "policies",
            lambda: Status(
                "ok", f"{len(self.policies.policies)} in force, version {self.policies.version}"
            ),
        )
