"""Documents from the published schema.

Each field right, on its borders and wrong, fields that are together, and the kinds that no schema
tells of, written into the project's real documents.
"""

from collections.abc import Iterator, Sequence
from copy import deepcopy
from functools import cache
from random import Random
from typing import Any

from tests.soundness import bases
from tests.soundness.campaign import Case
from tests.soundness.judging import ENFORCED, ROUTED, SETUPS, Setup, evaluate_document
from tests.soundness.mutate import CHANGES, mutant
from tools.soundness.injecting import Injector, mend_references
from tools.soundness.kinds import KINDS
from tools.soundness.published import Field, Published
from tools.soundness.shapes import shape
from tools.soundness.splicing import splice
from tools.soundness.updates import UPDATES
from tools.soundness.values import Quality, Values

SHARES = {
    "field": 29,
    "siblings": 13,
    "pair": 8,
    "many": 8,
    "kinds": 12,
    "mutant": 6,
    "shape": 8,
    "splice": 7,
    "update": 9,
}
"""Of a hundred documents, how many are of which kind."""
_POD = "spec.predictors[].componentSpecs[].spec"
_TURNS = (
    *("hostNetwork", "hostPID", "hostUsers", "shareProcessNamespace", "os", "dnsPolicy"),
    *("setHostnameAsFQDN", "hostnameOverride", "resources", "nodeName", "resourceClaims"),
    *("schedulingGates", "terminationGracePeriodSeconds", "runtimeClassName", "securityContext"),
    *("overhead", "priorityClassName", "topologySpreadConstraints", "affinity", "initContainers"),
)
"""Fields of a pod on which it depends what others may say."""
_COPIES = (f"{_POD}.initContainers[]", "spec.predictors[].explainer.containerSpec")
"""What has the same fields as the containers of a pod."""
_BOOKKEEPING = "managedFields"
_REFUSED_ANYWAY = ".ephemeralContainers"
"""No template may have them: a few documents are enough to see it."""


