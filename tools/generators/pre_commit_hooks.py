"""`.pre-commit-hooks.yaml`: the hooks, with every dependency at the version of the lock.

pre-commit installs hooks without a lock of its own. Its entry ends with "--": names of committed
files follow it, and one like `--settings=relaxed.yaml` must stay a file.
"""

import re
import tomllib

from tools.generators import ROOT, notice
from tools.generators.image_requirements import closure, pinned

_HOOKS = (
    (
        "graphgate-check",
        "graphgate check",
        "Checks the SeldonDeployments in changed manifests; other kinds are skipped.",
        "graphgate check --",
    ),
    (
        "graphgate-fix",
        "graphgate fix",
        "Applies safe fixes to the SeldonDeployments in changed manifests.",
        "graphgate fix --write --",
    ),
)


def files() -> dict[str, str]:
    """Return the file."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    locked = pinned()
    versions = [
        re.split(r"[\s;\\]", locked[name], maxsplit=1)[0]
        for name in sorted(closure(project["project"]["dependencies"]))
    ]
    dependencies = "".join(f"  - {version}\n" for version in versions)
    hooks = "".join(
        f"- id: {hook}\n  name: {name}\n  description: {description}\n  entry: {entry}\n"
        f"  language: python\n  files: \\.(ya?ml|json)$\n"
        f"  additional_dependencies:\n{dependencies}"
        for hook, name, description, entry in _HOOKS
    )
    note = notice("tools/generators/pre_commit_hooks.py and requirements.lock")
    return {".pre-commit-hooks.yaml": f"# {note}\n{hooks}"}
