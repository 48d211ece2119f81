"""Derived names: Seldon's, letter for letter."""

import pytest

from tests.documents_of import minimal, with_predictor
from tests.rendering.cases import CASES, load_case
from webhook.graph.parse import parse
from webhook.graph.path import Path
from webhook.rendering import names
from webhook.rendering.options import RenderOptions

FILLER = "12345678912345678901234567890123456789012345678901234567890"


@pytest.mark.parametrize(
    ("arguments", "as_prefix", "name"),
    [
        (("s", "p", 0, "m"), False, "s-p-0-m"),
        (("s", "p", 2, "a-b"), True, "s-p-2-a-b"),
        (("s", f"C{FILLER}", 0, "m"), False, "seldon-10eb0f02cdc303e74043e57c1d8147ab"),
        (("s", f"C{FILLER}", 0, "m"), True, "s-10eb0f02cdc303e74043e57c1d8147ab"),
        ((FILLER, "p", 0, "mm"), False, "seldon-b6b6bd4b7446de16093f4adaf1b0cd5a"),
        ((FILLER, "p", 0, "mm"), True, "seldon-b6b6bd4b7446de16093f4adaf1b0cd5a"),
    ],
)
def test_component_name(arguments: tuple[str, str, int, str], as_prefix: bool, name: str) -> None:
    """The third and fourth are vectors of Seldon's own tests; a prefix too long is not used."""
    assert names.build_component_name(*arguments, as_prefix=as_prefix) == name


def test_names_of_63_characters_are_kept_and_of_64_are_hashed() -> None:
    assert names.shorten("a" * 63) == "a" * 63
    assert names.shorten("a" * 64) == "seldon-014842d480b571495a4a0363793f7367"


def test_length_is_counted_in_bytes() -> None:
    assert names.shorten("ä" * 32).startswith("seldon-")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        (names.deployment_id_label("iris"), "iris"),
        (names.build_predictor_service_name("iris", "main"), "iris-main"),
        (names.build_container_service_name("iris", "main", "clf"), "iris-main-clf"),
        (names.build_explainer_name("iris", "main"), "iris-main-explainer"),
        (names.build_orchestrator_name("iris", "main"), "iris-main-svc-orch"),
        (names.initializer_name("clf"), "clf-model-initializer"),
        (names.model_volume_name("clf"), "clf-provision-location"),
        (names.claim_volume_name("clf"), "clf-pvc-source"),
        (names.initializer_name("c" * 45), "c" * 45 + "-model-initializer"),
        (names.initializer_name("c" * 48), "c" * 48 + "-model-initiali"),
        (names.initializer_name("c" * 49), "seldon-c3df666de70384b0f8888e6263948cf6"),
        (names.model_volume_name("c" * 48), "c" * 48 + "-provision-loca"),
    ],
)
def test_other_names(name: str, expected: str) -> None:
    """Names inside a pod are cut, but hashed where a cut would eat all that tells them apart."""
    assert name == expected


def test_generated_names_collide_where_the_parts_do() -> None:
    """Predictor "a" with node "b-c" and predictor "a-b" with node "c" want one Service."""

    def change(document: dict[str, object]) -> None:
        document["spec"] = {
            "predictors": [
                {
                    "name": predictor,
                    "componentSpecs": [{"spec": {"containers": [{"name": node, "image": "i"}]}}],
                    "graph": {"name": node},
                }
                for predictor, node in (("a", "b-c"), ("a-b", "c"))
            ]
        }

    found = [
        (generated.name, str(generated.source_path))
        for generated in names.generated_names(parse(minimal(change)))
        if generated.name == "iris-a-b-c"
    ]
    assert found == [
        ("iris-a-b-c", "spec.predictors[0].componentSpecs[0].spec.containers[0].name"),
        ("iris-a-b-c", "spec.predictors[1].componentSpecs[0].spec.containers[0].name"),
    ]


def test_generated_names_follow_the_options() -> None:
    view = parse(with_predictor(name="p" * 60))
    assert [
        generated.name
        for generated in names.generated_names(view, RenderOptions(deployment_name_as_prefix=True))
        if generated.kind == "Deployment"
    ] == ["iris-" + names.shorten(f"iris-{'p' * 60}-0-classifier").removeprefix("seldon-")]


def test_the_service_name_of_the_annotation_is_used_as_written() -> None:
    view = parse(with_predictor(annotations={"seldon.io/svc-name": "Front_Door"}))
    assert list(names.generated_names(view))[-1] == names.GeneratedName(
        "Service",
        "Front_Door",
        Path(("spec", "predictors", 0, "annotations", "seldon.io/svc-name")),
    )


@pytest.mark.parametrize(("length", "kept"), [(30, True), (31, False)])
def test_a_prefix_is_used_where_it_fits_beside_the_hash(length: int, kept: bool) -> None:
    prefix = "p" * length
    name = names.shorten("a" * 64, prefix)
    assert name.startswith(f"{prefix if kept else 'seldon'}-")
    assert len(name) <= 63


def test_a_text_that_is_no_unicode_is_shortened_too() -> None:
    """JSON may hold half a surrogate pair; two such names stay apart."""
    hashed = names.shorten("\ud800" * 40)
    assert (len(hashed), hashed[:7]) == (len("seldon-") + 32, "seldon-")
    assert names.shorten("\ud801" * 40) != hashed
    assert names.shorten("\ud800") == "\ud800"


@pytest.mark.parametrize("case", CASES)
def test_every_rendered_object_has_its_generated_name(case: str) -> None:
    loaded = load_case(case)
    view = parse(loaded.document)
    rendered = [(each.kind, each.name) for each in loaded.rendered()]
    generated = [(each.kind, each.name) for each in names.generated_names(view, loaded.options)]
    assert generated == rendered
