"""Pods come and go under load, and the API server loses no call."""

import itertools
import uuid

import pytest

from tests.apiserver.release import Load, Release

RESTARTS = 20


@pytest.fixture
def release(control_plane, tmp_path):
    with Release(control_plane, tmp_path, f"graphgate-{uuid.uuid4().hex[:6]}") as prepared:
        yield prepared


@pytest.mark.timeout(600)
def test_twenty_restarts_of_two_replicas_lose_no_call(release):
    """As a Deployment with maxSurge 1 and maxUnavailable 0 does it: a new one is ready first."""
    # Facts are followed for the sake of the rules; a restart takes a third less without them.
    release.install("cluster.facts=false")
    # This forwarder takes 20 ms to notice; many times that while other tests are running.
    flags = ("--shutdown-delay", "1.5")
    serving = [
        release.start_pod(*flags).wait_until_ready(),
        release.start_pod(*flags).wait_until_ready(),
    ]
    release.wait_until_called()
    codes = []
    with Load(release.create).running() as load:
        for _ in itertools.repeat(None, RESTARTS):
            serving.append(release.start_pod(*flags).wait_until_ready())
            oldest = serving.pop(0)
            codes.append(oldest.stop())
            release.proxy.pods.remove(oldest.backend)
    assert load.failed_calls == []
    # Dozens of calls for each restart: none was between two of them.
    assert len(load.answers) > 20 * RESTARTS
    assert codes == [0] * RESTARTS
