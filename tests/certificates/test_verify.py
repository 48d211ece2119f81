"""An inspection says what a pair is, and every reason why an API server would not believe it."""

import base64
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from hypothesis import given, settings
from hypothesis import strategies as st

from webhook.certificates.issue import issue_ca, issue_server_cert, server_names
from webhook.certificates.pair import KeyPair
from webhook.certificates.parse import load_certificates, merge_ca_bundles
from webhook.certificates.verify import Inspection, inspect
from webhook.errors import CertificateError

NOW = datetime(2030, 1, 1, 12, tzinfo=UTC)
DAY = timedelta(days=1)
NAME = "graphgate.graphgate-system.svc"
NAMES = server_names("graphgate", "graphgate-system")
AUTHORITY = issue_ca(NOW, 400 * DAY)
SERVER = issue_server_cert(AUTHORITY, NAMES, NOW, 100 * DAY)


def subject(pair: KeyPair) -> str:
    return load_certificates(pair.certificate, "")[0].subject.rfc4514_string()


def by_hand(
    *extensions: x509.ExtensionType,
    key: ec.EllipticCurvePrivateKey | None = None,
    name: str = "by-hand",
    issuer: tuple[str, ec.EllipticCurvePrivateKey] | None = None,
) -> KeyPair:
    """A pair as another tool might make it."""
    key = key or ec.generate_private_key(ec.SECP256R1())
    issuer_name, issuer_key = issuer or (name, key)
    builder = x509.CertificateBuilder(
        subject_name=x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]),
        issuer_name=x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, issuer_name)]),
        public_key=key.public_key(),
        serial_number=1,
        not_valid_before=NOW - DAY,
        not_valid_after=NOW + DAY,
    )
    for extension in extensions:
        builder = builder.add_extension(extension, critical=False)
    return KeyPair(
        builder.sign(issuer_key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM),
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.TraditionalOpenSSL,
            serialization.NoEncryption(),
        ),
        "tls.crt",
        "tls.key",
    )


def problems(pair: KeyPair, now: datetime = NOW, **more: object) -> tuple[str, ...]:
    return inspect(pair, now, **more).problems  # type: ignore[arg-type]


def test_a_good_pair_is_described_without_a_problem() -> None:
    found = inspect(SERVER, NOW, bundle=AUTHORITY.certificate, names=[NAME])
    assert found == Inspection(
        subject="CN=graphgate webhook",
        issuer=subject(AUTHORITY),
        names=NAMES,
        not_before=NOW - timedelta(hours=1),
        not_after=NOW + 100 * DAY,
        fingerprint=found.fingerprint,
        key_matches=True,
        chain=(subject(AUTHORITY),),
        problems=(),
    )
    assert len(bytes.fromhex(found.fingerprint)) == 32


def test_an_inspection_reads_as_lines() -> None:
    text = str(inspect(SERVER, NOW + 200 * DAY))
    assert text.splitlines() == [
        "subject  CN=graphgate webhook",
        f"issuer   {subject(AUTHORITY)}",
        f"names    {', '.join(NAMES)}",
        "valid    2030-01-01T11:00:00Z to 2030-04-11T12:00:00Z",
        "problem  tls.crt expired on 2030-04-11T12:00:00Z",
    ]


def test_without_a_bundle_the_chain_is_not_evaluated() -> None:
    found = inspect(SERVER, NOW)
    assert (found.chain, found.problems) == (None, ())


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        (NOW - timedelta(hours=1), ()),
        (NOW + 100 * DAY, ()),
        (
            NOW - timedelta(hours=1, seconds=1),
            ("tls.crt is not valid before 2030-01-01T11:00:00Z; now is 2030-01-01T10:59:59Z",),
        ),
        (
            NOW + 100 * DAY + timedelta(seconds=1),
            ("tls.crt expired on 2030-04-11T12:00:00Z",),
        ),
    ],
)
def test_time_is_evaluated_to_the_second(now: datetime, expected: tuple[str, ...]) -> None:
    assert problems(SERVER, now) == expected


