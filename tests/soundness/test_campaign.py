"""A run tells where graphgate and a server disagree, whoever the server is."""

from tests.documents_of import minimal, with_graph, with_pod
from tests.soundness.answers import ApiRejection, Cause
from tests.soundness.campaign import Case, describe_disagreement, disagreements, run
from tests.soundness.judging import SETUPS, evaluate_document
from tests.soundness.shrink import shrink


def takes(asked):
    return None


def refuses_host_names(asked):
    """A server that knows no `hostname`."""
    spec = asked.object.get("spec", {})
    if asked.kind == "Pod" and "hostname" in spec:
        cause = Cause("spec.hostname", f'Invalid value: "{spec["hostname"]}": no')
        return ApiRejection("Pod", "create", 422, "no", (cause,))
    return None


def case(document):
    return Case("test", document, SETUPS[1])


def test_what_is_admitted_and_refused_is_a_disagreement_with_the_smallest_document():
    documents = [with_pod(hostname=name, nodeSelector={"a": "b"}) for name in ("x", "y")]
    figures = run(map(case, documents), refuses_host_names)
    (one,) = disagreements(figures, refuses_host_names)
    assert (one.count, one.shape) == (2, 'create Pod: spec.hostname: Invalid value: "…": no')
    assert one.origins == ("spec.predictors[0].componentSpecs[0].spec.hostname",)
    pod = one.document["spec"]["predictors"][0]["componentSpecs"][0]["spec"]
    assert set(pod) == {"containers", "hostname"}
    assert "hostname: " in describe_disagreement(one)


def test_what_is_denied_and_taken_counts_for_the_rule_that_denies_it():
    figures = run([case(with_graph(type="MODLE"))], takes)
    assert (figures.denied, figures.stricter_documents) == (1, 1)
    assert dict(figures.alone) == {"unknown-node-type": 1}


def test_what_is_denied_and_refused_is_agreed():
    def refuses(asked):
        return ApiRejection(asked.kind, "create", 422, "no", ())

    figures = run([case(with_graph(type="MODLE"))], refuses)
    assert (figures.refused_by_both, figures.stricter_documents) == (1, 0)
    assert disagreements(figures, refuses) == []


def test_two_objects_of_one_name_are_a_refusal_that_no_dry_run_gives():
    document = minimal()
    predictors = document["spec"]["predictors"]
    predictors.append({**predictors[0], "traffic": 100})
    figures = run([case(document)], takes)
    assert (figures.denied, figures.refused_by_both) == (1, 1)


def test_a_pod_traces_to_the_template_of_its_deployment():
    objects = evaluate_document(minimal(), SETUPS[1]).objects
    pod = next(asked for asked in objects if asked.kind == "Pod")
    assert str(pod.trace(("spec", "containers", 0, "image"))) == (
        "spec.predictors[0].componentSpecs[0].spec.containers[0].image"
    )


def test_shrinking_leaves_what_the_fault_needs():
    document = {"a": [1, 2, {"b": 3}], "c": {"d": 4, "e": 5}}
    small = shrink(document, lambda d: d.get("c", {}).get("d") == 4)
    assert small == {"c": {"d": 4}}
    assert document["a"] == [1, 2, {"b": 3}]
