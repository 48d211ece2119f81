"""What cert-manager and OpenShift's service CA do for a release, as far as graphgate can see it.

Both write a Secret of type kubernetes.io/tls, and the CA into webhook configurations that ask for
it by an annotation. They go by what the chart rendered, and by nothing else.
"""

import base64
import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.apiserver.installed import KINDS
from tests.apiserver.release import Release
from webhook.certificates.issue import issue_server_cert
from webhook.certificates.pair import KeyPair


class CertManager:
    """cert-manager: an Issuer signs what a Certificate asks for; its injector reads the Secret."""

    def __init__(self, release: Release) -> None:
        """Issue the CA, as for every Certificate that has no Secret yet."""
        self._release = release
        self.issue_authority()

    def issue_authority(self) -> None:
        """Issue the CA, or renew it; the key stays only if the Certificate says so."""
        name = f"{self._release.name}-ca"
        spec = self._release.get("certificate", name)["spec"]
        issuer = self._release.get("issuer", spec["issuerRef"]["name"])["spec"]
        assert issuer == {"selfSigned": {}}
        assert spec["isCA"] is True
        key = ec.generate_private_key(ec.SECP256R1())
        # Since cert-manager 1.18 a missing rotationPolicy is Always.
        if spec["privateKey"].get("rotationPolicy", "Always") == "Never":
            key = self._held_key(spec["secretName"]) or key
        pair = self_signed(key, spec["commonName"], hours(spec["duration"]))
        write_secret(self._release, spec["secretName"], pair, pair.certificate)

    def issue(self, for_names: Sequence[str] = ()) -> None:
        """Issue the server's certificate, or renew it; `for_names` makes a wrong one."""
        spec = self._release.get("certificate", self._release.name)["spec"]
        issuer = self._release.get("issuer", spec["issuerRef"]["name"])["spec"]
        held = self._release.get("secret", issuer["ca"]["secretName"])["data"]
        ca, key = (base64.b64decode(held[file]) for file in ("tls.crt", "tls.key"))
        names, lifetime = for_names or spec["dnsNames"], hours(spec["duration"])
        pair = issue_server_cert(KeyPair(ca, key), names, datetime.now(UTC), lifetime)
        write_secret(self._release, spec["secretName"], pair, ca)

    def inject(self) -> None:
        """Write the CA of the Certificate that the annotation names into both configurations."""
        for kind in KINDS:
            asked = annotations(self._release.get(kind))["cert-manager.io/inject-ca-from"]
            namespace, _, name = asked.partition("/")
            assert namespace == self._release.name
            secret = self._release.get("certificate", name)["spec"]["secretName"]
            write_bundle(self._release, kind, self._release.get("secret", secret)["data"]["ca.crt"])

    def _held_key(self, secret: str) -> ec.EllipticCurvePrivateKey | None:
        found = self._release.kubectl("get", "secret", secret, "--ignore-not-found", "-o", "json")
        if not found:
            return None
        key = serialization.load_pem_private_key(
            base64.b64decode(json.loads(found)["data"]["tls.key"]), None
        )
        assert isinstance(key, ec.EllipticCurvePrivateKey)
        return key


class ServiceCA:
    """OpenShift: one CA of the cluster signs for Services that ask for it."""

    def __init__(self, release: Release) -> None:
        """Make the cluster's CA."""
        self._release = release
        key = ec.generate_private_key(ec.SECP256R1())
        self._authority = self_signed(key, "openshift-service-serving-signer", timedelta(days=790))

    def issue(self, for_names: Sequence[str] = ()) -> None:
        """Issue the Service's certificate, or renew it; `for_names` makes a wrong one."""
        service = self._release.get("service")
        secret = annotations(service)["service.beta.openshift.io/serving-cert-secret-name"]
        host = f"{self._release.name}.{self._release.name}.svc"
        names = for_names or [host, f"{host}.cluster.local"]
        pair = issue_server_cert(self._authority, names, datetime.now(UTC), timedelta(days=730))
        write_secret(self._release, secret, pair)

    def inject(self) -> None:
        """Write the CA into both configurations."""
        for kind in KINDS:
            asked = annotations(self._release.get(kind))
            assert asked["service.beta.openshift.io/inject-cabundle"] == "true"
            bundle = base64.b64encode(self._authority.certificate).decode()
            write_bundle(self._release, kind, bundle)


def annotations(document: dict[str, Any]) -> dict[str, str]:
    """Return what an object asks for."""
    found: dict[str, str] = document["metadata"]["annotations"]
    return found


def hours(duration: str) -> timedelta:
    """Read a duration as the chart writes it: "2160h"."""
    return timedelta(hours=int(duration.removesuffix("h")))


def self_signed(key: ec.EllipticCurvePrivateKey, name: str, lifetime: timedelta) -> KeyPair:
    """Return a CA of this key."""
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=1))
        .not_valid_after(now + lifetime)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    return KeyPair(certificate.public_bytes(serialization.Encoding.PEM), pem)


def write_secret(release: Release, name: str, pair: KeyPair, ca: bytes | None = None) -> None:
    """Write a Secret of type kubernetes.io/tls."""
    content = {"tls.crt": pair.certificate, "tls.key": pair.key}
    content |= {"ca.crt": ca} if ca is not None else {}
    document = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": name},
        "type": "kubernetes.io/tls",
        "data": {file: base64.b64encode(data).decode() for file, data in content.items()},
    }
    flags = ("--server-side", "--force-conflicts", "--filename=-")
    release.plane.kubectl("-n", release.name, "apply", *flags, input=json.dumps(document))


def write_bundle(release: Release, kind: str, bundle: str) -> None:
    """Write a caBundle, in base64."""
    patch = [{"op": "add", "path": "/webhooks/0/clientConfig/caBundle", "value": bundle}]
    release.kubectl("patch", kind, release.name, "--type=json", "-p", json.dumps(patch))
