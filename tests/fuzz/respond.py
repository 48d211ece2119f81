"""Bodies at the judge: it answers every review, refuses everything else, and never raises."""

import base64
import re
import traceback
from collections.abc import Callable
from pathlib import Path
from time import thread_time

import orjson

from tests.fuzz.hostile import make_body
from webhook.admission import Endpoint, ReviewResult
from webhook.errors import MalformedReviewError
from webhook.server.handler import ReviewHandler

ENDPOINTS: tuple[Endpoint, Endpoint] = ("mutate", "validate")
# A judge keeps nothing. What the allocator keeps after a body of 3 MiB stays below this.
_GROWTH = 48 * 1024 * 1024


def fuzz(
    handler: ReviewHandler, bodies: int, seed: int, report: Callable[[str], None] = print
) -> list[str]:
    """Return a line for each fault that `bodies` bodies found."""
    faults = Faults(seed, report)
    start, slowest = 0, (0.0, 0)
    for number in range(bodies):
        text = make_body(seed, number)
        before = thread_time()
        faults.found(number, _find_fault(handler, text, ENDPOINTS[number % 2]))
        slowest = max(slowest, (thread_time() - before, number))
        if number == min(bodies // 4, 50_000):
            start = resident()  # by now every path has been taken and every cache filled
        if number and number % 100_000 == 0:
            report(f"{number} bodies, {faults.count} with a fault, {resident() >> 20} MiB")
    # Told, not judged: a time is no fault. But nobody else is answered meanwhile.
    report(f"the slowest was body {slowest[1]} of seed {seed}: {slowest[0]:.3f} s of CPU time")
    grown = resident() - start
    return faults.told + ([f"memory grew by {grown >> 20} MiB"] if grown > _GROWTH else [])


class Faults:
    """What was found, each kind of fault once."""

    def __init__(self, seed: int, report: Callable[[str], None]) -> None:
        self.told: list[str] = []
        self.count = 0
        self._seed = seed
        self._say = report
        self._known: set[str] = set()

    def found(self, number: int, fault: str) -> None:
        """Note the fault of a body; empty is none. Its kind is its last line, without values."""
        if not fault:
            return
        self.count += 1
        kind = re.sub(r"'.*'|\d+", "", fault.rstrip().splitlines()[-1])[:80]
        if kind not in self._known:
            self._known.add(kind)
            self.told.append(f"body {number} of seed {self._seed}: {fault}")
            self._say(self.told[-1])


def _find_fault(handler: ReviewHandler, text: bytes, endpoint: Endpoint) -> str:
    try:
        answer = handler(text, endpoint)
    except MalformedReviewError:
        uid = expected_uid(text)
        return f"refused as malformed, though its uid is {uid!r}" if uid else ""
    except Exception:  # noqa: BLE001 — this is what is looked for
        return traceback.format_exc(limit=-3)
    return find_mistake(answer, text)


def find_mistake(answer: ReviewResult, text: bytes) -> str:
    """Return what is wrong with an answer to `text`; empty if nothing is."""
    if answer.rule_errors:
        first = answer.rule_errors[0]
        where = "".join(traceback.format_exception(first.error)[-3:])
        return f"rule {first.rule_id} crashed: {where}"
    review = orjson.loads(answer.body)
    response = review["response"]
    uid = expected_uid(text)
    if uid and response["uid"] != uid:
        return f"answered for {response['uid']!r}, not {uid!r}"
    if (review["apiVersion"], review["kind"]) != ("admission.k8s.io/v1", "AdmissionReview"):
        return f"answered with {review['kind']} {review['apiVersion']}"
    if not isinstance(response["allowed"], bool):
        return f"allowed is {response['allowed']!r}"
    if "patch" in response:
        operations = orjson.loads(base64.b64decode(response["patch"]))
        if not response["allowed"] or {operation["op"] for operation in operations} != {"add"}:
            return f"the patch of an object that is allowed {response['allowed']} is {operations}"
    return ""


def expected_uid(text: bytes) -> str:
    """Return the uid of a body that must be answered; empty for any other."""
    try:
        review = orjson.loads(text)
        uid = review["request"]["uid"]
        fits = review["kind"] == "AdmissionReview" and review["apiVersion"] == "admission.k8s.io/v1"
    except (ValueError, TypeError, KeyError, IndexError):
        return ""
    return uid if fits and isinstance(uid, str) else ""


def resident(process: int | str = "self") -> int:
    """Return the resident memory of a process in bytes."""
    pages = int(Path(f"/proc/{process}/statm").read_text().split()[1])
    return pages * 4096
