"""The published schema is read as the API server writes it, and documents are made from it."""

from copy import deepcopy
from itertools import islice
from random import Random

import pytest

from tests.documents_of import minimal, with_predictor
from tests.soundness.judging import SETUPS, evaluate_document
from tests.soundness.published_types import POD, published_types
from tools.soundness import places
from tools.soundness.generator import SHARES, Generator
from tools.soundness.injecting import Injector, mend_references
from tools.soundness.kinds import KINDS
from tools.soundness.shapes import shape
from tools.soundness.splicing import PARTS
from tools.soundness.unmentioned import unmentioned_fields
from tools.soundness.updates import UPDATES
from tools.soundness.values import Values

PUBLISHED = published_types()
VALUES = Values(PUBLISHED)
INJECTOR = Injector(PUBLISHED, VALUES)


def field(path):
    return PUBLISHED.fields[f"{POD}.{path}"]


def put(path, value, document=None, seed=1):
    document = deepcopy(document or minimal())
    INJECTOR.put(document, field(path), value, Random(seed))
    return document


def pod_of(document):
    return document["spec"]["predictors"][0]["componentSpecs"][0]["spec"]


@pytest.mark.parametrize(
    ("path", "type_", "of"),
    [
        ("hostNetwork", "boolean", ""),
        ("nodeSelector", "map", ""),
        ("volumes", "array", ""),
        ("volumes[]", "object", "Volume"),
        ("volumes[].emptyDir.sizeLimit", "quantity", "Quantity"),
        ("containers[].livenessProbe.tcpSocket.port", "int-or-string", "IntOrString"),
        ("containers[].livenessProbe.exec.command[]", "string", ""),
    ],
)
def test_a_field_has_the_type_that_is_published(path, type_, of):
    assert (field(path).type, field(path).of) == (type_, of)


def test_words_required_fields_and_keys_are_those_that_are_published():
    assert field("containers[].imagePullPolicy").words == ("Always", "Never")
    assert field("volumes[].azureDisk").required == ("diskName", "diskURI")
    assert field("containers[].volumeMounts").keys == ("mountPath",)


def test_a_type_that_holds_itself_ends():
    assert f"{POD}.within" not in PUBLISHED.fields


def test_a_value_is_written_with_what_it_needs_around_it():
    volumes = pod_of(put("volumes[].azureDisk.kind", "managed"))["volumes"]
    assert volumes == [
        {
            "name": "extra",
            "azureDisk": {
                "diskName": "d",
                "diskURI": "https://disks.example/d",
                "kind": "managed",
            },
        }
    ]


def test_a_document_without_a_pod_gets_one_for_its_node():
    server = with_predictor(
        graph={"name": "iris", "implementation": "SKLEARN_SERVER", "modelUri": "gs://a/b"}
    )
    del server["spec"]["predictors"][0]["componentSpecs"]
    pod = pod_of(put("hostNetwork", True, server))
    assert pod == {"containers": [{"name": "iris"}], "hostNetwork": True}


def test_another_member_of_a_union_takes_the_place_of_the_first():
    path = "containers[].livenessProbe"
    first = put(f"{path}.exec.command", ["a"])
    second = put(f"{path}.tcpSocket.port", 1, first)
    (container,) = pod_of(second)["containers"]
    assert container["livenessProbe"] == {"tcpSocket": {"port": 1}}


def test_what_made_up_parts_refer_to_is_added():
    document = put("containers[].volumeMounts[].mountPath", "/a")
    mend_references(document)
    assert pod_of(document)["volumes"] == [{"name": "extra", "emptyDir": {}}]


def test_right_values_are_of_the_type_and_borders_are_not_all_right():
    random = Random(1)
    policy = field("containers[].imagePullPolicy")
    assert {VALUES.right(policy, random) for _ in range(40)} == {"Always", "Never"}
    assert "" in {VALUES.border(policy, random) for _ in range(200)}
    lists = [VALUES.border(field("volumes"), random) for _ in range(200)]
    assert [] in lists
    assert any(len(each) == 2 and each[0] == each[1] for each in lists)
    assert max(map(len, lists)) > 100


def test_one_seed_gives_the_same_documents_and_another_one_others():
    def made(seed):
        return [(c.name, c.document) for c in islice(Generator(PUBLISHED).cases(40, seed), 40)]

    assert made(1) == made(1)
    assert made(1) != made(2)


def test_every_field_has_its_turn():
    drawn = [case.name.split()[1:] for case in Generator(PUBLISHED).cases(200, 1)]
    fields = {words[1] for words in drawn if words[0] == "field"}
    assert fields == {each.path for each in PUBLISHED.leaves}
    kinds = {words[0] for words in drawn}
    assert kinds == set(SHARES)


def test_some_documents_go_where_a_level_is_enforced():
    namespaces = {case.setup.namespace for case in Generator(PUBLISHED).cases(120, 1)}
    assert namespaces == {"soundness", "soundness-baseline", "soundness-restricted"}


@pytest.mark.parametrize("name", KINDS)
def test_every_kind_changes_a_document(name):
    for seed in range(20):
        document = minimal()
        if KINDS[name](document, Random(seed)) and document != minimal():
            return
    pytest.fail(f"{name} changes nothing")


@pytest.mark.parametrize("name", UPDATES)
def test_every_update_changes_a_document(name):
    for seed in range(20):
        document = minimal()
        if UPDATES[name](document, Random(seed)) and document != minimal():
            return
    pytest.fail(f"{name} changes nothing")


@pytest.mark.parametrize("name", PARTS)
def test_every_part_of_another_document_is_put_into_one(name):
    for seed in range(300):
        random = Random(seed)
        document, other = shape(random), shape(random)
        before = deepcopy(document)
        if PARTS[name](document, other, random) and document != before:
            return
    pytest.fail(f"{name} changes nothing")


def test_shapes_are_of_all_types_and_some_are_admitted():
    shapes = [shape(Random(seed)) for seed in range(100)]
    nodes = [node for each in shapes for node in places.nodes(each)]
    assert {"ROUTER", "COMBINER", "MODEL"} <= {node.get("type") for node in nodes}
    servers = {"SKLEARN_SERVER", "TENSORFLOW_SERVER", "TRITON_SERVER", "RANDOM_ABTEST"}
    assert servers <= {node.get("implementation") for node in nodes}
    assert {1, 2, 3} == {len(places.predictors(each)) for each in shapes}
    admitted = [each for each in shapes if not evaluate_document(each, SETUPS[0]).denials]
    assert len(admitted) > 25


def test_an_update_starts_from_another_document_of_the_same_name():
    cases = [case for case in Generator(PUBLISHED).cases(200, 1) if case.old is not None]
    assert len(cases) > 10
    for case in cases:
        assert case.old is not None
        assert case.old["metadata"]["name"] == case.document["metadata"]["name"]
    assert sum(c.old != c.document for c in cases) > len(cases) / 2


def test_a_field_that_nobody_mentions_is_listed():
    found = {each.path.removeprefix(f"{POD}.") for each in unmentioned_fields(PUBLISHED)}
    assert "volumes[].emptyDir.neverHeardOf" in found
    assert not found & {"volumes[].azureDisk.kind", "containers[].imagePullPolicy"}
