"""The condition TrafficRouted: what splits the traffic, and by which weights. Pure.

    True   Routed           HTTPRoute models/iris: main 75, canary 25 (Gateway infra/public)
    True   RoutedByOther    VirtualService models/old: main 75, canary 25; not managed by graphgate
    False  NothingRoutes    nothing routes: 75/25 is not enforced
    False  OtherWeights     VirtualService models/old sends 25/75: 75/25 is not enforced
    False  Waiting          HTTPRoute models/iris sends 100/0: Deployment … is not ready
    False  NotAccepted      Gateway infra/public: ResolvedRefs False: BackendNotFound: …
    False  TypeNotInstalled the cluster has no type HTTPRoute (gateway.networking.k8s.io/v1); …
    Unknown  NoAnswer       Gateway infra/public has not accepted the current version of HTTPRoute
             models/iris

There is no condition if there is nothing to split: one predictor, and no managed route.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from webhook.controller.state.observed import ObservedObject
from webhook.controller.state.plan import DesiredObject
from webhook.controller.state.progress import ReconcileState, summarize
from webhook.controller.state.route_stages import shares
from webhook.controller.state.routes import (
    READERS,
    Destination,
    ObservedRoute,
    RouteRule,
)
from webhook.graph.model import Predictor, SeldonDeployment, get_mapping, get_str
from webhook.rendering.metadata import PREDICTOR_SERVICE

VERDICT_TYPES = ("Accepted", "ResolvedRefs", "Programmed")
"""Conditions of a route that must not be False. (Source: Gateway API, RouteConditionType; some
gateways say Programmed of routes as well.)"""


class TrafficVerdict(NamedTuple):
    """Status, reason and message of the condition."""

    status: str
    reason: str
    message: str


class _Backend(NamedTuple):
    """A live predictor, the name of its Service, and its share of the requests."""

    predictor: str
    service: str
    share: float


def find_traffic_verdict(view: SeldonDeployment, state: ReconcileState) -> TrafficVerdict | None:
    """Return what is to be said of the traffic; None: nothing."""
    routes = [one for one in state.desired if one.key[0] in READERS]
    strays = list(_find_strays(state))
    if len(view.predictors) < 2 and not routes and not strays:
        return None
    if state.error and not state.desired:
        return TrafficVerdict("Unknown", state.error.reason, "")
    live = [p for p in view.predictors if not p.is_shadow]
    backends = _backends(live, state)
    if not backends:
        return None
    others = list(_find_others(state, backends))
    if strays:
        return TrafficVerdict("False", "OtherWeights", summarize(strays))
    if not routes:
        return _without_routing(view, backends, others)
    return _by_our_routes(routes, backends, others, state)


def _without_routing(
    view: SeldonDeployment,
    backends: Sequence[_Backend],
    others: Sequence[tuple[ObservedRoute, list[float]]],
) -> TrafficVerdict:
    wanted = _percentages(b.share for b in backends)
    shadows = [p.name for p in view.predictors if p.is_shadow]
    if not others:
        messages = [f"{wanted} is not enforced"] if len(backends) > 1 else []
        messages += [f"shadow {name} receives no copies" for name in shadows]
        return TrafficVerdict("False", "NothingRoutes", f"no routes: {'; '.join(messages)}")
    wrong = [(route, sent) for route, sent in others if _percentages(sent) != wanted]
    if wrong:
        messages = [f"{route} sends {_percentages(sent)}" for route, sent in wrong]
        return TrafficVerdict(
            "False", "OtherWeights", f"{summarize(messages)}: {wanted} is not enforced"
        )
    names = summarize([str(route) for route, _ in others])
    split = _spell((b.predictor, b.share) for b in backends)
    return TrafficVerdict("True", "RoutedByOther", f"{names}: {split}; not managed by graphgate")


def _by_our_routes(
    routes: Sequence[DesiredObject],
    backends: Sequence[_Backend],
    others: Sequence[tuple[ObservedRoute, list[float]]],
    state: ReconcileState,
) -> TrafficVerdict:
    missing = [state.unserved[one.key] for one in routes if one.key in state.unserved]
    if missing:
        return TrafficVerdict("False", "TypeNotInstalled", missing[0])
    live = [(one, state.observed.get(one.key)) for one in routes]
    if waiting := list(_waiting(live, backends, state)):
        return TrafficVerdict("False", "Waiting", summarize(waiting))
    found = [c.route for _, c in live if c is not None and c.route is not None]
    if refused := list(_refusals(found)):
        return TrafficVerdict("False", "NotAccepted", summarize(refused))
    silent = [
        f"Gateway {gateway} has not accepted the current version of {route}"
        for route in found
        for gateway, has_answered in route.parents
        if not has_answered
    ]
    if silent:
        return TrafficVerdict("Unknown", "NoAnswer", summarize(silent))
    wanted = _percentages(b.share for b in backends)
    wrong = [(route, sent) for route, sent in others if _percentages(sent) != wanted]
    if wrong:
        messages = [f"{route} sends {_percentages(sent)}" for route, sent in wrong]
        return TrafficVerdict(
            "False",
            "OtherWeights",
            f"{summarize(messages)} in addition to graphgate's routes, which send {wanted}",
        )
    left = [f"{r} is obsolete" for r in _find_leftovers(state)]
    splits = [(r, sent) for r in _join_mappings(found) if (sent := _sent(r, backends)) is not None]
    split = [_describe(route, sent, backends) for route, sent in splits]
    return TrafficVerdict("True", "Routed", summarize(split + left))


def _waiting(
    live: Iterable[tuple[DesiredObject, ObservedObject | None]],
    backends: Sequence[_Backend],
    state: ReconcileState,
) -> Iterator[str]:
    """Yield which routes are not in their desired form yet, what they send now, and why."""
    for one, child in live:
        if child is not None and child.digest == one.digest and not child.is_deleting:
            continue
        step = state.traffic
        reason = step.held.get(one.key) or step.staged.get(one.key) or "it is being updated"
        sent = _sent(child.route, backends) if child is not None and child.route else None
        name = f"{one.key[0]} {one.object['metadata']['namespace']}/{one.key[1]}"
        yield f"{name} sends {_percentages(sent)}: {reason}" if sent else f"{name}: {reason}"


def _refusals(routes: Iterable[ObservedRoute]) -> Iterator[str]:
    for route in routes:
        for c in route.conditions:
            if c.type in VERDICT_TYPES and c.status == "False":
                why = f"{c.reason}: {c.message}" if c.message else c.reason
                yield f"Gateway {c.parent}: {route}: {c.type} False: {why}"


def _describe(route: ObservedRoute, sent: Sequence[float], backends: Sequence[_Backend]) -> str:
    text = f"{route}: {_spell(zip((b.predictor for b in backends), sent, strict=True))}"
    gateways = ", ".join(dict.fromkeys(name for name, _ in route.parents))
    return f"{text} (Gateway {gateways})" if gateways else text


def _backends(live: Sequence[Predictor], state: ReconcileState) -> list[_Backend]:
    """Return the live predictors with their Services and what the document gives them of 1."""
    weights = [float(p.traffic or 0) for p in live]
    if len(live) == 1:
        weights = [100.0]
    total = sum(weights) or 1.0
    names = {p.path: _service_name(p, state) for p in live}
    return [
        _Backend(p.name, names[p.path], weight / total)
        for p, weight in zip(live, weights, strict=True)
        if names[p.path]
    ]


def _service_name(predictor: Predictor, state: ReconcileState) -> str:
    for one in state.desired:
        labels = get_mapping(one.object["metadata"], "labels")
        is_own = one.key[0] == "Service" and get_str(labels, PREDICTOR_SERVICE) == one.key[1]
        if is_own and one.rendered.trace(())[: len(predictor.path)] == predictor.path:
            return one.key[1]
    return ""


def _find_others(
    state: ReconcileState, backends: Sequence[_Backend]
) -> Iterator[tuple[ObservedRoute, list[float]]]:
    """Yield what foreign routes send to the predictors, grouped by match."""
    for route in _join_mappings(state.traffic.others):
        if (sent := _sent(route, backends)) is not None:
            yield route, sent


def _find_leftovers(state: ReconcileState) -> Iterator[ObservedRoute]:
    """Yield managed routes that are no longer desired, and that may not be deleted (yet)."""
    names = {one.key for one in state.desired}
    for key, child in state.observed.items():
        if child.route is not None and child.digest and key not in names:
            yield child.route


def _find_strays(state: ReconcileState) -> Iterator[str]:
    """Yield which foreign routes refer to a predictor that is not in the document."""
    names = {one.key for one in state.desired}
    for route in state.traffic.others:
        for _, name in sorted(route.services):
            if ("Service", name) in state.observed and ("Service", name) not in names:
                yield f"{route} sends traffic to {name}, which is not part of the object"


def _sent(route: ObservedRoute, backends: Sequence[_Backend]) -> list[float] | None:
    """Return which share each predictor gets; None: the route names none.

    Of several rules, that which has the document's weights (others may be for testers, by a
    header), else the first.
    """
    splits = []
    for rule in route.rules:
        by_name = {name: share for (_, name), share in shares(rule.destinations).items()}
        if any(b.service in by_name for b in backends):
            splits.append([by_name.get(b.service, 0.0) for b in backends])
    wanted = _percentages(b.share for b in backends)
    same = [split for split in splits if _percentages(split) == wanted]
    return next(iter(same or splits), None)


def _join_mappings(routes: Iterable[ObservedRoute]) -> Iterator[ObservedRoute]:
    """Yield routes; Mappings of one condition as one, because Ambassador splits among them."""
    groups: dict[str, list[ObservedRoute]] = {}
    for route in routes:
        if route.kind != "Mapping" or not route.rules:
            yield route
        else:
            groups.setdefault(route.rules[0].match, []).append(route)
    for match, members in groups.items():
        destinations: tuple[Destination, ...] = tuple(
            d for member in members for rule in member.rules for d in rule.destinations
        )
        first = members[0]
        yield ObservedRoute(
            kind="Mapping",
            namespace=first.namespace,
            name=", ".join(member.name for member in members),
            uid=first.uid,
            owner_uid=first.owner_uid,
            generation=first.generation,
            rules=(RouteRule(match, destinations),),
        )


def _percentages(values: Iterable[float]) -> str:
    """Return shares as "75/25"."""
    return "/".join(f"{100 * value:.3g}" for value in values)


def _spell(split: Iterable[tuple[str, float]]) -> str:
    """Return shares with their names: "main 75, canary 25"."""
    return ", ".join(f"{name} {100 * share:.3g}" for name, share in split)
