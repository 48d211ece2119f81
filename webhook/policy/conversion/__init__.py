"""Policies of other systems, converted to Kubernetes' format, mechanically.

    conversion = convert_documents(documents, "kyverno")
    conversion.objects     policies, bindings and parameters, ready to be written
    conversion.notes       what was left out, and why

What is CEL there stays CEL, word for word. Whatever is not CEL (patterns, Rego, images, generated
objects) is left out and named: nothing is guessed.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from webhook.policy.conversion import gatekeeper, kyverno
from webhook.policy.conversion.result import Conversion, ConvertedPart

_CONVERTERS: dict[str, Callable[[list[dict[str, Any]]], Iterator[ConvertedPart]]] = {
    "kyverno": kyverno.convert,
    "gatekeeper": gatekeeper.convert,
}
SYSTEMS = tuple(_CONVERTERS)


def convert_documents(documents: Iterable[Any], system: str) -> Conversion:
    """Return what the objects of another system become; see SYSTEMS."""
    raw = [document for document in documents if isinstance(document, dict)]
    objects: list[dict[str, Any]] = []
    notes: list[str] = []
    for part in _CONVERTERS[system](raw):
        objects.extend(part.objects)
        notes.extend(part.notes)
    return Conversion(tuple(objects), tuple(notes))


def explain_problem(message: str, system: str) -> str:
    """Return what a policy that does not load lacks, with what the other system has for it."""
    return kyverno.explain_problem(message) if system == "kyverno" else message


__all__ = ["SYSTEMS", "Conversion", "convert_documents", "explain_problem"]
