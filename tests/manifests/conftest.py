"""The tools that these tests run, besides Helm."""

import os
from pathlib import Path

import pytest

from tests.conftest import require_tool
from tools.control_plane.binaries import choose_binaries


@pytest.fixture(scope="session")
def kubectl() -> Path:
    """kubectl, for its kustomize; without it the test is skipped, and in CI it fails."""
    (binary,) = (b for b in choose_binaries(os.environ) if b.tool.name == "kubectl")
    path = binary.path if binary.is_there else None
    sentence = "kubectl is missing: put it on the PATH, or make control-plane builds it"
    return require_tool(path, sentence)
