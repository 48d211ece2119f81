"""Answers thousands of reviews, each on a line: `python -m tests.compiled.answering`.

Run once with the sources and once with the compiled engine on the path: the lines must be the same.
The first line says which of the two it was.
"""

import sys
from collections.abc import Iterator
from random import Random
from typing import Any

import orjson

import webhook.graph.parse
from tests.fuzz.hostile import REVIEW, body
from tests.soundness.bases import drawn, written
from tests.soundness.judging import FACTS
from tests.soundness.mutate import mutant
from webhook.admission import answer
from webhook.decisions.memory import Memory
from webhook.decisions.settings import Settings, read_settings
from webhook.errors import MalformedReview
from webhook.graph.facts import NOTHING_KNOWN, Facts

SEED = 15
MUTANTS = 3000
HOSTILE = 3000

_HEAD = {"apiVersion": "graphgate.io/v1alpha1", "kind": "Settings"}
_STRICT = {
    **_HEAD,
    "profile": "hardened",
    "podSecurity": {"mode": "enforce", "level": "restricted"},
}


def reviews() -> Iterator[tuple[str, bytes]]:
    """Yield reviews with their names, always the same."""
    known = written()
    for name, document in known:
        yield name, _review(document)
    for number in range(MUTANTS):
        random = Random(f"{SEED}/{number}")
        base = drawn(random, known)
        document, names = mutant(base, random)
        old = base if number % 3 == 0 else None
        yield f"mutant {number} {'+'.join(names)}", _review(document, old)
    for number in range(HOSTILE):
        yield f"hostile {number}", body(SEED, number)


def _review(document: Any, old: Any = None) -> bytes:
    operation = "CREATE" if old is None else "UPDATE"
    request = {**REVIEW["request"], "object": document, "oldObject": old, "operation": operation}
    return orjson.dumps({**REVIEW, "request": request})


def lines() -> Iterator[bytes]:
    """Yield a line for each review under each of the settings."""
    setups: tuple[tuple[Settings, Facts, Memory | None], ...] = (
        (Settings(), NOTHING_KNOWN, Memory()),
        (read_settings(_STRICT), FACTS, None),
    )
    for name, text in reviews():
        for number, (settings, facts, memory) in enumerate(setups):
            for endpoint in ("mutate", "validate"):
                yield f"{name} {number} {endpoint}: ".encode() + _answer(
                    text, endpoint, settings, facts, memory
                )


def _answer(
    text: bytes, endpoint: Any, settings: Settings, facts: Facts, memory: Memory | None
) -> bytes:
    try:
        told = answer(text, endpoint, settings, facts, memory=memory)
    except MalformedReview as error:
        return repr(str(error)).encode()
    failures = [(failure.rule, repr(failure.error)) for failure in told.failures]
    return repr((told._replace(body=b"", failures=()), failures)).encode() + b" " + told.body


def main() -> None:
    """Print every line."""
    print(webhook.graph.parse.__file__, flush=True)
    for line in lines():
        sys.stdout.buffer.write(line + b"\n")


if __name__ == "__main__":
    main()
