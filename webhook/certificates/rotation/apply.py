"""Does what `plan` decides to one Secret and two webhook configurations.

    rotation = Rotation(transport, WebhookInstallation("graphgate-system", "graphgate"), now=…)
    rotation.converge()   # [RotationStep("issue-ca"), RotationStep("publish-ca"), …]
    rotation.converge()   # []: nothing is due, and nothing was written

Each write says which version of the object it changes, so that two writers at once, a crash
between two steps, and a hand that reaches in from outside end in a conflict, which is read again
and decided again. Only the leader need do this; that is a matter of economy and not of safety.

Belongs here: writes. Does not belong here: when a step is due (`plan`), reads
(`observe`), the content of the Secret (`secret`), leader election (`kube.leader_election`).
"""

import logging
from base64 import b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import orjson

from webhook.certificates.issue import issue_ca, issue_server_cert
from webhook.certificates.pair import KeyPair
from webhook.certificates.parse import merge_ca_bundles
from webhook.certificates.rotation.observe import (
    ClusterState,
    WebhookInstallation,
    cas_in_bundle,
    observe,
    webhooks_of,
)
from webhook.certificates.rotation.plan import (
    CA_LIFETIME,
    OVERLAP,
    SERVER_CERT_LIFETIME,
    RotationState,
    RotationStep,
    next_step,
)
from webhook.certificates.rotation.secret import (
    CertificateSecret,
    certificate_info,
    encode_secret,
    issuing_ca_fingerprint,
)
from webhook.certificates.verify import inspect
from webhook.errors import CertificateError
from webhook.graph.model import get_mapping, get_str
from webhook.graph.well_known import ADMISSION_REGISTRATION_API_VERSION
from webhook.kube import ApiStatusError, Transport, collection_path, update
from webhook.kube.api_errors import api_error

logger = logging.getLogger("graphgate")

_MAX_STEPS = 20
"""A first installation takes 3, a whole rotation 5; more means that something reverts them."""


@dataclass(frozen=True, slots=True)
class Lifetimes:
    """How long what is issued lasts, and how long a change may take to reach everybody."""

    ca: timedelta = CA_LIFETIME
    server_cert: timedelta = SERVER_CERT_LIFETIME
    overlap: timedelta = OVERLAP


