"""The documents that mutants are made of: what the project has written down, and drawn graphs."""

from collections.abc import Sequence
from functools import cache
from pathlib import Path as File
from random import Random
from typing import Any
from zlib import crc32

from tests.rendering.cases import CASES, load_case
from tests.rules import graphs
from tests.seeds import EXAMPLES, ROOT
from webhook.lint.kind import is_seldon_deployment
from webhook.yamldoc import read

FIXTURES = ROOT / "tests" / "rules" / "fixtures"


def files() -> list[File]:
    """Return every example and every fixture of a rule, sorted."""
    return [*sorted(EXAMPLES.glob("**/*.yaml")), *sorted(FIXTURES.glob("*/*.yaml"))]


@cache
def written() -> tuple[tuple[str, dict[str, Any]], ...]:
    """Return every SeldonDeployment of the project's own files, with the name it goes by."""
    found = [
        (f"{file.parent.name}/{file.stem}", document.value)
        for file in files()
        for document in read(file.read_bytes()).documents
        if is_seldon_deployment(document.value)
    ]
    found += [(f"workloads/{name}", load_case(name).document) for name in CASES]
    return tuple(found)


def drawn(random: Random, known: Sequence[tuple[str, dict[str, Any]]]) -> dict[str, Any]:
    """Return a document to change: mostly one of `known`, at times a small drawn graph.

    Each name draws a lot, so that a new document changes few of the choices: who adds a fixture
    does not get to see other mutants all over.
    """
    if random.random() < 0.8:
        salt = random.randrange(2**32)
        return min(known, key=lambda entry: crc32(f"{salt}/{entry[0]}".encode()))[1]
    return graphs.build_document(random.randrange(2**32), random.randint(1, 6), 3)
