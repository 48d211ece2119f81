"""Which parameter objects a binding chooses.

Source: k8s.io/apiserver pkg/admission/plugin/policy/generic/policy_dispatcher.go, CollectParams.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from webhook.graph.model import mapping, text
from webhook.policy.policy import Binding, ParamRef, Policy
from webhook.policy.selectors import labels_of


class MissingParams(Exception):  # noqa: N818 — named by the fault, as all of ours
    """A binding demands a parameter object, and there is none."""


def chosen_params(
    policy: Policy,
    binding: Binding,
    known: Mapping[tuple[str, str], tuple[Any, ...]],
    namespace: str,
) -> Sequence[Any]:
    """Return the parameter objects of a binding; (None,) where none is used.

    namespace  of the request: where an object is looked for whose reference names none
    Raise MissingParams where there is none and the binding denies that.
    """
    reference = binding.params
    if policy.param_kind is None or reference is None:
        return (None,)
    found = [
        value
        for value in known.get(policy.param_kind, ())
        if _chosen(value, reference, reference.namespace or namespace)
    ]
    if not found and reference.deny_if_missing:
        kind = policy.param_kind[1]
        wanted = f'"{reference.name}"' if reference.name else "of the selector's labels"
        raise MissingParams(f"no {kind} {wanted} is there for the binding {binding.name}")
    return found


def _chosen(value: Any, reference: ParamRef, namespace: str) -> bool:
    """Tell whether a reference means an object; one without a namespace is the cluster's."""
    metadata = mapping(value, "metadata")
    own = text(metadata, "namespace")
    if own and own != namespace:
        return False
    if reference.selector is not None:
        return reference.selector.matches(labels_of(value))
    return text(metadata, "name") == reference.name
