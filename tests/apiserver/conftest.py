"""Fixtures of the tests that need a real Kubernetes control plane, and their marker.

`control_plane` is one per session (one per worker with pytest-xdist), `namespace` is a fresh one
per test. Tests share the control plane: whoever stops parts of it starts one of their own from
`binaries`.
"""

import os
import re
import sys
import uuid
from collections.abc import Callable, Generator, Iterator
from functools import partial
from pathlib import Path
from typing import TypeVar

import pytest

from tools.control_plane.binaries import choose_binaries
from tools.control_plane.build import provide_binaries
from tools.control_plane.cache import Report
from tools.control_plane.definitions import provide_definitions
from tools.control_plane.errors import ControlPlaneError, UnavailableError
from tools.control_plane.run import ControlPlane

# An hour: a cold build takes 10 minutes on two cores that do nothing else, and other workers wait
# for the one that builds.
_SECONDS_FOR_A_BUILD = 3600

T = TypeVar("T")


@pytest.fixture(scope="session")
def binaries(request: pytest.FixtureRequest) -> dict[str, Path]:
    """Every tool's file by its name; what is missing is built now, once, with progress shown."""

    def build(report: Report) -> dict[str, Path]:
        return {binary.tool.name: binary.path for binary in provide_binaries(os.environ, report)}

    return provide(request, build)


@pytest.fixture(scope="session")
def foreign_crds(request: pytest.FixtureRequest) -> dict[str, Path]:
    """Files of other projects' definitions by kind, such as "ScaledObject"; see `definitions`."""
    return provide(request, partial(provide_definitions, os.environ))


def provide(request: pytest.FixtureRequest, find: Callable[[Report], T]) -> T:
    """Call with a way to show progress; what this machine cannot do is skipped, and fails in CI."""
    capture = request.config.pluginmanager.getplugin("capturemanager")

    def report(line: str) -> None:
        # Minutes without a word look like a hang, and captured output comes after the minutes.
        with capture.global_and_fixture_disabled():
            # stdout of a pytest-xdist worker is its line to the controller.
            print(f"control plane: {line}", file=sys.stderr, flush=True)

    try:
        return find(report)
    except UnavailableError as missing:
        if os.environ.get("CI") == "true":
            pytest.fail(str(missing), pytrace=False)
        pytest.skip(str(missing))
    except ControlPlaneError as error:
        pytest.fail(str(error), pytrace=False)


@pytest.fixture(scope="module")
def own_control_plane(binaries: dict[str, Path]) -> Iterator[ControlPlane]:
    """One of a module's own: webhooks are for the whole cluster, and would review others' tests."""
    with ControlPlane.start(binaries) as plane:
        yield plane


@pytest.fixture(scope="session")
def control_plane(binaries: dict[str, Path]) -> Iterator[ControlPlane]:
    """etcd, kube-apiserver and kube-controller-manager, shared by the tests of this session."""
    with ControlPlane.start(binaries) as plane:
        yield plane


@pytest.fixture
def namespace(control_plane: ControlPlane, request: pytest.FixtureRequest) -> Iterator[str]:
    """The name of a fresh namespace; it is deleted afterwards, without waiting for that."""
    words = re.sub(r"[^a-z0-9]+", "-", request.node.name.lower().removeprefix("test_"))
    # A name has at most 63 characters; 40 of the test's leave room for a suffix of a test's own.
    name = f"{words[:40].strip('-')}-{uuid.uuid4().hex[:8]}"
    control_plane.create_namespace(name)
    yield name
    control_plane.delete_namespace(name)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark the tests of this folder that need the control plane, and give a build its time."""
    here = Path(__file__).parent
    ours = [item for item in items if here in item.path.parents and _needs_binaries(item)]
    for item in ours:
        item.add_marker(pytest.mark.cluster)
    if ours and config.pluginmanager.hasplugin("timeout") and _must_build():
        for item in ours:
            item.add_marker(pytest.mark.timeout(_SECONDS_FOR_A_BUILD))


def _needs_binaries(item: pytest.Item) -> bool:
    return "binaries" in getattr(item, "fixturenames", ())


def _must_build() -> bool:
    try:
        return not all(binary.is_there for binary in choose_binaries(os.environ))
    except ControlPlaneError:
        return False  # said by the fixture


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Add the ends of the components' logs to the report of a failed test."""
    report = yield
    plane = getattr(item, "funcargs", {}).get("control_plane")
    if report.failed and isinstance(plane, ControlPlane):
        report.sections += [(f"log of {name}", log) for name, log in plane.read_logs().items()]
    return report
