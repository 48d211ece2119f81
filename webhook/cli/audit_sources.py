"""Where `audit` has its objects from: files, or a cluster page by page."""

import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Protocol, Self, TypeVar

import click

from webhook.cli.manifests import select_manifests
from webhook.cli.standard_output import report_line
from webhook.errors import KubeApiUnavailableError
from webhook.files import read_input
from webhook.graph.well_known import SELDON_KIND

if TYPE_CHECKING:
    from webhook.audit.auditor import ObjectFilter
    from webhook.kube.transport import Transport
    from webhook.yamldoc import ParsedFile

PAGE_SIZE = 100
_POLICIES_TIMEOUT_SECONDS = 30.0
_POLICIES_POLL_SECONDS = 0.1
_PROGRESS_INTERVAL_SECONDS = 0.1


class Progress:
    """A line on standard error, where that is a terminal: 'evaluated 1,200 of 5,000'."""

    def __init__(self) -> None:
        self._shows = sys.stderr.isatty()
        self._done = 0
        self._next_at = 0.0
        self.total: int | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        _type: type[BaseException] | None,
        _error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        if self._shows:
            click.echo("\r\x1b[K", nl=False, err=True)

    def step(self) -> None:
        """Count one object."""
        self._done += 1
        if not self._shows or time.monotonic() < self._next_at:
            return
        self._next_at = time.monotonic() + _PROGRESS_INTERVAL_SECONDS
        click.echo(f"\r{self.line()}\x1b[K", nl=False, err=True)

    def line(self) -> str:
        """Return what the line says; at most 60 columns."""
        if self.total is None or self.total < self._done:
            return f"evaluated {self._done:,}"
        filled = 24 * self._done // max(self.total, 1)
        return f"evaluated [{'#' * filled}{'-' * (24 - filled)}] {self._done:,} of {self.total:,}"


class Movable(Protocol):
    """What is found in an object of a part of a file."""

    def moved(self, lines: int) -> Self:
        """Return it shifted down by a number of lines."""
        ...


Audited_co = TypeVar("Audited_co", bound=Movable, covariant=True)


class ObjectAuditor(Protocol[Audited_co]):
    """What evaluates objects, once or twice: `Auditor`, `ImpactAuditor`."""

    def audit_object(self, document: dict[str, Any]) -> Audited_co:
        """Return what is found in an object of a cluster."""
        ...

    def audit_file(
        self, file: str, parsed_file: "ParsedFile", selected: "ObjectFilter"
    ) -> Iterator[Audited_co]:
        """Yield what is found in the objects of a file."""
        ...

    def audit_unreadable(self, file: str, reason: str) -> Audited_co:
        """Return what is said of a file that cannot be opened."""
        ...


def audit_files(
    paths: tuple[str, ...],
    auditor: ObjectAuditor[Audited_co],
    selected: "ObjectFilter",
    progress: Progress,
) -> Iterator[Audited_co]:
    """Yield what is found in the objects of files; a file that cannot be opened is one of them."""
    from webhook.yamldoc import read

    manifests = select_manifests(paths)
    for note in manifests.notes:
        report_line(note)
    for file in manifests.files:
        try:
            content = read_input(file)
        except OSError as error:
            yield auditor.audit_unreadable(file, error.strerror or str(error))
            continue
        for line, text in _parts(content):
            for audited in auditor.audit_file(file, read(text), selected):
                progress.step()
                yield audited.moved(line)


def _parts(content: bytes) -> Iterator[tuple[int, bytes | str]]:
    """Yield the parts that are read one by one, each with the line before it; mostly it is one."""
    from webhook.yamldoc.large_lists import split_large_list

    try:
        items = split_large_list(content.decode())
    except UnicodeDecodeError:
        items = None  # the reader says what is wrong
    if items is None:
        yield 0, content
    else:
        yield from items


def audit_cluster(
    transport: "Transport",
    auditor: ObjectAuditor[Audited_co],
    namespaces: tuple[str, ...],
    selector: str,
    progress: Progress,
) -> Iterator[Audited_co]:
    """Yield what is found in the objects of a cluster, a page at a time.

    Raise KubeApiUnavailableError if a page cannot be read: a part of the cluster is not an audit.
    """
    from webhook.graph.well_known import SELDON_API_VERSION
    from webhook.kube import collection_path
    from webhook.kube.list_watch import PAGE_TIMEOUT_SECONDS, list_pages

    selectors = {"labelSelector": selector} if selector else {}
    total: int | None = 0
    for namespace in namespaces or ("",):
        path = collection_path(SELDON_API_VERSION, SELDON_KIND, namespace)
        is_first = True
        for page in list_pages(
            transport, path, selectors, page_size=PAGE_SIZE, timeout=PAGE_TIMEOUT_SECONDS
        ):
            if is_first:
                is_first = False
                known = page.remaining if page.continue_token else 0
                total = None if known is None or total is None else total + len(page.items) + known
                progress.total = total
            for document in page.items:
                # An item of a list does not say what it is.
                named = {"apiVersion": SELDON_API_VERSION, "kind": SELDON_KIND, **document}
                yield auditor.audit_object(named)
                progress.step()


def fetch_policies(
    transport: "Transport", selector: str, exceptions_namespace: str
) -> Mapping[str, Any]:
    """Return the cluster's policies and exceptions with these labels, by what messages call them.

    Raise KubeApiUnavailableError if they cannot be read in time.
    """
    from webhook.kube.policy_watcher import PoliciesWatcher

    deadline = time.monotonic() + _POLICIES_TIMEOUT_SECONDS
    with PoliciesWatcher(transport, selector, exceptions_namespace=exceptions_namespace) as watcher:
        while (objects := watcher.objects) is None:
            if time.monotonic() > deadline:
                raise KubeApiUnavailableError(
                    f"the policies of {transport.server} could not be read: "
                    f"{watcher.health().detail}"
                )
            time.sleep(_POLICIES_POLL_SECONDS)
    return objects


def source_name(paths: tuple[str, ...]) -> str:
    """Return what a report calls the files."""
    named = ["standard input" if path == "-" else Path(path).as_posix() for path in paths]
    return ", ".join(named[:3]) + (f" and {len(named) - 3} more" if len(named) > 3 else "")
