"""Invalid clusterTrustBundle or podCertificate

Why: a projected volume can hold CA certificates (clusterTrustBundle) and a certificate that is
issued to the pod (podCertificate). From Kubernetes 1.37 on the API server reads both, and refuses
a Deployment with a missing, malformed or excluded field in one of them. Older ones drop them
unread, unless a feature gate is on.

Fix: Name the bundle or its signer, not both; labelSelector goes with signerName only. Give each
file its own relative path. A podCertificate needs signerName, keyType and at least one path.

Bad:
    volumes:
    - name: trust
      projected:
        sources:
        - clusterTrustBundle:
            name: models.example.com
            signerName: models.example.com/ca
            path: ca.crt

Good:
    volumes:
    - name: trust
      projected:
        sources:
        - clusterTrustBundle:
            signerName: models.example.com/ca
            path: ca.crt
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from webhook.graph.cluster_facts import Facts
from webhook.graph.finding import Finding
from webhook.graph.k8s_syntax import is_qualified_name, is_subdomain
from webhook.graph.model import (
    ComponentSpec,
    get_list,
    get_mapping,
    get_str,
    iter_mappings,
)
from webhook.graph.names import is_dns_label
from webhook.graph.path import Path
from webhook.graph.text import join_words
from webhook.rules._format import quote_value
from webhook.rules._suggest import unknown_value_finding
from webhook.rules.constraints.formats import FILE_PATH, LABEL_VALUE, QUALIFIED_NAME, Format

ACTION = "deny"
SINCE = "0.1.0"
WORDS = frozenset({"clusterTrustBundle", "podCertificate"})

_READ_SINCE_MINOR = 37
"""ClusterTrustBundleProjection and PodCertificateRequest are on by default."""
_OTHER_KINDS = ("secret", "configMap", "downwardAPI", "serviceAccountToken")
_KINDS = (*_OTHER_KINDS, "clusterTrustBundle", "podCertificate")
_KEY_TYPES = ("RSA3072", "RSA4096", "ECDSAP256", "ECDSAP384", "ECDSAP521", "ED25519")
_CERTIFICATE_PATHS = ("credentialBundlePath", "keyPath", "certificateChainPath")
_MIN_SECONDS = 60 * 60
_MAX_SECONDS = 91 * 24 * 60 * 60
_MAX_SECONDS_OF_KUBERNETES = 24 * 60 * 60
_MAX_DOMAIN_LENGTH = 253
_MAX_SIGNER_LENGTH = 571
_OPERATORS_WITH_VALUES = ("In", "NotIn")
_OPERATORS_WITHOUT_VALUES = ("Exists", "DoesNotExist")
_OPERATORS = (*_OPERATORS_WITH_VALUES, *_OPERATORS_WITHOUT_VALUES)


def check(pod: ComponentSpec, facts: Facts) -> Iterator[Finding]:
    """Yield what is wrong with each of them; certain where the cluster reads them.

    Source: validateProjectionSources of Kubernetes 1.37, pkg/apis/core/validation.
    """
    certain = reads_certificate_sources(facts)
    for number, volume in iter_mappings(pod.pod, "volumes"):
        path = pod.path.join(("spec", "volumes", number, "projected", "sources"))
        sources = [*iter_mappings(get_mapping(volume, "projected"), "sources")]
        for finding in _check_sources(path, sources):
            yield replace(finding, certain=certain)


def reads_certificate_sources(facts: Facts) -> bool:
    """Return whether the cluster is known to read them; an older one drops them by default."""
    minor = facts.kubernetes_minor
    return minor is not None and minor >= _READ_SINCE_MINOR


def _check_sources(path: Path, sources: list[tuple[int, Mapping[str, Any]]]) -> Iterator[Finding]:
    seen: dict[str, Path] = {}
    for index, source in sources:
        kinds = [kind for kind in _KINDS if source.get(kind) is not None]
        new_kinds = [kind for kind in kinds if kind not in _OTHER_KINDS]
        if new_kinds and len(kinds) > 1:
            message = f"a source has one kind, got {len(kinds)}: {', '.join(kinds)}"
            yield Finding(path / index, message, "make a source of each")
        for kind in new_kinds:
            place, value = path.join((index, kind)), get_mapping(source, kind)
            yield from (_check_bundle if kind == "clusterTrustBundle" else _check_issued)(
                place, value
            )
        for below, file in _files(source):
            first = seen.setdefault(file, path.join((index, *below)))
            here = path.join((index, *below))
            if first != here and (new_kinds or _is_new(first)):
                message = f"duplicate path {quote_value(file)} in the volume (first at {first})"
                yield Finding(here, message, "use a different path")


def _is_new(path: Path) -> bool:
    return "clusterTrustBundle" in path or "podCertificate" in path


def _files(source: Mapping[str, Any]) -> Iterator[tuple[tuple[str | int, ...], str]]:
    for kind in ("secret", "configMap", "downwardAPI"):
        for number, item in iter_mappings(get_mapping(source, kind), "items"):
            if file := get_str(item, "path"):
                yield (kind, "items", number, "path"), file
    for kind, fields in (("clusterTrustBundle", ("path",)), ("podCertificate", _CERTIFICATE_PATHS)):
        for field in fields:
            if file := get_str(get_mapping(source, kind), field):
                yield (kind, field), file


def _check_bundle(path: Path, bundle: Mapping[str, Any]) -> Iterator[Finding]:
    name, signer = bundle.get("name"), bundle.get("signerName")
    if name is not None and signer is not None:
        yield Finding(path, "name and signerName exclude each other", "keep one of them")
    elif name is not None:
        if type(name) is str and (reason := _explain_bundle_name(name)):
            message = f"invalid name {quote_value(name)}: {reason}"
            yield Finding(path / "name", message, "use the name of a ClusterTrustBundle")
        if bundle.get("labelSelector") is not None:
            yield Finding(
                path / "labelSelector", "labelSelector requires signerName, and excludes name"
            )
    elif signer is not None:
        yield from _check_signer(path / "signerName", signer)
        yield from _check_selector(path / "labelSelector", get_mapping(bundle, "labelSelector"))
    else:
        yield Finding(path, "one of name and signerName is required", "add one of them")
    if bundle.get("path") == "":
        yield Finding(path / "path", "path is required", "set path")
    yield from _check_path(path / "path", bundle.get("path"))


def _check_issued(path: Path, certificate: Mapping[str, Any]) -> Iterator[Finding]:
    signer = get_str(certificate, "signerName")
    # Where one is missing altogether, `missing_field` says so.
    yield from _check_signer(path / "signerName", certificate.get("signerName"))
    kind = certificate.get("keyType")
    if type(kind) is str and kind not in _KEY_TYPES:
        unknown = unknown_value_finding(path / "keyType", "key type", kind, _KEY_TYPES)
        yield replace(unknown, remediation=unknown.remediation or "use an allowed key type")
    seconds = certificate.get("maxExpirationSeconds")
    host = signer.partition("/")[0]
    most = _MAX_SECONDS
    if host == "kubernetes.io" or host.endswith(".kubernetes.io"):
        most = _MAX_SECONDS_OF_KUBERNETES
    if type(seconds) is int and not _MIN_SECONDS <= seconds <= most:
        message = f"maxExpirationSeconds must be between {_MIN_SECONDS} and {most}, got {seconds}"
        remediation = f"use a value between {_MIN_SECONDS} and {most}"
        yield Finding(path / "maxExpirationSeconds", message, remediation)
    for key in get_mapping(certificate, "userAnnotations"):
        if "/" not in key or not is_qualified_name(key.lower()):
            message = f"invalid key {quote_value(key)}: DOMAIN/NAME is expected"
            remediation = "write a domain, a slash and a name, like example.com/name"
            yield Finding(path.join(("userAnnotations", key)), message, remediation)
    for field in _CERTIFICATE_PATHS:
        yield from _check_path(path / field, certificate.get(field))
    if not any(certificate.get(field) for field in _CERTIFICATE_PATHS):
        message = f"one of {', '.join(_CERTIFICATE_PATHS)} is required"
        yield Finding(path, message, f"add {_CERTIFICATE_PATHS[0]}")


def _check_path(path: Path, file: Any) -> Iterator[Finding]:
    if type(file) is str and file and not FILE_PATH.accepts(file):
        message = f"invalid path {quote_value(file)}: {FILE_PATH.explain(file)}"
        yield Finding(path, message, "use a relative path below the volume")


def _check_signer(path: Path, signer: Any) -> Iterator[Finding]:
    if signer == "":
        yield Finding(path, "signerName is required", "set signerName")
    elif type(signer) is str and not _is_signer_name(signer):
        message = f"invalid signerName {quote_value(signer)}: DOMAIN/NAME is expected"
        yield Finding(path, message, "write the signer as example.com/name")


def _is_signer_name(signer: str) -> bool:
    domain, _, name = signer.partition("/")
    labels = domain.split(".")
    return (
        len(labels) > 1
        and len(domain) <= _MAX_DOMAIN_LENGTH
        and all(map(is_dns_label, labels))
        and all(map(is_subdomain, name.split(".")))
        and len(signer) <= _MAX_SIGNER_LENGTH
    )


def _explain_bundle_name(name: str) -> str:
    # The name of a bundle with a signer starts with that: "example.com:ca:models".
    prefix, colon, rest = name.rpartition(":")
    if not is_subdomain(rest):
        return "a DNS subdomain is expected" + (" after the last colon" if colon else "")
    if colon and "/" in prefix:
        return '"/" is not allowed'
    return ""


def _check_selector(path: Path, selector: Mapping[str, Any]) -> Iterator[Finding]:
    for key, value in get_mapping(selector, "matchLabels").items():
        place = path.join(("matchLabels", key))
        yield from _check_format(place, key, QUALIFIED_NAME)
        yield from _check_format(place, value, LABEL_VALUE)
    for index, item in iter_mappings(selector, "matchExpressions"):
        place = path.join(("matchExpressions", index))
        operator, values = item.get("operator"), get_list(item, "values")
        yield from _check_format(place / "key", get_str(item, "key"), QUALIFIED_NAME)
        if operator in _OPERATORS_WITH_VALUES and not values:
            message = f"values is required with operator {operator}"
            yield Finding(place / "values", message, "add values")
        elif operator in _OPERATORS_WITHOUT_VALUES and values:
            message = f"operator {operator} takes no values"
            yield Finding(place / "values", message, "remove values")
        elif operator not in _OPERATORS and type(operator or "") is str:
            message = f"unknown operator {quote_value(operator or '')}"
            yield Finding(place / "operator", message, f"use {join_words(_OPERATORS, 'or')}")
        for number, value in enumerate(values):
            yield from _check_format(place.join(("values", number)), value, LABEL_VALUE)


def _check_format(path: Path, text: Any, form: Format) -> Iterator[Finding]:
    if type(text) is str and not form.accepts(text):
        message = f"invalid {form.name} {quote_value(text)}: {form.explain(text)}"
        yield Finding(path, message, form.advise(text))
