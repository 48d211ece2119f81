"""One run: documents are judged by graphgate and by the API server, and where they disagree is
collected. Whoever runs it gives the documents and the function that asks."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any

import yaml

from tests.soundness import bases
from tests.soundness.answers import ApiRejection, duplicate_rejection, origins
from tests.soundness.judging import SETUPS, ApiObject, Evaluation, Setup, evaluate_document
from tests.soundness.mutate import mutant
from tests.soundness.shrink import shrink

FindRejection = Callable[[ApiObject], ApiRejection | None]


@dataclass(frozen=True, slots=True)
class Case:
    """A document, how graphgate is run on it, and where it is from; of an update, the old one."""

    name: str
    document: dict[str, Any]
    setup: Setup
    old: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What both said of one document: refusals with the object that was refused."""

    case: Case
    evaluation: Evaluation
    rejections: tuple[tuple[ApiObject, ApiRejection], ...]

    @property
    def unsound(self) -> tuple[tuple[ApiObject, ApiRejection], ...]:
        """What graphgate admits and the API server refuses."""
        return () if self.evaluation.denials else self.rejections

    @property
    def stricter(self) -> bool:
        """Whether graphgate refuses what the API server takes."""
        return bool(
            self.evaluation.denials and self.evaluation.rendered_count and not self.rejections
        )


@dataclass(frozen=True, slots=True)
class Disagreement:
    """One thing that graphgate admits and the API server refuses, with the smallest document."""

    shape: str
    count: int
    message: str
    origins: tuple[str, ...]
    document: dict[str, Any]
    name: str
    old: dict[str, Any] | None = None


@dataclass(slots=True)
class Figures:
    """What a run has seen.

    stricter  by rule: documents that it alone, or with others, refuses and the API server takes
    alone     by rule: those of them that no other rule refuses
    """

    documents: int = 0
    objects: int = 0
    updates: int = 0
    updated_objects: int = 0
    admitted: int = 0
    denied: int = 0
    refused_by_both: int = 0
    stricter_documents: int = 0
    nothing_rendered: int = 0
    stricter: Counter[str] = field(default_factory=Counter)
    alone: Counter[str] = field(default_factory=Counter)
    changes: Counter[str] = field(default_factory=Counter)
    examples: dict[str, Case] = field(default_factory=dict)
    unsound: dict[str, list[tuple[Outcome, ApiObject, ApiRejection]]] = field(default_factory=dict)

    def add(self, outcome: Outcome) -> None:
        """Count one outcome."""
        evaluated = outcome.evaluation
        self.documents += 1
        self.objects += len(evaluated.objects)
        self.updates += outcome.case.old is not None
        self.updated_objects += sum(one.old is not None for one in evaluated.objects)
        for asked, rejected in outcome.unsound:
            for shape in rejected.shapes:
                self.unsound.setdefault(shape, []).append((outcome, asked, rejected))
        if not evaluated.denials:
            self.admitted += 1
            return
        self.denied += 1
        self.refused_by_both += bool(outcome.rejections)
        self.nothing_rendered += not evaluated.rendered_count and not outcome.rejections
        if outcome.stricter:
            self.stricter_documents += 1
            self.stricter.update(evaluated.denials)
            if len(evaluated.denials) == 1:
                self.alone.update(evaluated.denials)
                self.examples.setdefault(evaluated.denials[0], outcome.case)


def describe_disagreement(one: Disagreement) -> str:
    """Return a disagreement as text: both sides, where it comes from, and the document."""
    documents = [one.document] if one.old is None else [one.old, one.document]
    document = yaml.safe_dump_all(documents, sort_keys=False, allow_unicode=True, width=100)
    return (
        f"admitted though refused, {one.count} times: {one.shape}\n"
        f"  the API server: {one.message[:600]}\n"
        f"  from: {', '.join(one.origins)} ({one.name})\n{document}"
    )


def cases(count: int, seed: int) -> Iterator[Case]:
    """Yield so many mutants, always the same for one seed."""
    known = [one for one in bases.written() if not evaluate_document(one[1], SETUPS[0]).denials]
    for number in range(count):
        random = Random(f"{seed}/{number}")
        document, names = mutant(bases.drawn(random, known), random)
        yield Case(f"{seed}/{number} {'+'.join(names)}", document, random.choice(SETUPS))


def written_cases(setups: Sequence[Setup] = SETUPS) -> Iterator[Case]:
    """Yield every document of the project's own files, in each setup."""
    for name, document in bases.written():
        for number, setup in enumerate(setups):
            yield Case(f"{name} in setup {number}", document, setup)


def run(cases: Iterable[Case], find_rejection: FindRejection, threads: int = 4) -> Figures:
    """Judge each document both ways; the order of the figures is that of the documents."""
    figures = Figures()
    with ThreadPoolExecutor(threads) as pool:
        for outcome in pool.map(lambda case: evaluate_case(case, find_rejection), cases):
            figures.add(outcome)
    return figures