class Rotation:
    """Keeps the certificates of one installation; `now` is the only clock."""

    def __init__(
        self,
        transport: Transport,
        installation: WebhookInstallation,
        *,
        now: Callable[[], datetime],
        lifetimes: Lifetimes | None = None,
    ) -> None:
        self._transport = transport
        self._installation = installation
        self._now = now
        self._lifetimes = lifetimes or Lifetimes()

    def converge(self) -> list[RotationStep]:
        """Do all that is due, one step after the other; return the steps.

        Raises CertificateError if the Secret or a webhook configuration is missing, and
        KubeApiUnavailableError. What was done until then stays, and the next call goes on from
        there.
        """
        steps: list[RotationStep] = []
        for _ in range(_MAX_STEPS):
            cluster_state = observe(self._transport, self._installation)
            now = self._now()
            state = self.rotation_state(cluster_state, now)
            step = next_step(state, now, self._lifetimes.overlap)
            if step is None:
                return steps
            try:
                self._apply_step(step, cluster_state, state, now)
            except ApiStatusError as error:
                if error.status != 409:
                    raise
                continue  # conflict with another writer; decide again
            logger.info(
                "certificate_rotation_step",
                extra={"fields": {"step": step.action, "ca": step.ca_fingerprint}},
            )
            steps.append(step)
        raise CertificateError(
            f"the certificates in Secret {self._installation.secret_name} do not converge: "
            "something else keeps changing it or a caBundle"
        )

    def force_renew(self, *, rotate_ca: bool = False) -> list[RotationStep]:
        """Mint a new server certificate (or a new CA, which signs one after the overlap) now."""
        cluster_state = observe(self._transport, self._installation)
        certificates = replace(cluster_state.certificates, server_cert=None)
        if rotate_ca:
            new_ca = issue_ca(self._now(), self._lifetimes.ca)
            certificates = replace(
                cluster_state.certificates, cas=(*cluster_state.certificates.cas, new_ca)
            )
        self._write(cluster_state, certificates)
        return [*([RotationStep("issue-ca")] if rotate_ca else []), *self.converge()]

    def rotation_state(self, cluster_state: ClusterState, now: datetime) -> RotationState:
        """Return the state as `plan` needs it."""
        certificates, server_cert = (
            cluster_state.certificates,
            cluster_state.certificates.server_cert,
        )
        cas = tuple(certificate_info(pair) for pair in certificates.cas)
        return RotationState(
            cas=cas,
            published_at=self._published_at(cluster_state, {ca.fingerprint for ca in cas}, now),
            server_cert=certificate_info(server_cert) if server_cert else None,
            issuer=issuing_ca_fingerprint(server_cert, certificates.cas, now)
            if server_cert
            else "",
            has_all_names=server_cert is None or self._has_all_names(server_cert, now),
        )

    def _has_all_names(self, server_cert: KeyPair, now: datetime) -> bool:
        return set(self._installation.subject_alt_names) <= set(inspect(server_cert, now).names)

    def _published_at(
        self, cluster_state: ClusterState, cas: set[str], now: datetime
    ) -> dict[str, datetime]:
        """Return since when each CA is in every caBundle; a stranger counts as well."""
        bundles = [
            set(cas_in_bundle(bundle)) for bundle in cluster_state.ca_bundles(self._installation)
        ]
        in_every_bundle = set.intersection(*bundles) if bundles else set()
        stored_times = cluster_state.certificates.published_at
        published_at = {
            name: stored_times[name] for name in cas & in_every_bundle if name in stored_times
        }
        if not self._must_keep_unknown_cas(cluster_state.certificates, now):
            published_at |= dict.fromkeys(set().union(*bundles) - cas, now)
        return published_at

    def _must_keep_unknown_cas(self, certificates: CertificateSecret, now: datetime) -> bool:
        """Return whether some replica may still serve what a CA signed that is not held any more.

        So it is when the Secret was emptied: a replica keeps its last certificate until it has
        read the new one.
        """
        if certificates.server_cert is None:
            return True
        return now < certificate_info(certificates.server_cert).issued_at + self._lifetimes.overlap

    def _apply_step(
        self, step: RotationStep, cluster_state: ClusterState, state: RotationState, now: datetime
    ) -> None:
        certificates = cluster_state.certificates
        if step.action == "publish-ca":
            self._publish_cas(cluster_state, now)
            fingerprints = {ca.fingerprint for ca in state.cas}
            times = {name: state.published_at.get(name, now) for name in fingerprints}
            certificates = replace(certificates, published_at=times)
        elif step.action == "issue-ca":
            new_ca = issue_ca(now, self._lifetimes.ca)
            certificates = replace(certificates, cas=(*certificates.cas, new_ca))
        elif step.action == "remove-ca":
            remaining_cas = tuple(
                p
                for p in certificates.cas
                if certificate_info(p).fingerprint != step.ca_fingerprint
            )
            certificates = replace(certificates, cas=remaining_cas)
        else:
            (signing_ca,) = (
                p
                for p in certificates.cas
                if certificate_info(p).fingerprint == step.ca_fingerprint
            )
            server_cert = issue_server_cert(
                signing_ca, self._installation.subject_alt_names, now, self._lifetimes.server_cert
            )
            certificates = replace(certificates, server_cert=server_cert)
        self._write(cluster_state, certificates)

    def _write(self, cluster_state: ClusterState, certificates: CertificateSecret) -> None:
        secret = encode_secret(cluster_state.raw_secret, certificates)
        update(self._transport, self._installation.secret_path, secret)

    def _publish_cas(self, cluster_state: ClusterState, now: datetime) -> None:
        """Write all CAs into every caBundle, with those of others that still have to stay."""
        bundles = [pair.certificate for pair in cluster_state.certificates.cas]
        if self._must_keep_unknown_cas(cluster_state.certificates, now):
            bundles += [
                pem
                for existing_bundle in cluster_state.ca_bundles(self._installation)
                for pem in cas_in_bundle(existing_bundle, valid_at=now).values()
            ]
        ca_bundle = b64encode(merge_ca_bundles(bundles)).decode()
        for configuration in cluster_state.webhook_configurations:
            self._patch_ca_bundles(configuration, ca_bundle)

    def _patch_ca_bundles(self, configuration: Mapping[str, Any], ca_bundle: str) -> None:
        """Change the caBundle of our webhooks and nothing else, in the version that was read."""
        metadata = get_mapping(configuration, "metadata")
        outdated = [
            index
            for index, webhook in webhooks_of(configuration, self._installation)
            if get_str(get_mapping(webhook, "clientConfig"), "caBundle") != ca_bundle
        ]
        if not outdated:
            return
        version_test = {"op": "replace", "path": "/metadata/resourceVersion"}
        operations: list[dict[str, Any]] = [
            {**version_test, "value": get_str(metadata, "resourceVersion")}
        ]
        for index in outdated:
            path = f"/webhooks/{index}/clientConfig/caBundle"
            operations.append({"op": "add", "path": path, "value": ca_bundle})
        kind = get_str(configuration, "kind")
        collection = collection_path(ADMISSION_REGISTRATION_API_VERSION, kind)
        path = f"{collection}/{get_str(metadata, 'name')}"
        response = self._transport.request(
            "PATCH",
            path,
            query={"fieldManager": "graphgate-certificates"},
            body=orjson.dumps(operations),
            headers={"Content-Type": "application/json-patch+json"},
        )
        if response.status != 200:
            raise api_error(self._transport, "PATCH", path, response)
