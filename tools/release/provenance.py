"""What the artefacts are, and how they were made: SHA256SUMS and an in-toto statement."""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from webhook.graph.well_known import HOME_PAGE

CHECKSUMS = "SHA256SUMS"
STATEMENT = "provenance.intoto.json"
_LOCKS = ("requirements.lock", "manifests/image/requirements.txt")


@dataclass(frozen=True, slots=True)
class Source:
    """What a release is made from.

    commit   its full hash
    epoch    its time, in seconds since 1970
    is_dirty whether files differ from it
    """

    commit: str
    epoch: int
    is_dirty: bool


def file_digest(file: Path) -> str:
    """Return the SHA-256 of a file, in hexadecimal digits."""
    return hashlib.sha256(file.read_bytes()).hexdigest()


def write_checksums(out: Path, artefacts: Iterable[Path]) -> Path:
    """Write what `sha256sum --check` reads; return the file."""
    target = out / CHECKSUMS
    target.write_text("".join(f"{file_digest(file)}  {file.name}\n" for file in sorted(artefacts)))
    return target


def write_statement(
    out: Path, artefacts: Iterable[Path], version: str, source: Source, root: Path
) -> Path:
    """Write a statement (in-toto v1) with SLSA's provenance (v1) of the artefacts; return the file.

    It says what this machine did. Who trusts it trusts who signs it: it is not signed here.
    """
    made = datetime.fromtimestamp(source.epoch, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    statement: dict[str, Any] = {
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [
            {"name": file.name, "digest": {"sha256": file_digest(file)}}
            for file in sorted(artefacts)
        ],
        "predicateType": "https://slsa.dev/provenance/v1",
        "predicate": {
            "buildDefinition": {
                "buildType": f"{HOME_PAGE}/release/v1",
                "externalParameters": {"version": version},
                "internalParameters": {"sourceIsDirty": source.is_dirty},
                "resolvedDependencies": [
                    {"name": "source", "digest": {"gitCommit": source.commit}},
                    *(
                        {"name": name, "digest": {"sha256": file_digest(root / name)}}
                        for name in _LOCKS
                    ),
                ],
            },
            "runDetails": {
                "builder": {"id": f"{HOME_PAGE}/release/local"},
                "metadata": {"startedOn": made, "finishedOn": made},
            },
        },
    }
    target = out / STATEMENT
    target.write_text(json.dumps(statement, indent=2) + "\n")
    return target
