"""The cluster tests on other versions of Kubernetes: `make test-versions`.

    python -m tools.control_plane.version_matrix 1.30.14 1.33.13

In: versions; those that are not there yet are built (`other_version`), 20 minutes each. Out: what
pytest prints, and at the end one line per version. Exit codes: 0 all passed, 1 some did not.
"""

import os
import subprocess
import sys

from tools.control_plane.errors import ControlPlaneError
from tools.control_plane.other_version import provide_version

# All that does not compare with the pinned version's own verdicts.
AREAS = (
    "install",
    "availability",
    "rotation",
    "other_projects",
    "apply",
    "facts",
    "certificate_sources",
    "render",
    "policies_installed",
    "reconcile",
    "reconcile_dry_run",
)


def run_tests(version: str) -> tuple[bool, str]:
    """Run the tests on a version; return whether all passed, and pytest's last line."""
    try:
        assets = provide_version(version)
    except ControlPlaneError as error:
        return False, f"not run: {error}"
    files = [f"tests/apiserver/test_{area}.py" for area in AREAS]
    command = [sys.executable, "-m", "pytest", "-q", "-n", "2", "--dist", "loadfile", *files]
    environment = {**os.environ, "KUBEBUILDER_ASSETS": str(assets)}
    last = ""
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as tests:
        for line in tests.stdout or ():
            print(line, end="", flush=True)
            last = line.strip() or last
    return tests.returncode == 0, last


def main() -> int:
    """Run the tests on each version that is named; return the exit code."""
    results = {}
    for version in sys.argv[1:]:
        print(f"Kubernetes {version}", flush=True)
        results[version] = run_tests(version)
    for version, (_, summary) in results.items():
        print(f"Kubernetes {version}: {summary}")
    return 0 if results and all(passed for passed, _ in results.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
