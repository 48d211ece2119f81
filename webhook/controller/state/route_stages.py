"""The forms through which a route goes from what it is to what it should be. Pure.

A gateway may hear of a changed route before it hears of a new backend, or of a backend's end before
it hears that no route leads there; for a moment it then has nowhere to send a request. So a change
of weights has up to three steps, and between them the gateway takes up the last one:

    main 100                        what there is
    main 100, canary 0              the new backend is named, and gets nothing
    main 0, canary 100              it serves, and the weights move
    canary 100                      the old backend is not named any more

The first step needs no ready backend, the second waits for one. A new rule or route starts with
the backends that serve.
"""

import copy
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any, NamedTuple

import orjson

from webhook.controller.state.plan import DesiredObject, with_object
from webhook.controller.state.routes import (
    Destination,
    ObservedRoute,
    RouteRule,
    ServiceName,
    read_route,
)
from webhook.graph.model import get_int

ServingCheck = Callable[[str], str]
"""Takes the name of a Service; returns why no traffic may go there, "": it may."""

SettledCheck = Callable[[], str]
"""Returns why a gateway may still follow an older form of the routes; "": it does not."""


class RouteStage(NamedTuple):
    """What a route is to be now.

    desired  None: as it is; it is not made if it is not there
    reason   why that is not what it should be; "": it is
    """

    desired: DesiredObject | None
    reason: str = ""


class _RuleForm(NamedTuple):
    """The destinations of a rule for now.

    weights   by Service, where they are not those of the document
    retained  destinations that the document does not have
    reason    why this is not what the rule should be; "": it is
    starts    whether a backend serves
    """

    weights: Mapping[ServiceName, float]
    retained: tuple[Destination, ...] = ()
    reason: str = ""
    starts: bool = True


_FINAL = _RuleForm({})


def stage_route(
    one: DesiredObject,
    live: ObservedRoute | None,
    check_serving: ServingCheck,
    why_unsettled: SettledCheck,
) -> RouteStage:
    """Return what a route is to be now; `live` is what it is, None: it is not there."""
    known = {rule.match: rule for rule in live.rules} if live else {}
    forms = []
    for rule in read_route(one.object, one.key[0]).rules:
        before = known.get(rule.match)
        if before is None:
            forms.append(_begin(rule, check_serving))
        else:
            forms.append(_move(rule, before, check_serving, why_unsettled))
    reason = "; ".join(dict.fromkeys(form.reason for form in forms if form.reason))
    if not reason:
        return RouteStage(one)
    has_forms = one.key[0] != "Mapping"
    if not has_forms or (live is None and not any(form.starts for form in forms)):
        return RouteStage(None, reason)
    return RouteStage(_with_forms(one, forms), reason)


def _begin(rule: RouteRule, check_serving: ServingCheck) -> _RuleForm:
    gaining = sorted(growing_services(rule, None))
    waiting = {service: why for service in gaining if (why := check_serving(service[1]))}
    reason = "; ".join(waiting.values())
    if waiting and len(waiting) == len(gaining):
        return _RuleForm({}, reason=reason, starts=False)
    return _RuleForm(dict.fromkeys(waiting, 0.0), reason=reason)


def _move(
    rule: RouteRule, before: RouteRule, check_serving: ServingCheck, why_unsettled: SettledCheck
) -> _RuleForm:
    wanted = {d.service for d in rule.destinations if not d.is_mirror}
    present = {d.service: d for d in before.destinations if not d.is_mirror}
    gone = tuple(replace(d, weight=0.0) for service, d in present.items() if service not in wanted)
    gaining = sorted(growing_services(rule, before))
    if not gaining:
        reason = gone and why_unsettled()
        return _RuleForm({}, gone, str(reason)) if reason else _FINAL
    reason = "; ".join(why for _, name in gaining if (why := check_serving(name)))
    added = wanted - present.keys()
    if not reason and added:
        names = ", ".join(sorted(name for _, name in added))
        reason = f"waiting for the gateway to accept {names}"
    if not reason and any(not present[service].weight for service in gaining):
        reason = why_unsettled()
    if reason:
        weights = {service: present[service].weight or 0.0 for service in wanted & present.keys()}
        retained = tuple(d for service, d in present.items() if service not in wanted)
        return _RuleForm(weights | dict.fromkeys(added, 0.0), retained, reason)
    if gone:
        names = ", ".join(sorted(d.service[1] for d in gone))
        return _RuleForm({}, gone, f"waiting for the gateway to stop sending traffic to {names}")
    return _FINAL


def growing_services(rule: RouteRule, before: RouteRule | None) -> Iterator[ServiceName]:
    """Yield the Services to which a rule sends a larger share than before; None: any share."""
    old = shares(before.destinations, before.whole) if before else {}
    for service, share in shares(rule.destinations, rule.whole).items():
        if share > old.get(service, 0.0) + 1e-9:
            yield service


def shares(destinations: Iterable[Destination], whole: float = 0.0) -> dict[ServiceName, float]:
    """Return which part of the requests each Service gets; copies are not counted.

    whole  what the weights are parts of; 0: of their sum
    """
    weights: dict[ServiceName, float] = {}
    live = [d for d in destinations if not d.is_mirror]
    rest = max(0.0, 100.0 - sum(d.weight or 0.0 for d in live))
    without = sum(d.weight is None for d in live)
    for one in live:
        weight = rest / without if one.weight is None else one.weight
        weights[one.service] = weights.get(one.service, 0.0) + weight
    total = whole or sum(weights.values())
    return {service: weight / total if total else 0.0 for service, weight in weights.items()}


def _with_forms(one: DesiredObject, forms: Iterable[_RuleForm]) -> DesiredObject:
    """Return the route with other destinations; its rules are in the order of `forms`."""
    obj = copy.deepcopy(dict(one.object))
    key, rules = (
        ("backendRefs", obj["spec"]["rules"])
        if "rules" in obj["spec"]
        else ("route", obj["spec"]["http"])
    )
    targets = read_route(one.object, one.key[0]).rules
    for raw, rule, form in zip(rules, targets, forms, strict=True):
        destinations = [d for d in rule.destinations if not d.is_mirror]
        entries = [
            _with_weight(entry, form.weights.get(d.service, d.weight or 0.0))
            for entry, d in zip(raw[key], destinations, strict=True)
        ]
        retained = [_with_weight(orjson.loads(d.raw), d.weight or 0.0) for d in form.retained]
        if len(raw[key]) + len(retained) > 1:
            raw[key] = entries + retained
    return with_object(one, obj)


def _with_weight(entry: dict[str, Any], weight: float) -> dict[str, Any]:
    return entry if get_int(entry, "weight") == weight else {**entry, "weight": int(weight)}