def evaluate_case(case: Case, find_rejection: FindRejection) -> Outcome:
    """Return what both say of one document.

    A pod is only asked for where its Deployment is taken, and after the first refusal of a denied
    document nothing more is: it is known then that both refuse. A denied document is rendered in
    every setup: what one of them makes of it may be what the rule is about. An update starts from
    what is admitted; what is not counts as a new document.
    """
    if case.old is not None and evaluate_document(case.old, case.setup).denials:
        case = replace(case, old=None)
    evaluation, rejections = _ask_both(case, case.setup, find_rejection)
    for other in SETUPS:
        if evaluation.denials and not rejections and other is not case.setup:
            setup = replace(other, facts=case.setup.facts)
            _, rejections = _ask_both(case, setup, find_rejection)
    return Outcome(case, evaluation, rejections)


ABOUT_UPDATES = frozenset({"immutable-field-changed", "service-name-changed"})
"""Rules that say that a controller deletes an object and makes it anew."""


def _ask_both(
    case: Case, setup: Setup, refuses: FindRejection
) -> tuple[Evaluation, tuple[tuple[ApiObject, ApiRejection], ...]]:
    evaluated = evaluate_document(case.document, setup, case.old)
    refusals: list[tuple[ApiObject, ApiRejection]] = []
    taken = True
    names: set[tuple[str, str]] = set()
    for asked in evaluated.objects:
        if asked.kind == "Pod" and not taken:
            continue
        rejected = refuses(asked) or _twin(asked, names)
        if rejected is not None and asked.is_made_anew and evaluated.warnings & ABOUT_UPDATES:
            rejected = refuses(replace(asked, old=None))
        taken = rejected is None
        if rejected is not None:
            refusals.append((asked, rejected))
            if evaluated.denials:
                break
    return evaluated, tuple(refusals)


def _twin(asked: ApiObject, names: set[tuple[str, str]]) -> ApiRejection | None:
    """Return the refusal of an object whose name another one of the document has."""
    metadata = asked.object.get("metadata")
    name = metadata.get("name") if type(metadata) is dict else None
    if type(name) is not str:
        return None
    if (asked.kind, name) in names:
        return duplicate_rejection(asked.kind, name)
    names.add((asked.kind, name))
    return None


def disagreements(figures: Figures, refuses: FindRejection) -> list[Disagreement]:
    """Return each kind of disagreement once, the frequent ones first, with a small document."""
    found = [_shrink_case(shape, seen, refuses) for shape, seen in figures.unsound.items()]
    return sorted(found, key=lambda one: (-one.count, one.shape))


def _shrink_case(
    shape: str, seen: list[tuple[Outcome, ApiObject, ApiRejection]], refuses: FindRejection
) -> Disagreement:
    case = min(
        (outcome.case for outcome, _, _ in seen), key=lambda c: len(repr((c.document, c.old)))
    )

    def still(
        document: dict[str, Any], old: dict[str, Any] | None
    ) -> tuple[ApiObject, ApiRejection] | None:
        outcome = evaluate_case(replace(case, document=document, old=old), refuses)
        return next((one for one in outcome.unsound if shape in one[1].shapes), None)

    small, old = case.document, case.old
    if old is not None:
        small, old = _shrink_together(small, old, lambda *both: still(*both) is not None)
    small = shrink(small, lambda document: still(document, old) is not None)
    if old is not None:
        old = shrink(old, lambda document: still(small, document) is not None)
    asked, rejected = still(small, old) or next((a, r) for o, a, r in seen if o.case is case)
    return Disagreement(
        shape=shape,
        count=len(seen),
        message=rejected.message,
        origins=tuple(map(str, origins(rejected, asked.trace))),
        document=small,
        name=case.name,
        old=old,
    )


def _shrink_together(
    document: dict[str, Any],
    old: dict[str, Any],
    fails: Callable[[dict[str, Any], dict[str, Any]], bool],
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return both without what can be removed from both at once, like a predictor."""

    def in_both(smaller: dict[str, Any]) -> dict[str, Any]:
        kept: dict[str, Any] = _keep_places(old, document, smaller)
        return kept

    small = shrink(document, lambda smaller: fails(smaller, in_both(smaller)))
    return (small, in_both(small)) if fails(small, in_both(small)) else (document, old)


def _keep_places(old: Any, before: Any, after: Any) -> Any:
    """Return `old` without what went from `before` to `after`: fields only, lists stay."""
    if type(old) is type(before) is type(after) is dict:
        return {
            key: _keep_places(old[key], before.get(key), after.get(key))
            for key in old
            if key in after or key not in before
        }
    if type(old) is type(before) is type(after) is list and len(before) == len(after):
        kept = [_keep_places(*three) for three in zip(old, before, after, strict=False)]
        return kept + old[len(kept) :]
    return old
