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


def test_twenty_restarts_of_two_replicas_lose_no_call(release):
    """As a Deployment with maxSurge 1 and maxUnavailable 0 does it: a new one is ready first."""
    # Facts are followed for the sake of the rules; a restart takes a third less without them.
    release.install("cluster.facts=false")
    # This forwarder takes 20 ms to notice; many times that while other tests are running.
    flags = ("--shutdown-delay", "3")
    serving = [
        release.start_pod(*flags).wait_until_ready(),
        release.start_pod(*flags).wait_until_ready(),
    ]
    release.wait_until_called()
    codes = []
    with Load(release.create).running() as load:
        for _ in itertools.repeat(None, RESTARTS):
            serving.append(release.start_pod(*flags).wait_until_ready())
            release.proxy.wait_until_ready(serving[-1].backend)
            oldest = serving.pop(0)
            codes.append(oldest.stop())
            release.proxy.pods.remove(oldest.backend)
            # No restart was between two calls.
            load.go_on(20)
    assert load.failed_calls == []
    assert codes == [0] * RESTARTS
