"""When traffic may move, and what may go: the order of changes around routes. Pure.

* A weight grows only when its backend serves: the predictor's Deployments are rolled out, and
  its Service has ready endpoints (`hold_routes`, and `route_stages` for the steps).
* A Service or Deployment is deleted only when no route refers to it, and every gateway has answered
  to the current version of graphgate's routes; a route for another kind of gateway only when the
  new gateway accepts the new routes (`find_kept`).

Belongs here: deciding. Does not belong here: reading routes (`routes`), the words of the status
(`traffic_status`).
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from webhook.controller.state.observed import ObjectKey, ObservedObject, selects_pods
from webhook.controller.state.plan import (
    AUTOSCALER_KINDS,
    PDB_KIND,
    DesiredObject,
    is_ready,
)
from webhook.controller.state.route_stages import ServingCheck, SettledCheck, stage_route
from webhook.controller.state.routes import READERS, ROUTE_FAMILIES, ObservedRoute
from webhook.graph.model import get_mapping
from webhook.graph.path import Path
from webhook.graph.well_known import EXPLAINER_LABEL


@dataclass(frozen=True, slots=True)
class TrafficStep:
    """What may be done about routes now.

    objects        what is to be applied
    held           routes that stay as they are, each with the reason
    staged         routes that are on their way to what they should be, each with the reason
    kept           what is no longer desired but must stay, each with the reason
    others         routes that lead to Services of the object and are not what we make
    requeue_after  seconds after which to reconcile again; None: when something changes
    """

    objects: tuple[DesiredObject, ...]
    held: Mapping[ObjectKey, str] = field(default_factory=dict)
    staged: Mapping[ObjectKey, str] = field(default_factory=dict)
    kept: Mapping[ObjectKey, str] = field(default_factory=dict)
    others: tuple[ObservedRoute, ...] = ()
    requeue_after: float | None = None


NO_TRAFFIC = TrafficStep(())


class GatedRoutes(NamedTuple):
    """What is applied now.

    desired  all objects, routes in the form that they are to have now
    held     the routes that stay as they are, each with the reason
    staged   those that are on their way to what they should be, each with what they wait for
    """

    desired: tuple[DesiredObject, ...]
    held: Mapping[ObjectKey, str]
    staged: Mapping[ObjectKey, str]


def hold_routes(
    desired: Sequence[DesiredObject],
    observed: Mapping[ObjectKey, ObservedObject],
    check_serving: ServingCheck,
    why_unsettled: SettledCheck,
) -> GatedRoutes:
    """Return the objects, with routes only as far as what they lead to serves.

    check_serving  called only for Services whose share would grow
    why_unsettled  called only where the next step of a route waits for its gateway
    """
    result: list[DesiredObject] = []
    held: dict[ObjectKey, str] = {}
    staged: dict[ObjectKey, str] = {}
    for one in desired:
        live = observed.get(one.key)
        if one.key[0] not in READERS or (live is not None and live.digest == one.digest):
            result.append(one)
            continue
        stage = stage_route(one, live.route if live else None, check_serving, why_unsettled)
        result.append(stage.desired or one)
        if stage.desired is None:
            held[one.key] = stage.reason
        elif stage.reason:
            staged[one.key] = stage.reason
    _hold_groups(result, observed, held)
    return GatedRoutes(tuple(result), held, staged)


def _hold_groups(
    desired: Sequence[DesiredObject],
    observed: Mapping[ObjectKey, ObservedObject],
    held: dict[ObjectKey, str],
) -> None:
    """Hold all Mappings with one of them: together they are one split, an object for each share."""
    reason = next((why for (kind, _), why in held.items() if kind == "Mapping"), "")
    if not reason or not any(kind == "Mapping" for kind, _ in observed):
        return
    for one in desired:
        live = observed.get(one.key)
        if one.key[0] == "Mapping" and (live is None or live.digest != one.digest):
            held.setdefault(one.key, reason)


def why_not_serving(
    service: str,
    desired: Sequence[DesiredObject],
    observed: Mapping[ObjectKey, ObservedObject],
) -> str:
    """Return what of a predictor keeps its Service from serving; "": nothing that we see."""
    target = next((one for one in desired if one.key == ("Service", service)), None)
    if target is None:
        return "" if ("Service", service) in observed else f"Service {service} does not exist"
    part = _part_of(target)
    for one in desired:
        if one.key[0] not in ("Service", "Deployment") or _part_of(one) != part:
            continue
        if not is_ready(one, observed.get(one.key)):
            return f"{one.key[0]} {one.key[1]} is not ready"
    return ""


def _part_of(one: DesiredObject) -> tuple[Path, bool]:
    """Return the predictor that an object is of, and whether it is of its explainer."""
    source = one.rendered.trace(())
    labels = get_mapping(one.object["metadata"], "labels")
    is_explainer = source[3:4] == ("explainer",) or EXPLAINER_LABEL in labels
    return Path(source[:3]), is_explainer


def find_kept(
    desired: Sequence[DesiredObject],
    observed: Mapping[ObjectKey, ObservedObject],
    routes: Iterable[ObservedRoute],
    unsettled: str,
    namespace: str,
) -> dict[ObjectKey, str]:
    """Return what is no longer desired but must stay for now, each with the reason.

    A route of the kind that is set goes at once: two that want one host would be in each other's
    way, and neither would be accepted.

    routes     those that refer to Services of this object, whatever their owner
    unsettled  why a gateway may still use an older version of a managed route; "": it does not
    """
    names = {one.key for one in desired}
    stale = {key: child for key, child in observed.items() if key not in names}
    routes_to_be = [c.route for key, c in observed.items() if key in names and c.route is not None]
    refusal = next((route.refusal for route in routes_to_be if route.refusal), "")
    families = {ROUTE_FAMILIES[kind] for kind, _ in names if kind in ROUTE_FAMILIES}
    services = [child for child in observed.values() if child.kind == "Service"]
    reasons = dict(_led_to(stale, routes, namespace))
    kept: dict[ObjectKey, str] = {}
    for key, child in stale.items():
        if child.kind == "Service":
            kept[key] = reasons.get(_group(child), unsettled)
        elif child.kind == "Deployment":
            groups = {_group(service) for service in services if selects_pods(service, child)}
            kept[key] = next((reasons[g] for g in sorted(groups) if g in reasons), unsettled)
        elif families and ROUTE_FAMILIES.get(child.kind, "") not in {*families, ""}:
            # Of another kind of gateway: it serves until the new one does.
            kept[key] = refusal or unsettled
    for key, child in stale.items():
        if child.kind in {*AUTOSCALER_KINDS, PDB_KIND}:
            kept[key] = kept.get(("Deployment", child.name), "")
    return {key: reason for key, reason in kept.items() if reason}


def _led_to(
    stale: Mapping[ObjectKey, ObservedObject], routes: Iterable[ObservedRoute], namespace: str
) -> Iterator[tuple[str, str]]:
    """Yield the predictors' Services to which, or to a part of which, a route leads."""
    for route in routes:
        for place, name in sorted(route.services):
            child = stale.get(("Service", name))
            if child is not None and place == namespace:
                yield _group(child), f"{route} sends traffic to Service {name}"


def _group(service: ObservedObject) -> str:
    """Return the predictor's Service that a Service belongs to: the graph calls its containers."""
    return service.predictor_service or service.name
