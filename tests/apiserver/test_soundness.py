"""What graphgate admits, the real API server takes; what it refuses beyond that has its reason.

A slice of what `make soundness` does at length: every document of the project, and some hundred of
one seed that are made from the published schema. It has a control plane of its own, without
graphgate's webhooks.
"""

import pytest

from tests.documents_of import minimal, with_pod, with_predictor
from tests.soundness import campaign
from tests.soundness.judging import ROUTED, SETUPS, evaluate_document
from tests.soundness.reasons import REASONS
from tests.soundness.server import Server, install
from tools.control_plane.run import ControlPlane
from tools.soundness.generator import Generator
from tools.soundness.published import Published

"""1,250 documents in two fixtures: a minute where nothing else runs, and many where much does."""

MADE = 400
SEED = 2026


@pytest.fixture(scope="module")
def server(binaries, foreign_crds):
    with ControlPlane.start(binaries, controllers=False) as plane:
        install(plane, foreign_crds)
        server = Server(plane)
        yield server
        server.close()


@pytest.fixture(scope="module")
def written(server):
    """What both say of the project's own documents."""
    return campaign.run(campaign.written_cases(SETUPS[:1]), server.find_rejection)


@pytest.fixture(scope="module")
def published(server):
    """The schema that the API server publishes."""
    return Published.fetch(server.plane)


@pytest.fixture(scope="module")
def made(server, published):
    """What both say of documents from the published schema."""
    return campaign.run(Generator(published).cases(MADE, SEED), server.find_rejection)


def test_the_published_schema_has_the_fields_of_pods_autoscalers_and_the_definition(published):
    component = "spec.predictors[].componentSpecs[]"
    expected = {
        f"{component}.spec.volumes[].azureDisk.kind": "string",
        f"{component}.spec.containers[].resources.limits": "map",
        f"{component}.spec.initContainers[].livenessProbe.httpGet.port": "int-or-string",
        f"{component}.hpaSpec.metricsv2[].pods.target.averageValue": "quantity",
        f"{component}.pdbSpec.minAvailable": "int-or-string",
        "spec.predictors[].explainer.containerSpec.env": "array",
        "spec.predictors[].graph.modelUri": "string",
        "spec.predictors[].traffic": "integer",
        "metadata.generateName": "string",
    }
    found = {path: published.fields[path].type for path in expected}
    assert found == expected
    assert len(published.leaves) > 1500


def told(figures, server):
    return "\n".join(
        map(campaign.describe_disagreement, campaign.disagreements(figures, server.find_rejection))
    )


def test_every_document_of_the_project_that_is_admitted_is_taken(written, server):
    assert told(written, server) == ""


def test_every_made_document_that_is_admitted_is_taken(made, server):
    assert told(made, server) == ""


HEADLESS = minimal(lambda d: d["spec"].update(annotations={"seldon.io/headless-svc": "true"}))
HOST_PATH = {"name": "data", "hostPath": {"path": "/data"}}


def refused_updates(server, old, new, setup):
    objects = evaluate_document(new, setup, old).objects
    updated = [asked for asked in objects if asked.old is not None]
    assert updated
    return [asked.kind for asked in updated if server.find_rejection(asked) is not None]


def test_an_update_that_the_api_server_refuses_is_seen_and_leaves_nothing(server):
    reconciler, _, _, seldon = SETUPS
    assert refused_updates(server, minimal(), HEADLESS, reconciler) == ["Service"]
    # Seldon's operator keeps the address, and selects by the Service's name.
    assert refused_updates(server, minimal(), HEADLESS, seldon) == []
    named = with_predictor(annotations={"seldon.io/svc-name": "own"})
    assert refused_updates(server, minimal(), named, seldon) == ["Deployment"]
    assert refused_updates(server, minimal(), named, reconciler) == []
    for path in ("api/v1/services", "apis/apps/v1/deployments"):
        items = server.plane.request("GET", f"/{path}").body["items"]
        assert {item["metadata"]["name"] for item in items} <= {"kubernetes"}


def test_a_volume_without_a_source_can_get_one(server):
    for setup in SETUPS:
        old, new = (with_pod(volumes=[volume]) for volume in ({"name": "data"}, HOST_PATH))
        assert refused_updates(server, old, new, setup) == []


def test_the_slice_has_documents_of_every_kind(written, made):
    assert made.updates > 10
    for figures in (written, made):
        assert figures.admitted > 50
        assert figures.refused_by_both > 50
        assert figures.stricter_documents > 10


ONLY_OF_SELDON = {
    "essential-field-newer-than-operator",
    "unmounted-certificate",
    "unreachable-explainer",
}
"""Rules with a reason that speak of objects of Seldon's operator alone."""


ONLY_WITH_ROUTES = {"unapproved-gateway", "unapproved-host"}
"""And of what only settings that make routes allow or not."""


def test_every_rule_that_refuses_what_is_taken_has_its_reason_and_no_other_has_one(written, server):
    root = with_pod(securityContext={"runAsNonRoot": True, "runAsUser": 0})
    cases = [campaign.Case("root", root, SETUPS[0])]
    cases += [
        case
        for setup, rules in ((SETUPS[3], ONLY_OF_SELDON), (ROUTED[0], ONLY_WITH_ROUTES))
        for case in campaign.written_cases([setup])
        if case.name.partition("/")[0] in rules
    ]
    others = campaign.run(cases, server.find_rejection)
    assert sorted(written.alone | others.alone) == sorted(REASONS)


def test_no_further_rule_refuses_what_is_taken(made):
    assert set(made.alone) <= set(REASONS)


def test_a_plain_create_takes_whatever_a_server_side_apply_takes(server):
    """So only what an apply refuses is asked a second time."""
    twice = Server(server.plane)
    try:
        objects = [
            asked
            for case in campaign.cases(60, SEED + 1)
            for asked in evaluate_document(case.document, case.setup).objects
        ]
        differ = [
            asked.object
            for asked in objects
            if server.find_rejection(asked) is None
            and twice.find_rejection(asked, both=True) is not None
        ]
        assert differ == []
    finally:
        twice.close()
