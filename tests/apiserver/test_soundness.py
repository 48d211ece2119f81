"""What graphgate admits, the real API server takes; what it refuses beyond that has its reason.

A slice of what `make soundness` does at length: every document of the project, and some hundred
mutants of one seed. It has a control plane of its own, without graphgate's webhooks.
"""

import pytest

from tests.documents_of import with_pod
from tests.soundness import campaign
from tests.soundness.judging import SETUPS, evaluate_document
from tests.soundness.reasons import REASONS
from tests.soundness.server import Server, install
from tools.control_plane.run import ControlPlane

MUTANTS = 300
SEED = 2026


@pytest.fixture(scope="module")
def server(binaries):
    with ControlPlane.start(binaries, controllers=False) as plane:
        install(plane)
        server = Server(plane)
        yield server
        server.close()


@pytest.fixture(scope="module")
def written(server):
    """What both say of the project's own documents."""
    return campaign.run(campaign.written_cases(SETUPS[:1]), server.find_rejection)


@pytest.fixture(scope="module")
def mutants(server):
    """What both say of mutants of them."""
    return campaign.run(campaign.cases(MUTANTS, SEED), server.find_rejection)


def told(figures, server):
    return "\n".join(
        map(campaign.describe_disagreement, campaign.disagreements(figures, server.find_rejection))
    )


def test_every_document_of_the_project_that_is_admitted_is_taken(written, server):
    assert told(written, server) == ""


def test_every_mutant_that_is_admitted_is_taken(mutants, server):
    assert told(mutants, server) == ""


def test_the_slice_has_documents_of_every_kind(written, mutants):
    for figures in (written, mutants):
        assert figures.admitted > 50
        assert figures.refused_by_both > 50
        assert figures.stricter_documents > 10


def test_every_rule_that_refuses_what_is_taken_has_its_reason_and_no_other_has_one(written, server):
    root = with_pod(securityContext={"runAsNonRoot": True, "runAsUser": 0})
    pods = campaign.run([campaign.Case("root", root, SETUPS[0])], server.find_rejection)
    assert sorted(written.alone | pods.alone) == sorted(REASONS)


def test_mutants_find_no_further_rule_that_refuses_what_is_taken(mutants):
    assert set(mutants.alone) <= set(REASONS)


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
