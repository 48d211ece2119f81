"""Measure soundness: evaluate documents with graphgate and with a real API server, and compare.

    python -m tools.soundness --documents N --seed S [--json FILE]

Starts a control plane of its own (`make control-plane` builds it), takes the published schema from
it, evaluates every document that the project has written down and N that are made, updates among
them, and prints where the two disagree, each kind once with the smallest document. Prints the
fields, too, that no rule and no row of the table mentions. Exit 1 if graphgate admits anything that
the API server refuses, or refuses what it takes by a rule without a written reason.
"""

import argparse
import json
import os
import sys
import time
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any

import yaml

from tests.soundness import campaign
from tests.soundness.judging import ROUTED, SETUPS
from tests.soundness.reasons import REASONS
from tests.soundness.server import Server, install
from tools.control_plane.build import provide_binaries
from tools.control_plane.definitions import provide_definitions
from tools.control_plane.run import ControlPlane
from tools.soundness.generator import Generator
from tools.soundness.published import Published
from tools.soundness.unmentioned import unmentioned_fields


def main() -> int:
    """Run as the module's docstring says; return the exit code."""
    parser = argparse.ArgumentParser(description="compare graphgate with a real API server")
    parser.add_argument("--documents", type=int, default=10_000, help="how many are made")
    parser.add_argument("--seed", type=int, default=1, help="which ones")
    parser.add_argument("--json", type=Path, help="write the figures here")
    chosen = parser.parse_args()
    started = time.monotonic()
    report = partial(print, file=sys.stderr)
    tools = provide_binaries(os.environ, report)
    binaries = {binary.tool.name: binary.path for binary in tools}
    definitions = provide_definitions(os.environ, report)
    with ControlPlane.start(binaries, controllers=False) as plane:
        install(plane, definitions)
        server = Server(plane)
        published = Published.fetch(plane)
        made = Generator(published).cases(chosen.documents, chosen.seed, plane.minor)
        setups = [setup.on(plane.minor) for setup in (*SETUPS, *ROUTED[::2])]
        written = campaign.written_cases(setups)
        figures = campaign.run(chain(written, made), server.find_rejection)
        found = campaign.disagreements(figures, server.find_rejection)
        unmentioned = [field.path for field in unmentioned_fields(published)]
        version = plane.version
        server.close()
    unexplained = sorted(set(figures.alone) - set(REASONS))
    summary = _summary(figures, found, unexplained) | {
        "published fields": len(published.leaves),
        "fields that nobody mentions": len(unmentioned),
        "kubernetes": version,
        "requests": server.request_count,
        "seed": chosen.seed,
        "seconds": round(time.monotonic() - started),
    }
    print("\nfields that no rule and no row of the table mentions:", *unmentioned, sep="\n  ")
    _print(figures, found, unexplained)
    print(json.dumps(summary, indent=2))
    if chosen.json:
        chosen.json.write_text(json.dumps(summary, indent=2) + "\n")
    return 1 if found or unexplained else 0


def _summary(
    figures: campaign.Figures, found: list[campaign.Disagreement], unexplained: list[str]
) -> dict[str, Any]:
    return {
        "documents": figures.documents,
        "objects": figures.objects,
        "updates": figures.updates,
        "objects updated": figures.updated_objects,
        "admitted": figures.admitted,
        "denied": figures.denied,
        "denied and refused": figures.refused_by_both,
        "denied, nothing to create": figures.nothing_rendered,
        "denied though taken": figures.stricter_documents,
        "admitted though refused": sum(one.count for one in found),
        "kinds of that": len(found),
        "rules without a reason": unexplained,
        "stricter rules": dict(figures.alone.most_common()),
    }


def _print(
    figures: campaign.Figures, found: list[campaign.Disagreement], unexplained: list[str]
) -> None:
    for one in found:
        print(f"\n{campaign.describe_disagreement(one)}")
    for rule in unexplained:
        case = figures.examples[rule]
        print(f"\ndenied although accepted, no reason written: {rule}   ({case.name})")
        print(yaml.safe_dump(case.document, sort_keys=False, allow_unicode=True, width=100))


if __name__ == "__main__":
    raise SystemExit(main())
