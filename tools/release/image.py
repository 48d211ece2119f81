"""The image: built by buildah or docker, with the commit's time, into an OCI archive."""

import shutil
import subprocess
from pathlib import Path

from tools.release import ROOT


def find_builder() -> str | None:
    """Return the program that builds images here; None if there is none that works."""
    for name in ("buildah", "docker"):
        if shutil.which(name) and _works(name):
            return name
    return None


def _works(name: str) -> bool:
    probe = [name, "info"]
    return subprocess.run(probe, capture_output=True, check=False, timeout=60).returncode == 0


def build_commands(builder: str, reference: str, archive: Path, epoch: int) -> list[list[str]]:
    """Return the commands that build the image as `reference` and write it into `archive`."""
    if builder == "buildah":
        return [
            ["buildah", "build", f"--timestamp={epoch}", "--tag", reference, str(ROOT)],
            ["buildah", "push", reference, f"oci-archive:{archive}:{reference}"],
        ]
    return [
        [
            *("docker", "buildx", "build", f"--build-arg=SOURCE_DATE_EPOCH={epoch}"),
            f"--output=type=oci,dest={archive},rewrite-timestamp=true,name={reference}",
            str(ROOT),
        ]
    ]


def build_image(builder: str, reference: str, archive: Path, epoch: int) -> Path:
    """Run the commands; return the archive."""
    for command in build_commands(builder, reference, archive, epoch):
        subprocess.run(command, check=True, timeout=3600)
    return archive
