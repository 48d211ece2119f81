"""Which documents are SeldonDeployments, and which are probably meant as one.

A document of another kind is skipped. One that says almost that it is a SeldonDeployment must not
be: nothing would check it, and kubectl refuses it or, worse, takes it for something else.
"""

from typing import Any

from webhook.graph.finding import Finding, Operation
from webhook.graph.path import ROOT, escape_pointer_token
from webhook.graph.suggest import (
    CERTAIN_SIMILARITY,
    LIKELY_SIMILARITY,
    nearest_word,
    spelling_fix_safety,
)
from webhook.graph.text import describe_value
from webhook.graph.well_known import SELDON_GROUP, SELDON_KIND
from webhook.rules.other_ids import MISSPELLED_KIND_RULE_ID


def is_seldon_deployment(document: Any) -> bool:
    """Return whether a document is a SeldonDeployment, of whatever apiVersion."""
    return isinstance(document, dict) and document.get("kind") == SELDON_KIND


def find_misspelled_kind(document: Any) -> Finding | None:
    """Return the finding for a document that is probably meant as a SeldonDeployment, else None.

    That is so under Seldon's apiVersion, with a kind that is SeldonDeployment but for its spelling,
    without any kind where there are predictors with a graph, and of a list of SeldonDeployments.
    """
    if isinstance(document, list) and any(map(is_seldon_deployment, document)):
        return Finding(
            ROOT,
            "a list is not an object: kubectl refuses the file",
            'write each item as a document of its own, after "---"',
            rule_id=MISSPELLED_KIND_RULE_ID,
        )
    if not isinstance(document, dict) or is_seldon_deployment(document):
        return None
    kind = document.get("kind")
    if kind is None:
        return _without_kind(document)
    if type(kind) is str and nearest_word(kind, [SELDON_KIND], CERTAIN_SIMILARITY):
        return Finding(
            ROOT / "kind",
            f'unknown kind "{kind}"',
            f"write kind: {SELDON_KIND}",
            ({"op": "replace", "path": "/kind", "value": SELDON_KIND},),
            rule_id=MISSPELLED_KIND_RULE_ID,
            fix_safety=spelling_fix_safety(kind, SELDON_KIND),
        )
    if _is_seldon_group(document.get("apiVersion")):
        return Finding(
            ROOT / "kind",
            f"kind is {describe_value(kind)}, but {SELDON_GROUP} has only {SELDON_KIND}",
            f"write kind: {SELDON_KIND}, or change apiVersion",
            rule_id=MISSPELLED_KIND_RULE_ID,
        )
    return None


def _without_kind(document: dict[str, Any]) -> Finding | None:
    key = next((k for k in document if _is_called_kind(k, document[k])), None)
    if key is not None:
        value = document[key]
        named = type(value) is str and (
            value == SELDON_KIND or nearest_word(value, [SELDON_KIND], CERTAIN_SIMILARITY)
        )
        if named or _is_seldon_document(document):
            rename: Operation = {
                "op": "move",
                "from": f"/{escape_pointer_token(key)}",
                "path": "/kind",
            }
            fix: tuple[Operation, ...] = (rename,) if "kind" not in document else ()
            return Finding(
                ROOT / key,
                f'unknown field "{key}"; the field is named "kind"',
                "write kind",
                fix,
                rule_id=MISSPELLED_KIND_RULE_ID,
                fix_safety="safe",
            )
    if not _is_seldon_document(document):
        return None
    add: Operation = {"op": "add", "path": "/kind", "value": SELDON_KIND}
    return Finding(
        ROOT,
        "kind is missing",
        f"add kind: {SELDON_KIND}",
        (add,),
        rule_id=MISSPELLED_KIND_RULE_ID,
        fix_safety="safe" if _is_seldon_group(document.get("apiVersion")) else "unsafe",
    )


def _is_called_kind(key: str, value: Any) -> bool:
    """Return whether a key is `kind` in capitals, or with a typo where its value is the kind."""
    if key == "kind":
        return False
    is_near = value == SELDON_KIND and nearest_word(key, ("kind",), LIKELY_SIMILARITY)
    return key.strip().lower() == "kind" or bool(is_near)


def _is_seldon_document(document: dict[str, Any]) -> bool:
    version = next((v for k, v in document.items() if k.lower() == "apiversion"), None)
    return _is_seldon_group(version) or _has_graph(document)


def _is_seldon_group(version: Any) -> bool:
    return type(version) is str and version.partition("/")[0].strip().lower() == SELDON_GROUP


def _has_graph(document: dict[str, Any]) -> bool:
    """Return whether there are predictors with a graph, which nothing else has."""
    spec = document.get("spec")
    predictors = spec.get("predictors") if isinstance(spec, dict) else None
    return isinstance(predictors, list) and any(
        isinstance(predictor, dict) and isinstance(predictor.get("graph"), dict)
        for predictor in predictors
    )
