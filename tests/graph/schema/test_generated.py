"""Generated files: current, all of them, nothing left over, and what makes them."""

import importlib.util
import pathlib
import re

import jsonschema_rs
import orjson
import pytest
from click.testing import CliRunner

from tests.graph.schema.documents import EVERYTHING
from tools import generate
from tools.generators import ROOT, editor_schema, notice, reference
from webhook.graph.schema import (
    enum_docs,
    enum_values,
    get_validator,
    raw_schema,
    seldon_definitions,
)


@pytest.mark.parametrize("generator", generate.generator_names())
def test_the_files_of_a_generator_are_current(generator: str) -> None:
    assert generate.stale_files(generate.generate_files([generator])) == []


def test_no_generated_file_is_left_over() -> None:
    assert generate.left_over_files(generate.generate_files(generate.generator_names())) == []


def test_check_says_that_all_is_current() -> None:
    result = CliRunner().invoke(generate.main, ["--check", "crd", "kubernetes_types", "reference"])
    assert (result.exit_code, result.output) == (0, "3 generated files are current\n")


def test_a_changed_and_a_missing_file_are_stale(tmp_path: pathlib.Path) -> None:
    (tmp_path / "same.md").write_text("a\n")
    (tmp_path / "changed.md").write_text("b\n")
    texts = {"same.md": "a\n", "changed.md": "a\n", "missing.md": "a\n"}
    assert generate.stale_files(texts, tmp_path) == ["changed.md", "missing.md"]


def test_a_generated_file_that_nobody_makes_is_left_over(tmp_path: pathlib.Path) -> None:
    docs = tmp_path / "docs"
    docs.mkdir()
    (docs / "made.md").write_text(f"<!-- {notice('a source')} -->\n")
    (docs / "orphan.md").write_text(f"<!-- {notice('a source')} -->\n")
    (docs / "written.md").write_text("# By hand\n" + notice("a source"))
    assert generate.left_over_files({"docs/made.md": ""}, tmp_path) == ["docs/orphan.md"]


def test_a_generator_whose_text_does_not_say_so_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reference, "files", lambda: {"docs/x.md": "# X\n"})
    with pytest.raises(RuntimeError, match=r"docs/x.md: its first line does not say"):
        generate.generate_files(["reference"])


def test_two_generators_may_not_claim_one_path(monkeypatch: pytest.MonkeyPatch) -> None:
    text = f"<!-- {notice('a source')} -->\n"
    monkeypatch.setattr(reference, "files", lambda: {"manifests/crd/seldondeployments.yaml": text})
    with pytest.raises(RuntimeError, match="made by two generators, one of them reference"):
        generate.generate_files(["crd", "reference"])


def test_the_extract_has_the_newest_bundle_of_kubernetes() -> None:
    spec = importlib.util.find_spec("kubernetes_validate")
    assert spec is not None
    assert spec.origin is not None
    folders = (pathlib.Path(spec.origin).parent / "kubernetes-json-schema").iterdir()
    minors = [int(found[1]) for f in folders if (found := re.match(r"v1\.(\d+)\.", f.name))]
    extract = orjson.loads((ROOT / "webhook/graph/schema/kubernetes.json").read_bytes())
    assert extract["x-kubernetes-minor"] == max(minors)


def test_the_extract_is_small_enough_to_ship() -> None:
    # 48 KB; all of Kubernetes is 1.8 MB. It is read whenever the command starts.
    assert (ROOT / "webhook/graph/schema/kubernetes.json").stat().st_size < 60_000


def test_the_reference_page_has_a_heading_for_every_field_that_has_an_effect() -> None:
    page = (ROOT / reference.TARGET).read_text()
    headings = re.findall(r"^### (.+)$", page, re.MULTILINE)
    assert headings == [
        f"{name}.{field}"
        for name in reference.definition_paths()
        for field, path in seldon_definitions()[name]["properties"].items()
        if path["description"] != "Has no effect here."
    ]


def test_the_schema_for_editors_finds_what_ours_finds() -> None:
    published = orjson.loads((ROOT / editor_schema.TARGET).read_bytes())
    theirs = jsonschema_rs.Draft202012Validator(published)
    broken = orjson.loads(orjson.dumps(EVERYTHING).replace(b'"name"', b'"nam"'))
    for document in (EVERYTHING, broken):
        found = [
            sorted((str(error.instance_path), error.message) for error in side)
            for side in (
                theirs.iter_errors(document),
                get_validator(bounded=True).iter_errors(document),
            )
        ]
        assert found[0] == found[1]


def test_the_schema_for_editors_offers_the_known_words() -> None:
    published = orjson.loads((ROOT / editor_schema.TARGET).read_bytes())
    node = published["$defs"]["Node"]["properties"]
    assert node["type"]["enum"] == [*enum_values("node-types"), "", None]
    assert node["methods"]["items"]["enum"] == list(enum_values("methods"))
    assert b'"x-' not in (ROOT / editor_schema.TARGET).read_bytes()


def test_every_definition_has_a_chapter() -> None:
    assert set(reference.definition_paths()) == set(seldon_definitions())


def test_every_link_within_the_reference_page_leads_to_one_heading() -> None:
    page = (ROOT / reference.TARGET).read_text()
    anchors = [reference.anchor(text) for text in re.findall(r"^#+ (.+)$", page, re.MULTILINE)]
    assert len(anchors) == len(set(anchors))
    assert set(re.findall(r"\]\(#([^)]+)\)", page)) <= set(anchors)


def test_every_known_word_is_on_the_reference_page() -> None:
    page = (ROOT / reference.TARGET).read_text()
    missing = [
        word
        for table in raw_schema()["x-tables"]
        for word, meaning in enum_docs(table).items()
        if f"* `{word}`: {meaning}\n" not in page
    ]
    assert missing == []
