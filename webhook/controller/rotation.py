"""Does what `certificates.renewal` decides to one Secret and two webhook configurations.

    rotation = Rotation(transport, Place("graphgate-system", "graphgate"), now=…)
    rotation.settle()        # [Step("mint-authority"), Step("publish"), Step("mint-server", …)]
    rotation.settle()        # []: all is well, and nothing was written

Each write says which version of the object it changes, so that two writers at once, a crash
between two steps, and a hand that reaches in from outside end in a conflict, which is read anew
and decided anew. Only the leader need do this; that is a matter of economy and not of safety.

Belongs here: what is written. Does not belong here: when anything is due (`certificates.renewal`),
what is there (`certificate_look`), what the bytes mean (`certificate_secret`), who leads (`lease`).
"""

import logging
from base64 import b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import orjson

from webhook.certificates.inspection import inspect
from webhook.certificates.minting import mint_authority, mint_server
from webhook.certificates.pair import KeyPair
from webhook.certificates.parsing import join_bundle
from webhook.certificates.renewal import (
    AUTHORITY_LIFETIME,
    OVERLAP,
    SERVER_LIFETIME,
    State,
    Step,
    next_step,
)
from webhook.cluster import Refused, Transport, collection_of, update
from webhook.cluster.refusal import refusal
from webhook.controller.certificate_look import (
    REGISTRATION,
    Found,
    Place,
    authorities_of,
    look,
    ours,
)
from webhook.controller.certificate_secret import Holding, issued, issuer_of, write_secret
from webhook.errors import InvalidCertificate
from webhook.graph.model import mapping, text

logger = logging.getLogger("graphgate")

_MOST_STEPS = 20
"""A first installation takes 3, a whole rotation 5; more means that somebody undoes each."""


@dataclass(frozen=True, slots=True)
class Lifetimes:
    """How long what is minted lasts, and how long a change may take to reach everybody."""

    authority: timedelta = AUTHORITY_LIFETIME
    server: timedelta = SERVER_LIFETIME
    overlap: timedelta = OVERLAP


