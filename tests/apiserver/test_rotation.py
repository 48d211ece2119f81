"""Certificates and CAs are replaced under load, and the API server loses no call."""

import json
import signal
import ssl
import sys
import uuid
from base64 import b64decode
from functools import partial

import pytest

from tests.apiserver.installed import KINDS, eventually
from tests.apiserver.release import Load, Release
from webhook.certificates.parse import fingerprint, load_certificates
from webhook.certificates.rotation.plan import BACKDATE

# Seconds of the pods' clock, which the test moves on.
STEP = 60
HASTE = {"authority": 12 * STEP, "server": 6 * STEP, "overlap": 4 * STEP}
ROTATIONS = 2


@pytest.fixture
def release(control_plane, tmp_path):
    with Release(control_plane, tmp_path, f"graphgate-{uuid.uuid4().hex[:6]}") as prepared:
        yield prepared


class Clock:
    """How much later it is for the pods: a file that they read."""

    def __init__(self, file):
        self.file = file
        self._seconds = 0
        file.write_text("0")

    def move_on(self):
        """Go a step into the future."""
        self._seconds += STEP
        # Or a real API server would find the certificates not valid yet.
        assert self._seconds < BACKDATE.total_seconds()
        unfinished = self.file.with_suffix(".new")
        unfinished.write_text(str(self._seconds))
        unfinished.rename(self.file)


def start(release, clock, number):
    given = {
        **HASTE,
        "kubeconfig": str(release.kubeconfig()),
        "name": release.name,
        "number": number,
        "clock": str(clock.file),
    }
    program = (sys.executable, "-m", "tests.apiserver.hasty_pod", json.dumps(given))
    return release.start_pod(command=program).wait_until_ready()


def trusted(release, kind):
    """Return the fingerprints of the CAs in a caBundle."""
    return {fingerprint(one) for one in load_certificates(release.bundle(kind), "the caBundle")}


def served(pod):
    """Return the certificate that a pod serves."""
    pem = ssl.get_server_certificate(("127.0.0.1", pod.backend.port))
    return load_certificates(pem.encode(), "what is served")[0]


def stored(release):
    """Return the certificate that the pods are to serve."""
    data = release.get("secret", f"{release.name}-certificate")["data"]
    return load_certificates(b64decode(data["tls.crt"]), "the Secret")[0]


def serves_what_is_stored(pod, release):
    return served(pod) == stored(release)


def test_cas_are_replaced_under_load_without_a_lost_call(release, tmp_path):
    release.install()
    clock = Clock(tmp_path / "clock")
    first, second = start(release, clock, 0), start(release, clock, 1)
    release.wait_until_called()
    bundles, running = [], [first, second]
    with Load(release.create).running() as load:
        # Until the first CA and its successor are forgotten, and the leader has been replaced.
        seen = dict.fromkeys(trusted(release, KINDS[0]))
        while True:
            now = trusted(release, KINDS[1])
            seen |= dict.fromkeys(now)
            if now not in bundles:
                bundles.append(now)
            if len(seen) == 2 and first in running:
                running.remove(first)
                assert first.stop(signal.SIGTERM) == 0
                release.proxy.pods.remove(first.backend)
            if len(seen) > ROTATIONS and not now & {*list(seen)[:ROTATIONS]}:
                break
            # Four steps are an overlap: API servers follow within one, replicas as well.
            clock.move_on()
            load.go_on(50)
            for pod in running:
                eventually(partial(serves_what_is_stored, pod, release), "it is served")
    assert load.failed_calls == []
    # Old and new stood together each time.
    assert any(len(bundle) == 2 for bundle in bundles)
    assert all(0 < len(bundle) <= 2 for bundle in bundles)
    leaves = {line["ca"] for line in steps(first) + steps(second, "issue-server-cert")}
    assert len(leaves) > ROTATIONS
    eventually(lambda: "this replica renews it" in second.ready()[1], "the other one leads")


def steps(pod, step="issue-server-cert"):
    return [line for line in pod.events("certificate_rotation_step") if line.get("step") == step]
