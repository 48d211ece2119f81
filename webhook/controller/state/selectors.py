"""A Deployment's selector cannot be changed: one that is there keeps the one that it has. Pure.

Seldon's operator and other versions of graphgate choose other selectors. Where the pods can carry
the labels that the live selector asks for, the Deployment is updated in place: its pods are
replaced as in any rollout, and its replicas stay with whoever scales it. Otherwise it is recreated
(`plan`).

Belongs here: whether a selector can be kept, and the object that does.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import orjson

from webhook.controller.state.observed import ObjectKey, ObservedObject
from webhook.controller.state.plan import DesiredObject, with_object
from webhook.graph.model import get_mapping
from webhook.graph.selectors import has_labels


def keep_live_selectors(
    desired: Sequence[DesiredObject], observed: Mapping[ObjectKey, ObservedObject]
) -> tuple[DesiredObject, ...]:
    """Return the objects, Deployments with the selectors that they have in the cluster."""
    result = []
    for one in desired:
        live = observed.get(one.key)
        differs = live is not None and live.selector != one.selector and not live.is_deleting
        result.append(_with_selector(one, live.selector, desired) if live and differs else one)
    return tuple(result)


def _with_selector(
    one: DesiredObject, live_selector: str, desired: Sequence[DesiredObject]
) -> DesiredObject:
    """Return the Deployment with the live selector; as it is, if its pods could not be found then.

    No Service and no budget may gain or lose these pods by the labels that the selector asks for.
    """
    selector = orjson.loads(live_selector) if live_selector else {}
    labels = selector.get("matchLabels")
    if not labels or selector.keys() != {"matchLabels"}:
        return one
    spec = one.object["spec"]
    template = spec["template"]
    old = get_mapping(get_mapping(template, "metadata"), "labels")
    new = {**old, **labels}
    if any(_matches(s, old) != _matches(s, new) for s in _pod_selectors(desired)):
        return one
    metadata = {**get_mapping(template, "metadata"), "labels": new}
    spec = {**spec, "selector": selector, "template": {**template, "metadata": metadata}}
    return with_object(one, {**one.object, "spec": spec})


def _pod_selectors(desired: Sequence[DesiredObject]) -> Iterator[Mapping[str, Any]]:
    for one in desired:
        selector = get_mapping(get_mapping(one.object, "spec"), "selector")
        if one.key[0] == "Service":
            yield selector
        elif one.key[0] == "PodDisruptionBudget":
            yield get_mapping(selector, "matchLabels")


def _matches(selector: Mapping[str, Any], labels: Mapping[str, Any]) -> bool:
    return bool(selector) and has_labels(labels, selector)
