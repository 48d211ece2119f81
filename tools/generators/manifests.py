"""What is installed without Helm: the chart, rendered.

    manifests/install.yaml              everything in one file, in which the image is to be set
    manifests/base/graphgate.yaml       the same for kustomize, without the namespace
    manifests/provided/graphgate.yaml   with a certificate from elsewhere; certs/ builds on it

Helm renders them. A machine without Helm must still be able to tell whether they are current, so
the head of each records a digest of what it is made from and one of the text below: as long as
both fit, the file is as it is. A test with Helm compares them for real.
"""

import hashlib
import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import click

from tools.control_plane.cache import cache_folder, cached_binary
from tools.control_plane.versions import TOOLS
from tools.generators import ROOT, notice

CHART = ROOT / "manifests" / "chart"
NAMESPACE_FILE = ROOT / "manifests" / "base" / "namespace.yaml"
RELEASE, NAMESPACE = "graphgate", "graphgate-system"


IMAGE_PLACEHOLDER = "%GRAPHGATE_IMAGE%"
"""Where install.yaml has the image, which nobody has published. No YAML value begins with "%":
kubectl stops reading there, before the webhooks, which would refuse every SeldonDeployment while no
pod of graphgate runs."""

_SET_IMAGE = (
    f"{IMAGE_PLACEHOLDER}  "
    f"# set it: sed 's#{IMAGE_PLACEHOLDER}#REGISTRY/graphgate@sha256:…#' install.yaml"
)


@dataclass(frozen=True, slots=True)
class Rendering:
    """One file.

    values          what differs from the default values
    with_namespace  whether the namespace is in it
    sets_image      whether it is used with an image set; else it has a placeholder
    """

    values: tuple[str, ...]
    with_namespace: bool
    sets_image: bool = True


TARGETS = {
    "manifests/install.yaml": Rendering((), with_namespace=True, sets_image=False),
    "manifests/base/graphgate.yaml": Rendering((), with_namespace=False),
    "manifests/provided/graphgate.yaml": Rendering(
        ("certificate.source=injected",), with_namespace=True
    ),
}


def files() -> dict[str, str]:
    """Return the rendered files; needs Helm only if the chart has changed since they were made."""
    return {target: _current(target) or _rendered(target) for target in TARGETS}


def _current(target: str) -> str:
    """Return the committed file if its head says that it is current, else ""."""
    path = ROOT / target
    committed = path.read_text(encoding="utf-8") if path.is_file() else ""
    return committed if committed == _with_head(target, body_of(committed)) else ""


def _rendered(target: str) -> str:
    helm = find_helm(os.environ)
    if helm is None:
        raise click.ClickException(
            f"{target} is not what manifests/chart renders to, and Helm is not installed: "
            "run make control-plane, or put helm on the PATH"
        )
    return _with_head(target, render(helm, TARGETS[target]))


def find_helm(environ: Mapping[str, str]) -> Path | None:
    """Return the pinned Helm that `make control-plane` builds, else the one on PATH, else None."""
    (tool,) = (tool for tool in TOOLS if tool.name == "helm")
    built = cached_binary(tool, cache_folder(environ))
    if built.is_file():
        return built
    found = shutil.which("helm", path=environ.get("PATH", ""))
    return None if found is None else Path(found)


def render(helm: Path, rendering: Rendering) -> str:
    """Return what Helm makes of the chart."""
    arguments = [f"--set={value}" for value in rendering.values]
    text = subprocess.run(
        [helm, "template", RELEASE, CHART, f"--namespace={NAMESPACE}", *arguments],
        check=True,
        stdout=subprocess.PIPE,
        text=True,
        timeout=60,  # it takes 0.2 s
    ).stdout
    # Each version of Helm leaves its own blank lines between documents.
    body = "\n".join(line.rstrip() for line in _lines(text)) + "\n"
    if not rendering.sets_image:
        body = re.sub(r"(?m)(?<= image: )graphgate:\S+$", _SET_IMAGE, body)
    namespace = "---\n" + NAMESPACE_FILE.read_text(encoding="utf-8")
    return namespace + body if rendering.with_namespace else body


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


def _with_head(target: str, body: str) -> str:
    return (
        f"# {notice('manifests/chart')}\n"
        f"# sha256 of the chart: {_source_digest(TARGETS[target])}\n"
        f"# sha256 of the text below: {hashlib.sha256(body.encode()).hexdigest()}\n"
        f"{body}"
    )


def body_of(text: str) -> str:
    """Return a file without its head."""
    return "".join(text.splitlines(keepends=True)[3:])


def _source_digest(rendering: Rendering) -> str:
    """Return a digest of every file of the chart and of the namespace, with its path."""
    digest = hashlib.sha256(repr(rendering).encode())
    paths = [NAMESPACE_FILE, *(path for path in CHART.rglob("*") if path.is_file())]
    for path in sorted(paths):
        content = hashlib.sha256(path.read_bytes()).hexdigest()
        digest.update(f"{content} {path.relative_to(ROOT).as_posix()}\n".encode())
    return digest.hexdigest()
