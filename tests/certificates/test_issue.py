"""What is minted is believed by strict verifiers, and by nobody it should not be."""

import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509 import verification
from cryptography.x509.oid import ExtendedKeyUsageOID

from webhook.certificates.issue import issue_ca, issue_server_cert, server_names
from webhook.certificates.pair import KeyPair
from webhook.certificates.parse import load_certificates, load_key
from webhook.errors import CertificateError

NOW = datetime(2030, 1, 1, 12, 0, 0, 123456, tzinfo=UTC)
NAMES = server_names("graphgate", "graphgate-system")
DAY = timedelta(days=1)


def certificate(pair: KeyPair) -> x509.Certificate:
    (only,) = load_certificates(pair.certificate, "")
    return only


def test_server_names_are_those_of_the_service_and_the_loopback() -> None:
    assert server_names("gate", "ns") == (
        "gate",
        "gate.ns",
        "gate.ns.svc",
        "gate.ns.svc.cluster.local",
        "localhost",
        "127.0.0.1",
        "::1",
    )


@pytest.mark.parametrize(
    ("service", "namespace", "sentence"),
    [
        ("My_Gate", "ns", 'the service "My_Gate" is not a DNS label'),
        ("gate", "", 'the namespace "" is not a DNS label'),
        ("gate", "a" * 64, f'the namespace "{"a" * 64}" is not a DNS label'),
        ("gate\n", "ns", 'the service "gate\n" is not a DNS label'),
        ("-gate", "ns", 'the service "-gate" is not a DNS label'),
    ],
)
def test_a_name_that_is_no_dns_label_is_refused(
    service: str, namespace: str, sentence: str
) -> None:
    with pytest.raises(CertificateError) as error_info:
        server_names(service, namespace)
    assert str(error_info.value).startswith(sentence)


def test_the_longest_service_and_namespace_still_give_a_certificate() -> None:
    names = server_names("s" * 63, "n" * 63)
    assert certificate(issue_server_cert(issue_ca(NOW), names, NOW))


def test_an_authority_is_valid_from_an_hour_ago_for_its_lifetime_in_whole_seconds() -> None:
    ca = certificate(issue_ca(NOW, 30 * DAY))
    assert (ca.not_valid_before_utc, ca.not_valid_after_utc) == (
        datetime(2030, 1, 1, 11, tzinfo=UTC),
        datetime(2030, 1, 31, 12, tzinfo=UTC),
    )


def test_an_authority_signs_servers_only() -> None:
    extensions = certificate(issue_ca(NOW)).extensions
    constraints = extensions.get_extension_for_class(x509.BasicConstraints)
    usage = extensions.get_extension_for_class(x509.KeyUsage)
    assert (constraints.critical, constraints.value) == (True, x509.BasicConstraints(True, 0))
    assert (usage.critical, usage.value.key_cert_sign, usage.value.digital_signature) == (
        True,
        True,
        False,
    )


def test_a_server_certificate_serves_and_signs_nothing() -> None:
    extensions = certificate(issue_server_cert(issue_ca(NOW), NAMES, NOW)).extensions
    constraints = extensions.get_extension_for_class(x509.BasicConstraints)
    usage = extensions.get_extension_for_class(x509.KeyUsage)
    extended = extensions.get_extension_for_class(x509.ExtendedKeyUsage)
    assert (constraints.critical, constraints.value) == (True, x509.BasicConstraints(False, None))
    assert (usage.critical, usage.value.key_cert_sign, usage.value.digital_signature) == (
        True,
        False,
        True,
    )
    assert list(extended.value) == [ExtendedKeyUsageOID.SERVER_AUTH]


def test_keys_are_on_p256_and_signatures_use_sha256() -> None:
    authority = issue_ca(NOW)
    for pair in (authority, issue_server_cert(authority, NAMES, NOW)):
        key = load_key(pair.key, "")
        assert isinstance(key, ec.EllipticCurvePrivateKey)
        assert isinstance(key.curve, ec.SECP256R1)
        assert isinstance(certificate(pair).signature_hash_algorithm, hashes.SHA256)


def test_serial_numbers_are_long_and_never_the_same() -> None:
    authority = issue_ca(NOW)
    serials = {
        certificate(authority).serial_number,
        *(certificate(issue_server_cert(authority, NAMES, NOW)).serial_number for _ in range(20)),
    }
    assert len(serials) == 21
    # RFC 5280 allows 20 octets; the CA/Browser Forum asks for 64 bits of chance.
    assert all(64 < serial.bit_length() < 160 for serial in serials)


def test_a_server_certificate_does_not_outlive_its_authority() -> None:
    authority = issue_ca(NOW, 30 * DAY)
    server = certificate(issue_server_cert(authority, NAMES, NOW, 365 * DAY))
    assert server.not_valid_after_utc == certificate(authority).not_valid_after_utc


