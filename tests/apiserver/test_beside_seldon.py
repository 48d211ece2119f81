"""Seldon Core's operator and a reconciler without an id never work on the same objects.

What of Seldon's operator counts here is its Lease, which is looked for in the whole cluster: tests
with a reconciler that is to go on have another control plane.
"""

import time

import pytest

from tests.apiserver.reconciling import Reconciler

LEASE = "a33bd623.machinelearning.seldon.io"


@pytest.fixture
def install_seldon(control_plane, namespace):
    """Have Seldon's operator run, to whoever asks for its Lease; it ends with the test."""
    path = f"/apis/coordination.k8s.io/v1/namespaces/{namespace}/leases"

    def install():
        spec = {
            "holderIdentity": "seldon-controller-manager-0",
            "leaseDurationSeconds": 15,
            "renewTime": time.strftime("%Y-%m-%dT%H:%M:%S.000000Z", time.gmtime()),
        }
        lease = {"metadata": {"name": LEASE}, "spec": spec}
        assert control_plane.request("POST", path, lease).status == 201

    yield install
    control_plane.request("DELETE", f"{path}/{LEASE}")


def conditions_of(namespace):
    return f"graphgate: Seldon Core's operator is running (it holds the Lease {namespace}/{LEASE})"


def test_it_does_not_start_beside_seldon_s_operator_without_an_id(
    control_plane, namespace, install_seldon, tmp_path
):
    install_seldon()
    rejected = Reconciler(control_plane, tmp_path / "log", "--no-leader-elect")
    assert rejected.end() == 2
    assert rejected.log.read_text().startswith(conditions_of(namespace))


def test_it_ends_when_seldon_s_operator_appears_unless_it_has_an_id(
    control_plane, namespace, install_seldon, tmp_path
):
    flags = ("--leader-elect-lease-duration", "5")
    without = Reconciler(control_plane, tmp_path / "a", "--no-leader-elect").wait("started")
    with_id = Reconciler(control_plane, tmp_path / "b", "--controller-id", "graphgate", *flags)
    with_id.wait("started")
    install_seldon()
    assert without.end() == 2
    assert without.log.read_text().splitlines()[-1].startswith(conditions_of(namespace))
    assert "Traceback" not in without.log.read_text()
    assert with_id.stop() == 0
