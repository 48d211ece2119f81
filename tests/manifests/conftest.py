"""The tools that these tests run, and what happens without them."""

import os
from pathlib import Path

import pytest

from tools.control_plane.binaries import choose_binaries
from tools.generators.manifests import find_helm


@pytest.fixture(scope="session")
def helm() -> Path:
    """Helm; without it the test is skipped, and in CI it fails."""
    return _require(find_helm(os.environ), "helm is missing: make control-plane builds it")


@pytest.fixture(scope="session")
def kubectl() -> Path:
    """kubectl, for its kustomize; without it the test is skipped, and in CI it fails."""
    (binary,) = (b for b in choose_binaries(os.environ) if b.tool.name == "kubectl")
    path = binary.path if binary.is_there else None
    return _require(path, "kubectl is missing: put it on the PATH, or make control-plane builds it")


def _require(tool: Path | None, sentence: str) -> Path:
    if tool is not None:
        return tool
    if os.environ.get("CI") == "true":
        pytest.fail(sentence, pytrace=False)
    pytest.skip(sentence)