@pytest.mark.parametrize("name", ["graphgate.graphgate-system.svc", "localhost"])
def test_a_strict_verifier_believes_every_name(name: str) -> None:
    authority = issue_ca(NOW)
    verifier = (
        verification.PolicyBuilder()
        .store(verification.Store([certificate(authority)]))
        .time(NOW)
        .build_server_verifier(x509.DNSName(name))
    )
    assert verifier.verify(certificate(issue_server_cert(authority, NAMES, NOW)), [])


def test_a_strict_verifier_refuses_another_name_and_another_authority() -> None:
    authority = issue_ca(NOW)
    leaf = certificate(issue_server_cert(authority, NAMES, NOW))
    for ca, name in ((authority, "other.svc"), (issue_ca(NOW), "localhost")):
        verifier = (
            verification.PolicyBuilder()
            .store(verification.Store([certificate(ca)]))
            .time(NOW)
            .build_server_verifier(x509.DNSName(name))
        )
        with pytest.raises(verification.VerificationError):
            verifier.verify(leaf, [])


def test_old_and_new_authority_in_one_bundle_serve_both_certificates(
    tmp_path: Path,
) -> None:
    """A whole TLS 1.3 handshake in memory, with OpenSSL's strict checks switched on."""
    now = datetime.now(UTC)
    authorities = [issue_ca(now), issue_ca(now)]
    bundle = b"".join(a.certificate for a in authorities)
    for authority in authorities:
        server = issue_server_cert(authority, NAMES, now)
        (tmp_path / "tls.crt").write_bytes(server.certificate)
        (tmp_path / "tls.key").write_bytes(server.key)
        assert handshake(tmp_path, bundle, "graphgate.graphgate-system.svc") == "TLSv1.3"
        assert handshake(tmp_path, bundle, "127.0.0.1") == "TLSv1.3"
        with pytest.raises(ssl.SSLCertVerificationError):
            handshake(tmp_path, bundle, "graphgate.elsewhere.svc")


def handshake(folder: Path, bundle: bytes, host: str) -> str | None:
    serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    serving.load_cert_chain(folder / "tls.crt", folder / "tls.key")
    calling = ssl.create_default_context(cadata=bundle.decode())
    calling.verify_flags |= ssl.VERIFY_X509_STRICT
    up, down = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = calling.wrap_bio(down, up, server_hostname=host)
    server = serving.wrap_bio(up, down, server_side=True)
    waiting = [client, server]
    while waiting:
        side = waiting.pop(0)
        try:
            side.do_handshake()
        except ssl.SSLWantReadError:
            waiting.append(side)
    return client.version()


@pytest.mark.parametrize("lifetime", [timedelta(0), -DAY, timedelta(days=36501), timedelta.max])
def test_a_lifetime_outside_a_century_is_refused(lifetime: timedelta) -> None:
    with pytest.raises(CertificateError, match="choose 1 to 36500"):
        issue_ca(NOW, lifetime)


@pytest.mark.parametrize("name", ["", "a b", "under_score", "UPPER", "a..b", "*.x", "é"])
def test_a_name_that_is_neither_dns_nor_address_is_refused(name: str) -> None:
    with pytest.raises(CertificateError) as error_info:
        issue_server_cert(issue_ca(NOW), [name], NOW)
    assert str(error_info.value) == f'"{name}" is neither a DNS name nor an IP address'


def test_an_authority_that_cannot_sign_is_refused_with_its_reason() -> None:
    authority, other = issue_ca(NOW, 30 * DAY), issue_ca(NOW)
    server = issue_server_cert(authority, NAMES, NOW)
    mixed = KeyPair(authority.certificate, other.key, "ca.crt", "ca.key")
    broken = KeyPair(b"nothing", other.key, "ca.crt", "ca.key")
    for ca, now, message in (
        (authority, NOW + 31 * DAY, "the CA ca.crt expired on 2030-01-31: create a new one"),
        (server, NOW, "tls.crt is not a CA: it may not sign certificates"),
        (mixed, NOW, "ca.key does not belong to ca.crt"),
        (broken, NOW, "ca.crt contains no PEM certificate"),
    ):
        with pytest.raises(CertificateError) as error_info:
            issue_server_cert(ca, NAMES, now)
        assert str(error_info.value) == message


def test_a_certificate_without_names_is_refused() -> None:
    with pytest.raises(CertificateError, match="needs at least one subject alternative name"):
        issue_server_cert(issue_ca(NOW), [], NOW)


def test_no_key_is_ever_printed() -> None:
    pair = issue_ca(NOW)
    assert "PRIVATE" not in repr(pair)
    assert "PRIVATE" not in str(pair)
