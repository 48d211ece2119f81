"""Certificates and CAs are replaced under load, and the API server loses no call."""

import json
import signal
import sys
import time
import uuid

import pytest

from tests.apiserver.installed import KINDS, eventually
from tests.apiserver.release import Load, Release
from webhook.certificates.parse import fingerprint, load_certificates

# Seconds. A replica learns of a change within pause and reload_every, an API server in less.
HASTE = {"authority": 9.0, "server": 3.0, "overlap": 2.0, "pause": 0.3}
ROTATIONS = 2


@pytest.fixture
def release(control_plane, tmp_path):
    with Release(control_plane, tmp_path, f"graphgate-{uuid.uuid4().hex[:6]}") as prepared:
        yield prepared


def start(release, number):
    given = {
        **HASTE,
        "kubeconfig": str(release.kubeconfig()),
        "name": release.name,
        "number": number,
    }
    program = (sys.executable, "-m", "tests.apiserver.hasty_pod", json.dumps(given))
    return release.start_pod(command=program).wait_until_ready()


def trusted(release, kind):
    """Return the fingerprints of the CAs in a caBundle."""
    return {fingerprint(one) for one in load_certificates(release.bundle(kind), "the caBundle")}


def test_cas_are_replaced_under_load_without_a_lost_call(release):
    release.install()
    first, second = start(release, 0), start(release, 1)
    release.wait_until_called()
    bundles = []
    with Load(release.create).running() as load:
        # Until the first CA and its successor are forgotten, and the leader has been replaced.
        seen = dict.fromkeys(trusted(release, KINDS[0]))
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            now = trusted(release, KINDS[1])
            seen |= dict.fromkeys(now)
            if now not in bundles:
                bundles.append(now)
            if len(seen) == 2 and first.process.poll() is None:
                assert first.stop(signal.SIGTERM) == 0
                release.proxy.pods.remove(first.backend)
            if len(seen) > ROTATIONS and not now & {*list(seen)[:ROTATIONS]}:
                break
            time.sleep(0.1)
    assert load.failed_calls == []
    assert len(load.answers) > 300
    # Old and new stood together each time.
    assert len(seen) > ROTATIONS
    assert any(len(bundle) == 2 for bundle in bundles)
    assert all(0 < len(bundle) <= 2 for bundle in bundles)
    leaves = {line["ca"] for line in steps(first) + steps(second, "issue-server-cert")}
    assert len(leaves) > ROTATIONS
    eventually(lambda: "this replica renews it" in second.ready()[1], "the other one leads")


def steps(pod, step="issue-server-cert"):
    return [line for line in pod.events("certificate_rotation_step") if line.get("step") == step]
