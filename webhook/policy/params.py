"""Which parameter objects a binding chooses.

Source: k8s.io/apiserver pkg/admission/plugin/policy/generic/policy_dispatcher.go, CollectParams.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from webhook.graph.model import get_mapping, get_str
from webhook.graph.selectors import get_labels
from webhook.policy.model import Binding, ParamRef, Policy


class ParamNotFoundError(Exception):
    """A binding requires a parameter object that does not exist."""


def resolve_params(
    policy: Policy,
    binding: Binding,
    param_objects: Mapping[tuple[str, str], tuple[Any, ...]],
    namespace: str,
) -> Sequence[Any]:
    """Return the parameter objects of a binding; (None,) where none is used.

    namespace  of the request: the default namespace of a parameter
    Raise ParamNotFoundError where there is none and the binding denies that.
    """
    reference = binding.param_ref
    if policy.param_kind is None or reference is None:
        return (None,)
    params = [
        value
        for value in param_objects.get(policy.param_kind, ())
        if _is_referenced(value, reference, reference.namespace or namespace)
    ]
    if not params and reference.deny_if_missing:
        kind = policy.param_kind[1]
        description = f'"{reference.name}"' if reference.name else "of the selector's labels"
        raise ParamNotFoundError(f"no {kind} {description} found for the binding {binding.name}")
    return params


def _is_referenced(value: Any, reference: ParamRef, namespace: str) -> bool:
    """Return whether a reference means an object; one without a namespace is the cluster's."""
    metadata = get_mapping(value, "metadata")
    object_namespace = get_str(metadata, "namespace")
    if object_namespace and object_namespace != namespace:
        return False
    if reference.selector is not None:
        return reference.selector.matches(get_labels(value))
    return get_str(metadata, "name") == reference.name
