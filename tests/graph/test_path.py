import pytest
from hypothesis import given
from hypothesis import strategies as st

from webhook.graph.path import ROOT, Path, nearest_existing_path, resolve_path

DOCUMENT = {"a": [{"b/c": 1}, {"~": None}], "": {"x-y": 2}}


@pytest.mark.parametrize(
    ("path", "text", "pointer"),
    [
        (ROOT, "(document)", ""),
        (Path(("spec",)), "spec", "/spec"),
        (
            Path(("spec", "predictors", 0, "graph", "children", 1, "name")),
            "spec.predictors[0].graph.children[1].name",
            "/spec/predictors/0/graph/children/1/name",
        ),
        (
            Path(("metadata", "annotations", "seldon.io/a~b")),
            'metadata.annotations["seldon.io/a~b"]',
            "/metadata/annotations/seldon.io~1a~0b",
        ),
        (Path(("a", "", 'q"\\')), 'a[""]["q\\"\\\\"]', '/a//q"\\'),
    ],
)
def test_a_path_has_a_spelling_for_people_and_one_for_patches(path, text, pointer):
    assert (str(path), path.pointer) == (text, pointer)


KEYS = st.text(max_size=4) | st.sampled_from(["a", "/", "~", "~1", "0"])
DOCUMENTS = st.recursive(
    st.none() | st.integers(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=12,
)


def _children(value):
    if isinstance(value, dict):
        return value.items()
    return enumerate(value) if isinstance(value, list) else ()


@given(DOCUMENTS)
def test_the_pointer_of_every_place_leads_back_to_it(document):
    pending = [(ROOT, document)]
    while pending:
        path, value = pending.pop()
        assert Path.from_pointer(path.pointer, document) == path
        assert resolve_path(document, path) is value
        assert nearest_existing_path(document, path) == path
        pending.extend((path / key, inner) for key, inner in _children(value))


def test_a_dash_in_a_pointer_is_the_place_after_the_last_item():
    assert Path.from_pointer("/a/-", DOCUMENT) == Path(("a", 2))


@pytest.mark.parametrize(
    ("path", "there"),
    [
        (Path(("a", 0, "missing", "x")), Path(("a", 0))),
        (Path(("a", 5)), Path(("a",))),
        (Path(("a", "b")), Path(("a",))),
        (Path(("z", 1)), ROOT),
        (Path(("", "x-y", "more")), Path(("", "x-y"))),
    ],
)
def test_the_nearest_place_of_one_that_is_missing_is_its_last_ancestor(path, there):
    assert nearest_existing_path(DOCUMENT, path) == there


@pytest.mark.parametrize("path", [("a", "0"), ("z",), ("a", 9), ("a", 0, "b/c", "d")])
def test_resolving_a_place_that_is_missing_raises(path):
    with pytest.raises(LookupError):
        resolve_path(DOCUMENT, path)