def test_a_key_of_another_certificate_is_a_problem() -> None:
    other = issue_server_cert(AUTHORITY, NAMES, NOW)
    mixed = KeyPair(SERVER.certificate, other.key, "/certs/tls.crt", "/certs/tls.key")
    found = inspect(mixed, NOW)
    assert (found.key_matches, found.problems) == (
        False,
        ("/certs/tls.key does not belong to this certificate",),
    )


def test_a_missing_name_is_reported_with_those_that_are_there() -> None:
    pair = issue_server_cert(AUTHORITY, ["gate.old.svc", "127.0.0.1"], NOW)
    assert problems(pair, names=["gate.new.svc", "gate.old.svc"]) == (
        "tls.crt is not valid for gate.new.svc; its names are gate.old.svc, 127.0.0.1",
    )


def test_a_star_stands_for_one_leftmost_label() -> None:
    pair = by_hand(x509.SubjectAlternativeName([x509.DNSName("*.ns.svc")]))
    assert problems(pair, names=["gate.ns.svc"]) == ()
    assert problems(pair, names=["a.gate.ns.svc"]) == (
        "tls.crt is not valid for a.gate.ns.svc; its names are *.ns.svc",
    )


def test_a_bundle_with_another_authority_is_reported_with_both_names() -> None:
    other = issue_ca(NOW)
    assert problems(SERVER, bundle=other.certificate) == (
        f"tls.crt is not signed by a CA of the bundle ({subject(AUTHORITY)}); the bundle has "
        f"{subject(other)}",
    )


def test_a_ca_of_the_same_name_and_another_key_is_not_taken_for_the_issuer() -> None:
    ca = x509.BasicConstraints(ca=True, path_length=None)
    signing = ec.generate_private_key(ec.SECP256R1())
    san = x509.SubjectAlternativeName([x509.DNSName("a.svc")])
    leaf = by_hand(san, issuer=("ca", signing))
    assert inspect(leaf, NOW, bundle=by_hand(ca, name="ca").certificate).chain is None
    right = by_hand(ca, name="ca", key=signing)
    assert inspect(leaf, NOW, bundle=right.certificate).chain == ("CN=ca",)


def test_an_issuer_that_is_no_ca_does_not_count() -> None:
    signing = ec.generate_private_key(ec.SECP256R1())
    san = x509.SubjectAlternativeName([x509.DNSName("a.svc")])
    leaf = by_hand(san, issuer=("no-ca", signing))
    bundle = by_hand(name="no-ca", key=signing).certificate
    assert inspect(leaf, NOW, bundle=bundle).chain is None


def test_intermediate_cas_in_the_certificate_file_are_climbed() -> None:
    ca = x509.BasicConstraints(ca=True, path_length=None)
    top, middle = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    root = by_hand(ca, name="root", key=top)
    between = by_hand(ca, name="middle", key=middle, issuer=("root", top))
    leaf = by_hand(x509.SubjectAlternativeName([x509.DNSName("a.svc")]), issuer=("middle", middle))
    chained = KeyPair(leaf.certificate + between.certificate, leaf.key)
    found = inspect(chained, NOW, bundle=root.certificate)
    assert (found.chain, found.problems) == (("CN=middle", "CN=root"), ())
    assert inspect(leaf, NOW, bundle=root.certificate).chain is None


def test_two_cas_that_sign_each_other_end_the_search() -> None:
    ca = x509.BasicConstraints(ca=True, path_length=None)
    one, two = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    first = by_hand(ca, name="one", key=one, issuer=("two", two))
    second = by_hand(ca, name="two", key=two, issuer=("one", one))
    leaf = by_hand(x509.SubjectAlternativeName([x509.DNSName("a.svc")]), issuer=("one", one))
    loop = KeyPair(leaf.certificate + first.certificate + second.certificate, leaf.key)
    assert inspect(loop, NOW, bundle=AUTHORITY.certificate).chain is None


def test_a_certificate_that_is_its_own_bundle_is_believed() -> None:
    own = by_hand(x509.SubjectAlternativeName([x509.DNSName("a.svc")]))
    found = inspect(own, NOW, bundle=own.certificate)
    assert (found.chain, found.problems) == ((), ())


