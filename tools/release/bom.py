"""The bill of materials of the image: CycloneDX 1.6, from the pinned requirements."""

import re
import uuid
from datetime import UTC, datetime
from pathlib import Path

from cyclonedx.model import HashAlgorithm, HashType
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.output.json import JsonV1Dot6
from packageurl import PackageURL

from tools.release import ROOT

REQUIREMENTS = ROOT / "manifests" / "image" / "requirements.txt"

_PINNED = re.compile(r"^([A-Za-z0-9._-]+)==([^\s;\\]+)")
_HASH = re.compile(r"--hash=sha256:([0-9a-f]{64})")


def pinned_packages(text: str) -> list[tuple[str, str, list[str]]]:
    """Return name, version and SHA-256 hashes of each package of a requirements file."""
    packages: list[tuple[str, str, list[str]]] = []
    for line in text.splitlines():
        if pinned := _PINNED.match(line):
            packages.append((pinned[1], pinned[2], []))
        elif packages:
            packages[-1][2].extend(_HASH.findall(line))
    return packages


def write_bom(out: Path, version: str, epoch: int) -> Path:
    """Write the bill into `out`; return it.

    The hashes of a package are those of all its files in the index, any of which may be installed.
    """
    bom = Bom(serial_number=uuid.uuid5(uuid.NAMESPACE_URL, f"graphgate/{version}/{epoch}"))
    bom.metadata.timestamp = datetime.fromtimestamp(epoch, UTC)
    bom.metadata.component = Component(
        name="graphgate", version=version, type=ComponentType.APPLICATION, bom_ref="graphgate"
    )
    packages = pinned_packages(REQUIREMENTS.read_text(encoding="utf-8"))
    components = [
        Component(
            name=name,
            version=pinned,
            type=ComponentType.LIBRARY,
            bom_ref=f"{name}@{pinned}",
            purl=PackageURL("pypi", name=name.lower().replace("_", "-"), version=pinned),
            hashes=[HashType(alg=HashAlgorithm.SHA_256, content=digest) for digest in hashes],
        )
        for name, pinned, hashes in packages
    ]
    for component in components:
        bom.components.add(component)
    bom.register_dependency(bom.metadata.component, components)
    target = out / f"graphgate-{version}.cdx.json"
    target.write_text(JsonV1Dot6(bom).output_as_string(indent=2) + "\n", encoding="utf-8")
    return target
