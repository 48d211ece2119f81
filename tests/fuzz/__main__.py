"""The command line of the fuzzer; see the package."""

import argparse
import sys
import tempfile
from pathlib import Path

from tests.fuzz import respond, server, target
from tests.fuzz.hostile import make_body


def main() -> int:
    """Fuzz; return 1 if there was a fault."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("what", choices=["respond", "server", "show"])
    parser.add_argument("--bodies", type=int, default=100_000, help="how many (show: which)")
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    if given.what == "show":
        sys.stdout.buffer.write(make_body(given.seed, given.bodies))
        return 0
    if given.what == "respond":
        faults = respond.fuzz(target.handle_body, given.bodies, given.seed)
    else:
        faults = server.fuzz(given.bodies, given.seed)
    if faults:
        report = Path(tempfile.mkdtemp(prefix="graphgate-fuzz-")) / "faults.txt"
        report.write_text("\n".join(faults))
        print(f"{len(faults)} faults, also in {report}")
    else:
        print(f"{given.bodies} bodies of seed {given.seed}: no fault")
    return bool(faults)


if __name__ == "__main__":
    sys.exit(main())
