"""Mutants are many-sided, and the same for the same seed."""

import json
from copy import deepcopy
from random import Random

from tests.documents_of import minimal
from tests.soundness import bases
from tests.soundness.campaign import cases
from tests.soundness.judging import SETUPS, evaluate_document
from tests.soundness.mutate import CHANGES, all_locations, mutant


def test_a_seed_gives_the_same_mutants_each_time():
    first, second = ([case.document for case in cases(20, seed=7)] for _ in range(2))
    assert first == second
    assert first != [case.document for case in cases(20, seed=8)]


def test_a_mutant_leaves_its_document_as_it_was():
    document = minimal()
    for seed in range(50):
        mutant(document, Random(seed))
    assert document == minimal()


def test_every_kind_of_change_is_made_and_changes_something():
    unchanged = set(CHANGES)
    for name, change in CHANGES.items():
        for seed in range(60):
            random = Random(seed)
            document = bases.drawn(random, bases.written())
            changed = deepcopy(document)
            if change(changed, random) and changed != document:
                unchanged.discard(name)
    assert unchanged == set()


def test_a_mutant_is_json_and_still_a_seldon_deployment():
    for case in cases(200, seed=3):
        assert json.loads(json.dumps(case.document, allow_nan=False)) == case.document
        assert case.document["kind"] == "SeldonDeployment"


def test_a_mutant_has_one_to_three_changes_and_their_names():
    for seed in range(30):
        _, names = mutant(minimal(), Random(seed))
        assert 1 <= len(names) <= 3
        assert set(names) <= set(CHANGES)


def test_a_new_document_changes_few_of_the_choices():
    known = bases.written()
    choices = [
        [bases.drawn(Random(seed), documents)["metadata"] for seed in range(300)]
        for documents in (known, (*known, ("new", minimal())))
    ]
    assert sum(a != b for a, b in zip(*choices, strict=True)) < 10


def test_places_are_every_value_below_the_root_but_the_kind():
    found = {str(place.path) for place in all_locations({"kind": "x", "a": [1, {"b": 2}]})}
    assert found == {"a", "a[0]", "a[1]", "a[1].b"}


def test_the_documents_that_mutants_are_made_of_are_admitted_in_part_and_of_every_rule():
    names = [name for name, _ in bases.written()]
    assert len(names) == len(set(names))
    admitted = [d for _, d in bases.written() if not evaluate_document(d, SETUPS[0]).denials]
    assert 100 < len(admitted) < len(names)
