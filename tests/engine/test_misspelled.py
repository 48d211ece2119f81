"""A missing field, and an unknown one that is meant by it, are one finding."""

from webhook.engine.misspelled import merge_misspelled
from webhook.graph.finding import Finding
from webhook.graph.path import ROOT

UNKNOWN = Finding(
    ROOT / "nmae",
    "unknown",
    fix=({"op": "move", "from": "/nmae", "path": "/name"},),
    at_key=True,
    rule_id="unknown-field",
)
MISSING = Finding(ROOT / "name", "missing", rule_id="missing-name")
OTHER = Finding(ROOT / "other", "other", rule_id="other")


def test_the_missing_one_says_how_bad_it_is_and_the_unknown_one_where() -> None:
    findings = [("warn", UNKNOWN), ("deny", MISSING), ("deny", OTHER)]
    merged = merge_misspelled(findings)  # type: ignore[arg-type]
    assert [(a, f.rule_id, f.message) for a, f in merged] == [
        ("deny", "missing-name", "unknown"),
        ("deny", "other", "other"),
    ]


def test_a_weaker_finding_only_goes() -> None:
    assert merge_misspelled([("warn", MISSING), ("deny", UNKNOWN)]) == [("deny", UNKNOWN)]


def test_what_is_switched_off_takes_nothing_away() -> None:
    findings = [("warn", UNKNOWN), ("off", MISSING)]
    assert merge_misspelled(findings) == findings  # type: ignore[arg-type]


def test_what_the_misspelled_one_would_supersede_goes_with_it() -> None:
    misplaced = Finding(
        UNKNOWN.path, "misplaced", fix=UNKNOWN.fix, at_key=True, rule_id="misplaced-field"
    )
    findings = [("warn", misplaced), ("warn", UNKNOWN), ("deny", MISSING)]
    merged = merge_misspelled(findings)  # type: ignore[arg-type]
    assert [(a, f.rule_id, f.message) for a, f in merged] == [("deny", "missing-name", "misplaced")]
