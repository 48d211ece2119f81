"""Each check by its table: which pods pass, which are refused, in which words, at which places."""

import re
from pathlib import Path as File
from pkgutil import iter_modules
from typing import Any

import pytest
import yaml

from webhook.podsecurity import Pod, checks
from webhook.podsecurity.check import Check, Violation
from webhook.podsecurity.checks import CHECKS
from webhook.podsecurity.standard import LATEST

TABLES = File(__file__).parent / "checks"
BY_STEM = {re.sub(r"(?<=[a-z])([A-Z]+)", r"_\1", check.id).lower(): check for check in CHECKS}


def load_cases() -> list[Any]:
    found = []
    for stem, check in BY_STEM.items():
        table = yaml.safe_load((TABLES / f"{stem}.yaml").read_text())
        for case in table["cases"]:
            reason = case.get("reason", table["reason"])
            found.append(pytest.param(check, reason, case, id=f"{stem}-{case['name']}"))
    return found


def run_check(check: Check, case: Any) -> Violation | None:
    spec = {"containers": [{"name": "m"}]} | case.get("spec", {})
    check_pod = check.check_at(case.get("at", LATEST))
    assert check_pod is not None
    return check_pod(Pod(spec, {"annotations": case.get("annotations", {})}))


@pytest.mark.parametrize(("check", "reason", "case"), load_cases())
def test_a_check_says_what_its_table_says(check: Check, reason: str, case: Any) -> None:
    if "absent" in case:
        assert check.check_at(case["at"]) is None
        return
    found = run_check(check, case)
    if "detail" not in case:
        assert found is None
        return
    assert found is not None
    assert (found.check_id, found.reason, found.detail) == (check.id, reason, case["detail"])
    if "places" in case:
        assert [str(path) for path in found.paths] == case["places"]


def test_there_are_19_checks() -> None:
    assert len({check.id for check in CHECKS}) == 19


def test_a_check_its_file_and_its_table_have_the_same_stem() -> None:
    modules = {module.name for module in iter_modules(checks.__path__)}

    assert set(BY_STEM) == modules == {file.stem for file in TABLES.glob("*.yaml")}


@pytest.mark.parametrize("check", CHECKS, ids=BY_STEM)
def test_the_table_tries_every_version_and_both_sides_of_each_change(check: Check) -> None:
    stem = next(stem for stem, known in BY_STEM.items() if known is check)
    tried = {
        case.get("at", LATEST)
        for case in yaml.safe_load((TABLES / f"{stem}.yaml").read_text())["cases"]
    }
    changes = {since for since, _ in check.versions}

    assert changes <= tried
    assert {since - 1 for since in changes if since} <= tried
