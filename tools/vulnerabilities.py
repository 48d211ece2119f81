"""Compare pinned dependencies with the vulnerabilities that the package index knows.

    python -m tools.vulnerabilities manifests/image/requirements.txt

The index's JSON interface tells them (/pypi/NAME/VERSION/json). Some mirrors answer for the newest
version only (/pypi/NAME/json): that will do where the newest is the pinned one, and is said to be
unknown elsewhere. Exit codes: 0 none known, 1 some known, 2 something could not be found out.
"""

import argparse
import json
import re
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

INDEX = "https://pypi.org"
_TIMEOUT_SECONDS = 30  # for one answer; it takes 0.1 s

Fetch = Callable[[str], dict[str, Any] | None]
"""Path of the index → its answer; None: there is no such path. Raises OSError or ValueError."""


def parse_pins(text: str) -> Iterator[tuple[str, str]]:
    """Yield name and version of every requirement; raise ValueError for one that is not pinned."""
    for line in text.replace("\\\n", " ").splitlines():
        requirement = line.partition("#")[0].strip()
        if not requirement:
            continue
        found = re.match(r"([A-Za-z0-9._-]+)(?:\[[^\]]*\])?==([^\s;]+)", requirement)
        if found is None:
            raise ValueError(f"not pinned to one version: {requirement}")
        yield found[1], found[2]


def find_vulnerabilities(name: str, version: str, fetch: Fetch) -> list[str] | None:
    """Return a line for each known vulnerability; None: the index does not tell."""
    vulnerabilities = fetch(f"/pypi/{name}/{version}/json") or fetch(f"/pypi/{name}/json")
    if (
        vulnerabilities is None
        or vulnerabilities["info"]["version"] != version
        or "vulnerabilities" not in vulnerabilities
    ):
        return None
    return [
        f"{one['id']}: {one.get('summary') or one.get('details') or 'no description'}"
        + (f" (fixed in {', '.join(one['fixed_in'])})" if one.get("fixed_in") else "")
        for one in vulnerabilities["vulnerabilities"]
        if not one.get("withdrawn")
    ]


def audit(
    requirements: Iterable[tuple[str, str]], fetch: Fetch, report: Callable[[str], None]
) -> int:
    """Say what is known of each; return the exit code."""
    count, vulnerable, unknown = 0, 0, 0
    for name, version in requirements:
        count += 1
        try:
            found = find_vulnerabilities(name, version, fetch)
        except (OSError, ValueError, KeyError, TypeError) as error:
            report(f"{name} {version}: no answer: {error}")
            unknown += 1
            continue
        if found is None:
            report(f"{name} {version}: the index has no data on this version")
            unknown += 1
            continue
        for line in found:
            report(f"{name} {version}: {line}")
        vulnerable += bool(found)
    if not count:
        report("there is nothing to audit")
        return 2
    report(f"{count} packages: {vulnerable} with known vulnerabilities, {unknown} unknown")
    return 1 if vulnerable else 2 if unknown else 0


def fetch_from_index(path: str) -> dict[str, Any] | None:
    """Ask the package index."""
    request = urllib.request.Request(INDEX + path, headers={"Accept": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=_TIMEOUT_SECONDS) as answer:
            response: dict[str, Any] = json.load(answer)
            return response
    except urllib.error.HTTPError as error:
        if error.code == 404:
            return None
        raise


def main() -> int:
    """Audit the files that are named; return the exit code."""
    parser = argparse.ArgumentParser(prog="tools.vulnerabilities")
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE")
    try:
        texts = [file.read_text(encoding="utf-8") for file in parser.parse_args().files]
        selected = sorted({pin for text in texts for pin in parse_pins(text)})
    except (OSError, ValueError) as error:
        print(f"vulnerabilities: {error}", file=sys.stderr)
        return 2
    return audit(selected, fetch_from_index, print)


if __name__ == "__main__":
    sys.exit(main())