class Generator:
    """Makes documents from one published schema. The same seed makes the same ones."""

    def __init__(self, published: Published) -> None:
        self._published = published
        self._values = Values(published)
        self._injector = Injector(published, self._values)
        paths = [f"{_POD}.{name}" for name in _TURNS]
        self._turns = [published.fields[path] for path in paths if path in published.fields]
        self._objects = [path for path, fields in published.children.items() if len(fields) > 1]

    def cases(self, count: int, seed: int, minor: int | None = None) -> Iterator[Case]:
        """Yield so many cases; fields come in turn, so that none waits longer than another.

        minor  of the Kubernetes that is asked: 36; None: the one that the tests build
        """
        shapes = _shapes()
        order = self._order(Random(seed))
        turn = 0
        for number in range(count):
            random = Random(f"{seed}/{number}")
            document = deepcopy(bases.drawn(random, shapes))
            old, setup = None, _setup(random)
            setup = setup if minor is None else setup.on(minor)
            kind = random.choices(tuple(SHARES), tuple(SHARES.values()))[0]
            if kind == "field":
                turn += 1
                names = self._one_field(document, order[turn % len(order)], random)
            elif kind == "siblings":
                names = self._siblings(document, random)
            elif kind == "pair":
                names = self._pair(document, random)
            elif kind == "many":
                names = self._many(document, random)
            elif kind == "kinds":
                names = _some_kinds(document, random)
            elif kind == "shape":
                document, names = shape(random), "drawn"
            elif kind == "splice":
                other = shape(random) if random.random() < 0.3 else bases.drawn(random, shapes)
                names = splice(document, other, random)
            elif kind == "update":
                document, old, names = self._update(document, setup, random)
            else:
                document, drawn = mutant(document, random)
                names = "+".join(drawn)
            if random.random() < 0.9:
                for one in (document, old or {}):
                    mend_references(one)
            if type(metadata := document.get("metadata")) is dict:
                # What is being deleted is admitted as it is, whatever else it says.
                metadata.pop("deletionTimestamp", None)
            yield Case(f"{seed}/{number} {kind} {names}", document, setup, old)

    def _order(self, random: Random) -> list[Field]:
        """Return the fields in some order; of those that are at several places, fewer."""
        order = [
            field
            for field in self._published.leaves
            if _BOOKKEEPING not in field.path
            if not field.path.startswith(_COPIES) or random.random() < 0.3
        ]
        random.shuffle(order)
        return order

    def _one_field(self, document: dict[str, Any], field: Field, random: Random) -> str:
        if _REFUSED_ANYWAY in field.path and random.random() < 0.8:
            field = random.choice(self._published.leaves)
        self._inject(document, field, random)
        return field.path

    def _siblings(self, document: dict[str, Any], random: Random) -> str:
        """Write two or three fields of one object."""
        children = self._published.children[random.choice(self._objects)]
        chosen = random.sample(children, min(len(children), random.choice((2, 2, 3))))
        place = self._injector.put(document, chosen[0], self._near(chosen[0], random), random)
        for field in chosen[1:]:
            self._injector.put_beside(document, place, field, self._near(field, random))
        return "+".join(field.path for field in chosen)

    def _pair(self, document: dict[str, Any], random: Random) -> str:
        """Write a field of a pod, and one on which it may depend."""
        first = random.choice(self._turns)
        below = [f for f in self._published.leaves if f.path.startswith(_POD)]
        second = random.choice(below)
        if second.path.startswith(first.path):
            second = random.choice(below)
        for field in (first, second):
            self._injector.put(document, field, self._near(field, random), random)
        return f"{first.path}+{second.path}"

    def _many(self, document: dict[str, Any], random: Random) -> str:
        """Write several right values, and one on a border."""
        chosen = random.choices(self._published.leaves, k=random.choice((3, 4, 6)))
        for number, field in enumerate(chosen):
            if _REFUSED_ANYWAY not in field.path:
                quality: Quality = "right" if number else "border"
                value = self._values.of(field, quality, random)
                self._injector.put(document, field, value, random)
        return "+".join(field.path for field in chosen)

    def _update(
        self, document: dict[str, Any], setup: Setup, random: Random
    ) -> tuple[dict[str, Any], dict[str, Any], str]:
        """Return a document, what was there before it, and what the difference is."""
        if random.random() < 0.4:
            drawn = (shape(random) for _ in range(4))
            admitted = (one for one in drawn if not evaluate_document(one, setup).denials)
            document = next(admitted, document)
        name = document["metadata"].setdefault("name", "iris")
        first = random.choice(tuple(UPDATES))
        is_first = random.random() < 0.6 and UPDATES[first](document, random)
        changed = deepcopy(document)
        if random.random() < 0.6:
            names = _some_updates(random)
            if is_first and random.random() < 0.7:
                names[0] = first  # of one kind and then of another: what is left of the first
            names = [name for name in names if UPDATES[name](changed, random)]
        else:
            names = self._fields_in_turn(document, changed, random)
        for one in (document, changed):
            if type(one.get("metadata")) is dict:
                one["metadata"]["name"] = name
        both = (document, changed) if random.random() < 0.3 else (changed, document)
        return *both, "+".join(names)

    def _fields_in_turn(
        self, document: dict[str, Any], changed: dict[str, Any], random: Random
    ) -> list[str]:
        """Write a field, and in the changed document another one, or another value, in its place.

        What is of two kinds in turn, and what the API server fills in for either, is seen so.
        """
        children = self._published.children[random.choice(self._objects)]
        chosen = [random.choice(children) for _ in range(2)]
        place = random.randrange(2**32)
        for field, one in zip(chosen, (document, changed), strict=True):
            if one is document and random.random() < 0.3:
                continue
            self._injector.put(one, field, self._near(field, random), Random(place))
        return [field.path for field in chosen]

    def _inject(self, document: dict[str, Any], field: Field, random: Random) -> None:
        quality: Quality = random.choices(("right", "border", "wrong"), (25, 60, 15))[0]
        self._injector.put(document, field, self._values.of(field, quality, random), random)

    def _near(self, field: Field, random: Random) -> Any:
        quality: Quality = random.choices(("right", "border", "wrong"), (65, 32, 3))[0]
        return self._values.of(field, quality, random)


@cache
def _shapes() -> tuple[tuple[str, dict[str, Any]], ...]:
    """Return the project's documents that are admitted, by name."""
    written = bases.written()
    return tuple(each for each in written if not evaluate_document(each[1], SETUPS[0]).denials)


def _some_kinds(document: dict[str, Any], random: Random) -> str:
    names = random.sample(tuple(KINDS), random.choice((1, 1, 2)))
    if random.random() < 0.2:
        names.append(random.choice(tuple(CHANGES)))
    return "+".join(name for name in names if (KINDS | CHANGES)[name](document, random))


def _some_updates(random: Random) -> list[str]:
    return random.choices(tuple(UPDATES), k=random.choice((1, 1, 2, 3)))


def _setup(random: Random) -> Setup:
    """Return mostly one of the usual ways to run, at times one with a level or with routes."""
    kinds: tuple[Sequence[Setup], ...] = (SETUPS, ENFORCED, ROUTED)
    return random.choice(random.choices(kinds, (72, 12, 16))[0])
