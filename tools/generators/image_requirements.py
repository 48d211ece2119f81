"""What is installed in the image: the part of requirements.lock that is needed at run time.

    manifests/image/requirements.txt         what `graphgate` needs, with all its extras
    manifests/image/build-requirements.txt   what builds its wheel, and is not in it

The lock holds the tools of development too, and pip cannot install a part of it with hashes. What
needs what is read from the installed packages, which are those of the lock.
"""

import re
import tomllib
from collections.abc import Iterable
from importlib import metadata

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tools.generators import ROOT, notice

FOLDER = "manifests/image"

# What an image is: the markers of requirements are evaluated for it, wherever this runs.
_IMAGE = {
    "implementation_name": "cpython",
    "os_name": "posix",
    "platform_python_implementation": "CPython",
    "platform_system": "Linux",
    "python_full_version": "3.13.5",
    "python_version": "3.13",
    "sys_platform": "linux",
}


def files() -> dict[str, str]:
    """Return both files."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    needed = project["project"]["dependencies"]
    for extra in ("policies", "server", "cluster"):
        needed += project["project"]["optional-dependencies"][extra]
    return {
        f"{FOLDER}/requirements.txt": _part(needed),
        f"{FOLDER}/build-requirements.txt": _part(project["build-system"]["requires"]),
    }


def _part(requirements: Iterable[str]) -> str:
    locked = pinned()
    names = sorted(closure(requirements))
    lines = "".join(locked[name] for name in names)
    return f"# {notice('requirements.lock and pyproject.toml')}\n{lines}"


def pinned() -> dict[str, str]:
    """Return the lock by package: its lines, with the hashes."""
    text = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    found: dict[str, str] = {}
    for block in re.split(r"(?m)^(?=\S)", text):
        name = re.match(r"[A-Za-z0-9._-]+(?===)", block)
        if name:
            found[canonicalize_name(name[0])] = block
    return found


def closure(requirements: Iterable[str]) -> set[str]:
    """Return the names of all packages that these requirements come to in the image."""
    found: set[str] = set()
    waiting = [Requirement(text) for text in requirements]
    while waiting:
        requirement = waiting.pop()
        name = canonicalize_name(requirement.name)
        if name in found and not requirement.extras:
            continue
        found.add(name)
        for text in metadata.requires(name) or ():
            needed = Requirement(text)
            extras = requirement.extras or {""}
            if needed.marker is None or any(
                needed.marker.evaluate({**_IMAGE, "extra": extra}) for extra in extras
            ):
                waiting.append(needed)
    return found
