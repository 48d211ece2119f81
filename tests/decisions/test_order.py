"""What gives way to what, where two rules speak of one place."""

from tests.documents_of import minimal
from webhook.decisions.decide import decide
from webhook.decisions.settings import read_settings
from webhook.graph.facts import NOTHING_KNOWN


def test_a_denial_does_not_give_way_to_a_warning_at_the_same_place():
    document = minimal()
    component = document["spec"]["predictors"][0]["componentSpecs"][0]
    component |= {"replicas": 2**32, "kedaSpec": {"triggers": []}}
    decision = decide(document, read_settings(), NOTHING_KNOWN)
    assert [finding.rule for finding in decision.denials] == ["number-out-of-range"]
    assert "replicas-beside-autoscaler" in {finding.rule for finding in decision.warnings}
