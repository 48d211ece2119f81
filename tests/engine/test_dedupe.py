"""What gives way to what, where two rules speak of one place."""

from tests.documents_of import minimal
from webhook.engine.evaluate import evaluate
from webhook.graph.cluster_facts import NO_FACTS
from webhook.settings.model import read_settings


def test_a_denial_does_not_give_way_to_a_warning_at_the_same_place():
    document = minimal()
    component = document["spec"]["predictors"][0]["componentSpecs"][0]
    component |= {"replicas": 2**32, "kedaSpec": {"triggers": []}}
    decision = evaluate(document, read_settings(), NO_FACTS)
    assert [finding.rule_id for finding in decision.denials] == ["number-out-of-range"]
    assert "replicas-beside-autoscaler" in {finding.rule_id for finding in decision.warnings}
