"""What the rules on gateways and hosts share: the finding for a value that is not allowed."""

from collections.abc import Iterator, Sequence
from typing import Literal

from webhook.graph.finding import Finding
from webhook.graph.model import SeldonDeployment
from webhook.graph.suggest import nearest_word
from webhook.graph.text import join_words
from webhook.rendering.routes.attachment import read_claims
from webhook.rendering.routes.options import RoutingOptions
from webhook.rules._format import quote_value

_MAX_SHOWN = 5
"""Names that a message lists, besides the nearest one."""


def check_claims(
    deployment: SeldonDeployment,
    routing: RoutingOptions,
    noun: Literal["gateway", "host"],
    allowed: Sequence[str],
    *,
    splits_hosts: bool = False,
) -> Iterator[Finding]:
    """Yield the gateway or the host that is not allowed.

    allowed       the allowed names, for the message
    splits_hosts  as in `read_claims`
    """
    claims = list(read_claims(deployment, routing, splits_hosts=splits_hosts))
    is_one = sum(claim.noun == noun for claim in claims) == 1
    for claim in claims:
        if claim.noun != noun or claim.allowed:
            continue
        nearest = nearest_word(claim.value, allowed)
        yield Finding(
            claim.path,
            f"{noun} {quote_value(claim.value)} is not allowed here; {_list_allowed(allowed)}",
            f"use {nearest}" if nearest else "",
            ({"op": "replace", "path": claim.path.pointer, "value": nearest},)
            if nearest and "*" not in nearest and is_one
            else (),
        )


def _list_allowed(allowed: Sequence[str]) -> str:
    shown = list(dict.fromkeys(allowed))
    if len(shown) > _MAX_SHOWN:
        return f"allowed: {', '.join(shown[:_MAX_SHOWN])} and {len(shown) - _MAX_SHOWN} more"
    return f"allowed: {join_words(shown)}" if shown else "the annotation must be left out"
