"""The image holds what is needed at run time, and is built of what is pinned."""

import re
import tomllib
from fnmatch import fnmatch

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.manifests.support import MANIFESTS, ROOT
from tools.generators.image_requirements import closure, pinned

DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")
STAGES = re.split(r"(?m)^(?=FROM )", DOCKERFILE)
REQUIREMENTS = MANIFESTS / "image" / "requirements.txt"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def names(text: str) -> set[str]:
    return {canonicalize_name(name) for name in re.findall(r"(?m)^([\w.-]+)==", text)}


def installed() -> set[str]:
    return names(REQUIREMENTS.read_text(encoding="utf-8"))


def test_everything_that_the_project_needs_is_installed() -> None:
    needed = PROJECT["dependencies"] + PROJECT["optional-dependencies"]["cluster"]
    assert {canonicalize_name(Requirement(text).name) for text in needed} <= installed()


def test_nothing_of_development_is_installed() -> None:
    assert installed().isdisjoint({"pytest", "ruff", "mypy", "hypothesis", "hatchling", "pip"})


def test_what_is_installed_needs_nothing_else() -> None:
    """pip is told not to look for more (--no-deps), so nothing may be missing."""
    assert closure(sorted(installed())) == installed()


@pytest.mark.parametrize("name", ["requirements.txt", "build-requirements.txt"])
def test_every_line_is_one_of_the_lock_with_its_hashes(name: str) -> None:
    text = (MANIFESTS / "image" / name).read_text(encoding="utf-8")
    blocks = re.split(r"(?m)^(?=\w)", text)[1:]
    assert blocks
    lock = pinned()
    for block in blocks:
        (found,) = names(block)
        assert block == lock[found]
        assert "--hash=sha256:" in block


def test_both_bases_are_pinned_to_one_python_and_can_be_pinned_by_digest() -> None:
    bases = dict(re.findall(r"(?m)^ARG (\w+_IMAGE)=(\S+)$", DOCKERFILE))
    assert bases == {
        "BUILD_IMAGE": "docker.io/library/python:3.13-slim-trixie",
        "RUN_IMAGE": "gcr.io/distroless/python3-debian13:nonroot",
    }
    assert re.findall(r"(?m)^FROM (\S+)", DOCKERFILE) == ["${BUILD_IMAGE}", "${RUN_IMAGE}"]


def test_everything_is_installed_with_its_hash_or_from_the_checkout() -> None:
    commands = DOCKERFILE.replace("\\\n", " ")
    installs = re.findall(r"-m pip install ([^&\n]+)", commands)
    assert len(installs) == 3
    for install in installs:
        assert "--require-hashes" in install or "--no-index" in install
        assert "--no-deps" in install


def test_the_last_stage_runs_nothing_and_needs_no_shell() -> None:
    last = STAGES[-1]
    assert not re.search(r"(?m)^RUN ", last)
    for word in ("ENTRYPOINT", "CMD"):
        assert re.search(rf'(?m)^{word} \["', last)
    assert "-m compileall" in STAGES[1]


def test_nothing_is_imported_from_the_working_directory() -> None:
    """It may be a repository that is checked: python -m would prefer a module of it."""
    assert "PYTHONSAFEPATH=1" in STAGES[-1]


def test_what_builds_the_wheel_is_not_installed_and_needs_no_compiler() -> None:
    built = names((MANIFESTS / "image" / "build-requirements.txt").read_text(encoding="utf-8"))
    assert "hatchling" in built
    assert built.isdisjoint({"mypy", "setuptools"})
    assert "--target=/build" in STAGES[1]
    assert "/build" not in STAGES[-1]


def test_the_user_is_a_number_and_not_root() -> None:
    assert re.findall(r"(?m)^USER (.+)$", DOCKERFILE) == ["65532:65532"]


def test_what_is_copied_reaches_the_builder_and_nothing_secret_does() -> None:
    lines = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    patterns = [line for line in lines if line and not line.startswith("#")]
    assert patterns[0] == "*"
    kept = {line[1:].rstrip("/") for line in patterns if line.startswith("!")}
    copied = {
        source.rstrip("/")
        for line in re.findall(r"(?m)^COPY (?!--from)(.+)$", DOCKERFILE)
        for source in line.split()[:-1]
    }
    assert copied == kept - {"manifests"}
    dropped = [line.removeprefix("**/") for line in patterns if line.startswith("**/")]
    for secret in ("tls.key", "ca.crt", "bundle.pem"):
        assert any(fnmatch(secret, pattern) for pattern in dropped)
