"""manifests/base/graphgate.yaml: the chart with its default values, for those without Helm.

Helm renders it. A machine without Helm must still be able to tell whether the file is current, so
its head records a digest of the chart and one of the text below: as long as both fit, the file
stands as it is. A test with Helm compares the two for real.
"""

import hashlib
import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

import click

from tests.cluster.control_plane.cache import cache_folder, cached_binary
from tests.cluster.control_plane.versions import TOOLS
from tools.generators import ROOT, notice

CHART = ROOT / "manifests" / "chart"
TARGET = "manifests/base/graphgate.yaml"
RELEASE, NAMESPACE = "graphgate", "graphgate-system"

# Everything is a default except this: certs/kustomization.yaml puts the CA in.
_VALUES = ("certificate.source=injected",)


def files() -> dict[str, str]:
    """Return the rendered chart; needs Helm only if the chart has changed since it was rendered."""
    target = ROOT / TARGET
    committed = target.read_text(encoding="utf-8") if target.is_file() else ""
    if committed and committed == _with_head(_body(committed)):
        return {TARGET: committed}
    helm = find_helm(os.environ)
    if helm is None:
        raise click.ClickException(
            f"{TARGET} is not what manifests/chart renders to, and no Helm is there to render "
            "it: run make control-plane, or put helm on the PATH"
        )
    return {TARGET: _with_head(render(helm))}


def find_helm(environ: Mapping[str, str]) -> Path | None:
    """Return the pinned Helm that `make control-plane` builds, else the one on PATH, else None."""
    (tool,) = (tool for tool in TOOLS if tool.name == "helm")
    built = cached_binary(tool, cache_folder(environ))
    if built.is_file():
        return built
    found = shutil.which("helm", path=environ.get("PATH", ""))
    return None if found is None else Path(found)


def render(helm: Path) -> str:
    """Return what Helm makes of the chart with the default values."""
    arguments = [f"--set={value}" for value in _VALUES]
    text = subprocess.run(
        [helm, "template", RELEASE, CHART, f"--namespace={NAMESPACE}", *arguments],
        check=True,
        stdout=subprocess.PIPE,
        text=True,
        timeout=60,  # it takes 0.2 s
    ).stdout
    # Each version of Helm leaves its own blank lines between documents.
    return "\n".join(line.rstrip() for line in _lines(text)) + "\n"


def _lines(text: str) -> Iterator[str]:
    """Yield the lines without blank ones before a separator or at the end."""
    blank = 0
    for line in text.splitlines():
        if not line.strip():
            blank += 1
            continue
        yield from [""] * (0 if line == "---" else blank)
        blank = 0
        yield line


def _with_head(body: str) -> str:
    return (
        f"# {notice('manifests/chart')}\n"
        f"# sha256 of the chart: {_chart_digest()}\n"
        f"# sha256 of the text below: {hashlib.sha256(body.encode()).hexdigest()}\n"
        f"{body}"
    )


def _body(text: str) -> str:
    return "".join(line for line in text.splitlines(keepends=True)[3:])


def _chart_digest() -> str:
    """Return a digest of every file of the chart, with its path."""
    digest = hashlib.sha256()
    for path in sorted(path for path in CHART.rglob("*") if path.is_file()):
        content = hashlib.sha256(path.read_bytes()).hexdigest()
        digest.update(f"{content} {path.relative_to(CHART).as_posix()}\n".encode())
    return digest.hexdigest()