class Rotation:
    """Keeps the certificates of one installation; `now` is the only clock."""

    def __init__(
        self,
        transport: Transport,
        place: Place,
        *,
        now: Callable[[], datetime],
        lifetimes: Lifetimes | None = None,
    ) -> None:
        self._transport = transport
        self._place = place
        self._now = now
        self._lifetimes = lifetimes or Lifetimes()

    def settle(self) -> list[Step]:
        """Do all that is due, one step after the other; return the steps.

        Raises InvalidCertificate if the Secret or a webhook configuration is missing, and
        ClusterUnavailable. What was done until then stays, and the next call goes on from there.
        """
        done: list[Step] = []
        for _ in range(_MOST_STEPS):
            found = look(self._transport, self._place)
            now = self._now()
            state = self.state(found, now)
            step = next_step(state, now, self._lifetimes.overlap)
            if step is None:
                return done
            try:
                self._do(step, found, state, now)
            except Refused as refused:
                if refused.status != 409:
                    raise
                continue  # somebody was faster; what is to be done now is decided anew
            logger.info(
                "certificates", extra={"fields": {"step": step.action, "authority": step.authority}}
            )
            done.append(step)
        raise InvalidCertificate(
            f"the certificates in Secret {self._place.secret} do not come to rest: something else "
            "writes it, or a caBundle, each time"
        )

    def renew(self, *, authority: bool = False) -> list[Step]:
        """Mint a new server certificate (or a new CA, which signs one after the overlap) now."""
        found = look(self._transport, self._place)
        holding = replace(found.holding, server=None)
        if authority:
            new = mint_authority(self._now(), self._lifetimes.authority)
            holding = replace(found.holding, authorities=(*found.holding.authorities, new))
        self._write(found, holding)
        return [*([Step("mint-authority")] if authority else []), *self.settle()]

    def state(self, found: Found, now: datetime) -> State:
        """Return what there is, as `renewal` asks for it."""
        holding, server = found.holding, found.holding.server
        own = tuple(issued(pair) for pair in holding.authorities)
        return State(
            authorities=own,
            published=self._published(found, {one.fingerprint for one in own}, now),
            server=issued(server) if server else None,
            issuer=issuer_of(server, holding.authorities, now) if server else "",
            names_fit=server is None or self._names_fit(server, now),
        )

    def _names_fit(self, server: KeyPair, now: datetime) -> bool:
        return set(self._place.names) <= set(inspect(server, now).names)

    def _published(self, found: Found, own: set[str], now: datetime) -> dict[str, datetime]:
        """Return since when each CA is in every caBundle; a stranger counts as well."""
        bundles = [set(authorities_of(bundle)) for bundle in found.bundles(self._place)]
        everywhere = set.intersection(*bundles) if bundles else set()
        times = found.holding.published
        published = {name: times[name] for name in own & everywhere if name in times}
        if not self._strangers_stay(found.holding, now):
            published |= dict.fromkeys(set().union(*bundles) - own, now)
        return published

    def _strangers_stay(self, holding: Holding, now: datetime) -> bool:
        """Tell whether some replica may still serve what a CA signed that is not held any more.

        So it is when the Secret was emptied: a replica keeps its last certificate until it has
        read the new one.
        """
        if holding.server is None:
            return True
        return now < issued(holding.server).minted + self._lifetimes.overlap

    def _do(self, step: Step, found: Found, state: State, now: datetime) -> None:
        holding = found.holding
        if step.action == "publish":
            self._publish(found, now)
            names = {one.fingerprint for one in state.authorities}
            times = {name: state.published.get(name, now) for name in names}
            holding = replace(holding, published=times)
        elif step.action == "mint-authority":
            new = mint_authority(now, self._lifetimes.authority)
            holding = replace(holding, authorities=(*holding.authorities, new))
        elif step.action == "drop-authority":
            kept = tuple(p for p in holding.authorities if issued(p).fingerprint != step.authority)
            holding = replace(holding, authorities=kept)
        else:
            (signer,) = (p for p in holding.authorities if issued(p).fingerprint == step.authority)
            server = mint_server(signer, self._place.names, now, self._lifetimes.server)
            holding = replace(holding, server=server)
        self._write(found, holding)

    def _write(self, found: Found, holding: Holding) -> None:
        secret = write_secret(found.secret, holding)
        update(self._transport, self._place.secret_path, secret)

    def _publish(self, found: Found, now: datetime) -> None:
        """Write all CAs into every caBundle, with those of others that still have to stay."""
        bundles = [pair.certificate for pair in found.holding.authorities]
        if self._strangers_stay(found.holding, now):
            bundles += [
                pem
                for bundle in found.bundles(self._place)
                for pem in authorities_of(bundle, valid_at=now).values()
            ]
        wanted = b64encode(join_bundle(bundles)).decode()
        for configuration in found.configurations:
            self._patch(configuration, wanted)

    def _patch(self, configuration: Mapping[str, Any], bundle: str) -> None:
        """Change the caBundle of our webhooks and nothing else, in the version that was read."""
        metadata = mapping(configuration, "metadata")
        wrong = [
            index
            for index, webhook in ours(configuration, self._place)
            if text(mapping(webhook, "clientConfig"), "caBundle") != bundle
        ]
        if not wrong:
            return
        version = {"op": "replace", "path": "/metadata/resourceVersion"}
        operations: list[dict[str, Any]] = [{**version, "value": text(metadata, "resourceVersion")}]
        for index in wrong:
            path = f"/webhooks/{index}/clientConfig/caBundle"
            operations.append({"op": "add", "path": path, "value": bundle})
        kind = text(configuration, "kind")
        path = f"{collection_of(REGISTRATION, kind)}/{text(metadata, 'name')}"
        response = self._transport.request(
            "PATCH",
            path,
            query={"fieldManager": "graphgate-certificates"},
            body=orjson.dumps(operations),
            headers={"Content-Type": "application/json-patch+json"},
        )
        if response.status != 200:
            raise refusal(self._transport, "PATCH", path, response)
