"""An Event for a denied object in a real cluster, and none on a dry run."""

import json

import pytest

from tests.apiserver.installed import Installed, eventually
from tests.documents_of import minimal, with_graph
from tools.control_plane.run import ControlPlane


@pytest.fixture(scope="module")
def plane(binaries):
    with ControlPlane.start(binaries) as started:
        yield started


def test_a_denial_is_an_event_but_not_on_a_dry_run(plane, tmp_path):
    installed = Installed(plane, tmp_path)
    try:
        installed.stop()
        installed.start("--denial-events", "--kubeconfig", str(plane.kubeconfig))
        installed.configure(sideEffects="NoneOnDryRun")
        plane.create_namespace("denied")

        def create(document, *flags):
            document["metadata"].pop("namespace", None)
            return plane.kubectl(
                "create", "-n", "denied", *flags, "-f", "-",
                input=json.dumps(document), check=False,
            )  # fmt: skip

        def events():
            found = plane.kubectl("get", "events", "-n", "denied", "-o", "json").stdout
            return [e for e in json.loads(found)["items"] if e["reason"] == "Denied"]

        dry = create(with_graph(name="dry"), "--dry-run=server")
        assert "missing-container" in dry.stderr
        real = create(with_graph(name="real"))
        assert "missing-container" in real.stderr
        assert create(minimal(lambda d: d["metadata"].update(name="good"))).returncode == 0
        eventually(lambda: len(events()) == 1, "one event")
        (event,) = events()
        assert event["involvedObject"]["name"] == "iris"
        assert 'no container named "real"' in event["message"]
        assert event["source"]["component"] == "graphgate"
        # The API server looks at a name after the webhooks: the Event must not store all of it.
        long = create(with_graph(name="long"), "--dry-run=none")
        assert "missing-container" in long.stderr
        document = with_graph(name="other")
        document["metadata"]["name"] = "a" * 900_000
        assert "denied the request" in create(document).stderr
        eventually(lambda: len(events()) == 3, "three events")
        assert max(len(json.dumps(event)) for event in events()) < 4096
    finally:
        installed.stop()
