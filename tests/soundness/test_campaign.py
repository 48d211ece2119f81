"""A run tells where graphgate and a server disagree, whoever the server is."""

from tests.documents_of import minimal, with_graph, with_pod, with_predictor
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


def refuses_other_priorities(asked):
    """A server that never lets the priority of a pod change."""
    if asked.kind == "Deployment" and asked.old is not None:
        was, now = (one["spec"]["template"]["spec"] for one in (asked.old, asked.object))
        if was.get("priority") != now.get("priority"):
            cause = Cause("spec.template.spec.priority", "field is immutable")
            return ApiRejection("Deployment", "update", 422, "no", (cause,))
    return None


def test_an_update_that_is_admitted_and_refused_is_a_disagreement_with_both_documents():
    old, new = (with_pod(priority=n, nodeSelector={"a": "b"}) for n in (1, 2))
    figures = run([Case("test", new, SETUPS[1], old)], refuses_other_priorities)
    assert (figures.updates, figures.updated_objects, figures.admitted) == (1, 2, 1)
    (one,) = disagreements(figures, refuses_other_priorities)
    assert one.old is not None
    assert one.shape == "update Deployment: spec.template.spec.priority: field is immutable"
    pods = [
        document["spec"]["predictors"][0]["componentSpecs"][0]["spec"]
        for document in (one.old, one.document)
    ]
    assert all(set(pod) <= {"containers", "priority"} for pod in pods)
    assert describe_disagreement(one).count("kind: SeldonDeployment") == 2


def test_what_its_controller_makes_anew_is_said_and_then_no_disagreement():
    """Seldon's operator deletes a Deployment whose selector changes, and warns nobody."""

    def refuses_other_selectors(asked):
        if asked.is_made_anew:
            return ApiRejection(asked.kind, "update", 422, "field is immutable", ())
        return None

    seldon = SETUPS[3]
    old = minimal()
    new = with_predictor(annotations={"seldon.io/svc-name": "own"})
    figures = run([Case("test", new, seldon, old)], refuses_other_selectors)
    assert (figures.updates, figures.unsound) == (1, {})
    evaluation = evaluate_document(new, seldon, old)
    assert evaluation.warnings & {"service-name-changed"}
    assert any(one.is_made_anew for one in evaluation.objects)


def test_what_was_denied_before_an_update_counts_as_a_new_document():
    figures = run([Case("test", minimal(), SETUPS[1], with_graph(type="MODLE"))], takes)
    assert (figures.documents, figures.updates) == (1, 0)


def test_shrinking_leaves_what_the_fault_needs():
    document = {"a": [1, 2, {"b": 3}], "c": {"d": 4, "e": 5}}
    small = shrink(document, lambda d: d.get("c", {}).get("d") == 4)
    assert small == {"c": {"d": 4}}
    assert document["a"] == [1, 2, {"b": 3}]