def test_an_expired_authority_is_distinguished_from_an_unknown_one() -> None:
    authority = issue_ca(NOW, 2 * DAY)
    server = issue_server_cert(authority, NAMES, NOW)
    assert problems(server, NOW + 3 * DAY, bundle=authority.certificate) == (
        "tls.crt expired on 2030-01-03T12:00:00Z",
        f"the CA {subject(authority)} expired on 2030-01-03T12:00:00Z",
    )


def test_a_certificate_with_a_common_name_only_is_refused_by_go() -> None:
    assert problems(by_hand(name="graphgate.ns.svc"), names=["graphgate.ns.svc"]) == (
        "tls.crt has no subject alternative names; API servers ignore the common name",
        "tls.crt is not valid for graphgate.ns.svc; its names are none",
    )


@pytest.mark.parametrize(
    ("usages", "expected"),
    [
        ([ExtendedKeyUsageOID.SERVER_AUTH], ()),
        ([ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE], ()),
        (
            [ExtendedKeyUsageOID.CLIENT_AUTH],
            ("tls.crt is not a server certificate: its extended key usage lacks serverAuth",),
        ),
    ],
)
def test_a_client_certificate_does_not_serve(
    usages: Iterable[x509.ObjectIdentifier], expected: tuple[str, ...]
) -> None:
    pair = by_hand(
        x509.SubjectAlternativeName([x509.DNSName("a.svc")]), x509.ExtendedKeyUsage(usages)
    )
    assert problems(pair) == expected


@pytest.mark.parametrize("text", [b"", b"\x00\xff", b"-----BEGIN CERTIFICATE-----\nxx\n"])
def test_what_is_no_pem_is_named(text: bytes) -> None:
    for pair, message in (
        (KeyPair(text, SERVER.key, "a.crt", "a.key"), "a.crt contains no PEM certificate"),
        (
            KeyPair(SERVER.certificate, text, "a.crt", "a.key"),
            "a.key contains no PEM private key",
        ),
    ):
        with pytest.raises(CertificateError) as error_info:
            inspect(pair, NOW)
        assert str(error_info.value) == message
    with pytest.raises(CertificateError, match="the CA bundle contains no PEM certificate"):
        inspect(SERVER, NOW, bundle=text)


DER = load_certificates(SERVER.certificate, "")[0].public_bytes(serialization.Encoding.DER)


@settings(deadline=None, max_examples=300)
@given(st.lists(st.tuples(st.integers(0, len(DER) - 1), st.integers(0, 255)), max_size=3))
def test_a_damaged_certificate_is_described_or_refused_in_a_sentence(
    changes: list[tuple[int, int]],
) -> None:
    damaged = bytearray(DER)
    for place, byte in changes:
        damaged[place] = byte
    text = base64.encodebytes(damaged)
    pem = b"-----BEGIN CERTIFICATE-----\n" + text + b"-----END CERTIFICATE-----\n"
    message = describe(KeyPair(pem, SERVER.key))
    # The signature covers every byte that is not its own.
    assert message or bytes(damaged) == DER


def describe(pair: KeyPair) -> str:
    """Return why a pair cannot serve; empty: it can."""
    try:
        return "; ".join(problems(pair, bundle=AUTHORITY.certificate, names=[NAME]))
    except CertificateError as error:
        return str(error)


@settings(deadline=None)
@given(st.binary(max_size=200), st.binary(max_size=200))
def test_arbitrary_bytes_are_refused_in_a_sentence(certificate: bytes, key: bytes) -> None:
    with pytest.raises(CertificateError):
        inspect(KeyPair(certificate, key), NOW)


def test_a_key_behind_a_password_is_named() -> None:
    locked = rsa.generate_private_key(65537, 1024).private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(b"secret"),
    )
    with pytest.raises(CertificateError) as error_info:
        inspect(KeyPair(SERVER.certificate, locked, "a.crt", "a.key"), NOW)
    assert str(error_info.value) == "a.key is protected by a password: store it without a password"


def test_a_joined_bundle_holds_each_ca_once_in_order() -> None:
    old, new = AUTHORITY.certificate, issue_ca(NOW).certificate
    assert merge_ca_bundles([old, new, old + new]) == old + new
    assert merge_ca_bundles([]) == b""
    assert inspect(SERVER, NOW, bundle=merge_ca_bundles([new, old])).problems == ()
