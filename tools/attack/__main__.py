"""python -m tools.attack: what the worst does to graphgate. Prints a table; exits 1 for a miss.

objects     the worst objects, each alone: CPU and memory
webhook     `graphgate serve` at the chart's memory limit, while hostile clients send these objects
            and break HTTP and TLS: how long another client waits, and what it is refused
reconciler  `graphgate reconcile` at the chart's memory limit: ten of the worst objects, and
            Services of others that appear in between (needs a control plane)
policies    a flood of labelled ConfigMaps at a webhook that follows policies (needs one, too)

Everything is on loopback and of this machine, and ends after a few minutes. Linux only.
"""

import argparse
import sys

from tools.attack import objects, webhook
from tools.attack.result import Result, print_table

WORST = 4
"""Families that the hostile clients send: as many as there are clients."""


def main() -> None:
    """Attack, and print what came of it."""
    parser = argparse.ArgumentParser(
        prog="python -m tools.attack",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parts = ("objects", "webhook", "reconciler", "policies")
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"{', '.join(parts)} (all)")
    parser.add_argument("--only", default="", metavar="TEXT", help="families with this in the name")
    parser.add_argument("--size", type=int, default=400, help="things of a family (400)")
    parser.add_argument("--rows", type=int, default=10, help="of the table of objects (10)")
    parser.add_argument("--seconds", type=float, default=5.0, help="of each attack (5)")
    given = parser.parse_args()
    if unknown := set(given.parts) - set(parts):
        parser.error(f"unknown part: {', '.join(sorted(unknown))}")
    chosen = given.parts or parts
    results: list[Result] = []
    worst = ["nodes-servers", "nodes-and-containers-no-dns-label", "nodes-with-ports", "chains"]
    if "objects" in chosen:
        lines, names = objects.attack(given.only, given.size, given.rows)
        results += lines
        worst = names[:WORST]
    if "webhook" in chosen:
        results += webhook.attack(worst, given.size, given.seconds)
    if "reconciler" in chosen or "policies" in chosen:
        from tools.attack import cluster

        results += cluster.attack(chosen)
    print()
    print_table(results)
    sys.exit(not all(result.met for result in results))


if __name__ == "__main__":
    main()
