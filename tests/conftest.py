"""What holds for all tests, and fixtures that several folders use.

No property test is judged by the time that an example takes, neither by the time of one run
(deadline) nor by that of drawing (too_slow): both are the machine's.
"""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

settings.register_profile("graphgate", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("graphgate")


@pytest.fixture
def restored_alarm() -> Iterator[None]:
    """Give the alarm back as it was: pytest-timeout uses the same as AdmissionReviewHandler."""
    previous, left = signal.getsignal(signal.SIGALRM), signal.setitimer(signal.ITIMER_REAL, 0.0)
    yield
    signal.signal(signal.SIGALRM, previous)
    signal.setitimer(signal.ITIMER_REAL, *left)


@pytest.fixture(scope="session")
def helm() -> Path:
    """Helm; without it the test is skipped, and in CI it fails."""
    from tools.generators.manifests import find_helm

    return require_tool(find_helm(os.environ), "helm is missing: make control-plane builds it")


def require_tool(tool: Path | None, sentence: str) -> Path:
    """Return a tool; without it skip the test with a sentence, and fail in CI."""
    if tool is not None:
        return tool
    if os.environ.get("CI") == "true":
        pytest.fail(sentence, pytrace=False)
    pytest.skip(sentence)
