"""`kubectl scale` before a real API server: it asks about the Scale, and is told why not."""

import json

import pytest

from tests.apiserver.installed import Installed, eventually
from tests.documents_of import minimal
from tests.seeds import ROOT

POLICY = ROOT / "policies" / "library" / "replicas-bounded" / "policy.yaml"
SDEP = "seldondeployments.machinelearning.seldon.io"


@pytest.fixture(scope="module")
def control_plane(own_control_plane):
    return own_control_plane


@pytest.fixture(scope="module")
def installed(control_plane, tmp_path_factory):
    """graphgate with the library's bound on replicas."""
    graphgate = Installed(control_plane, tmp_path_factory.mktemp("graphgate"))
    graphgate.stop()
    graphgate.start(f"--policies={POLICY}")
    yield graphgate
    graphgate.stop()


@pytest.fixture
def scale(installed, namespace):
    """Run `kubectl scale` on an object of two replicas; return what it says, and the number."""

    def run(*arguments):
        plane = installed.plane
        done = plane.kubectl("-n", namespace, "scale", SDEP, "iris", *arguments, check=False)
        stored = plane.kubectl(
            "-n", namespace, "get", SDEP, "iris", "-o", "jsonpath={.spec.replicas}"
        )
        return done, stored.stdout

    document = minimal(lambda made: made["spec"].update(replicas=2))
    document["metadata"]["namespace"] = namespace
    installed.plane.kubectl("apply", "-f", "-", input=json.dumps(document))
    return run


def test_too_many_replicas_are_denied_with_the_place(scale):
    done, stored = scale("--replicas=500")
    assert "spec.replicas" in done.stderr
    assert "the deployment has more than 20 replicas" in done.stderr
    assert (done.returncode, stored) == (1, "2")


def test_a_number_within_the_bound_is_stored(scale):
    done, stored = scale("--replicas=3")
    assert (done.returncode, stored) == (0, "3")


def test_the_api_servers_own_evaluation_says_the_same(installed, scale):
    plane = installed.plane
    plane.kubectl("apply", "-f", str(POLICY))
    try:
        installed.configure(
            matchConditions=[{"name": "nobody", "expression": "request.userInfo.username == ''"}]
        )

        def denied():
            done, _ = scale("--replicas=500", "--dry-run=server")
            return "ValidatingAdmissionPolicy 'replicas-bounded'" in done.stderr or done.stderr

        eventually(denied, "the API server evaluates the policy")
    finally:
        plane.kubectl("delete", "-f", str(POLICY))
