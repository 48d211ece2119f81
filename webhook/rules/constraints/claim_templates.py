"""The rows on templates of claims in ephemeral volumes.

Source: ValidatePersistentVolumeClaimTemplate.
"""

from collections.abc import Iterable
from typing import Any

from webhook.graph.finding import Finding
from webhook.graph.k8s_syntax import (
    MAX_ANNOTATIONS_SIZE,
    count_bytes,
    is_quantity,
    parse_quantity,
)
from webhook.graph.model import get_list, get_mapping
from webhook.graph.text import join_words
from webhook.rules._format import quote_value
from webhook.rules.constraints.amounts import describe_invalid_quantity
from webhook.rules.constraints.checks import (
    ConstraintRule,
    Location,
    each_key,
    each_value,
    matches,
    not_empty,
    one_of,
    required,
    row,
    rows,
)
from webhook.rules.constraints.formats import (
    ANNOTATION_KEY,
    DNS_LABEL,
    DNS_SUBDOMAIN,
    LABEL_VALUE,
    QUALIFIED_NAME,
)
from webhook.rules.constraints.scheduling import selector_rows

_EPHEMERAL = "volumes[].ephemeral"
_TEMPLATE = f"{_EPHEMERAL}.volumeClaimTemplate"
_SPEC = f"{_TEMPLATE}.spec"
_EXCLUSIVE_MODE = "ReadWriteOncePod"
_MODES = ("ReadWriteOnce", "ReadOnlyMany", "ReadWriteMany", _EXCLUSIVE_MODE)
_ALLOWED_METADATA = ("labels", "annotations")
_TIMES = ("creationTimestamp", "deletionTimestamp")
_GRACE_PERIOD = "deletionGracePeriodSeconds"


def _check_metadata(value: Any, location: Location) -> Iterable[Finding]:
    if type(value) is not dict:
        return ()
    # An empty list is not nil to the API server, nor is a grace period of 0: finalizers: [] is
    # refused, name: "" is not. An empty text is not a time.
    others = [
        field
        for field, content in value.items()
        if field not in _ALLOWED_METADATA
        and (
            content
            or content in ([], {})
            or (field in _TIMES and content == "")
            or (field == _GRACE_PERIOD and content is not None)
        )
    ]
    if not others:
        return ()
    message = (
        f"a claim template's metadata has labels and annotations only, got {join_words(others)}"
    )
    return (Finding(location.at(others[0]), message, "remove it"),)


def _check_annotations_size(value: Any, location: Location) -> Iterable[Finding]:
    """Check the bytes of all annotations (source: ValidateAnnotationsSize)."""
    if type(value) is not dict:
        return ()
    size = sum(count_bytes(text) for pair in value.items() for text in pair if type(text) is str)
    if size <= MAX_ANNOTATIONS_SIZE:
        return ()
    message = f"{MAX_ANNOTATIONS_SIZE} bytes of annotations at most, has {size}"
    return (Finding(location.at(), message, "shorten or remove annotations"),)


def _check_modes(value: Any, location: Location) -> Iterable[Finding]:
    if type(value) is not dict:
        return ()
    modes = get_list(value, "accessModes")
    if not modes and value.get("accessModes") in (None, []):
        return (Finding(location.at("accessModes"), "accessModes is required", "add one"),)
    if _EXCLUSIVE_MODE in modes and any(mode in _MODES[:-1] for mode in modes):
        message = f"{_EXCLUSIVE_MODE} excludes other access modes"
        return (Finding(location.at("accessModes"), message, "keep only one"),)
    return ()


def _check_storage(value: Any, location: Location) -> Iterable[Finding]:
    if type(value) is not dict:
        return ()
    resources = get_mapping(value, "resources")
    storage = get_mapping(resources, "requests").get("storage")
    path = location.at("resources", "requests", "storage")
    if storage is None:
        return (Finding(path, "the claim requests no storage", "set it, like 10Gi"),)
    amount = parse_quantity(storage)
    if amount is not None and amount <= 0:
        message = f"storage must be more than 0, got {storage}"
        return (Finding(path, message, "set it, like 10Gi"),)
    return ()


def _check_quantities(value: Any, location: Location) -> Iterable[Finding]:
    if type(value) is not dict:
        return ()
    return [
        Finding(location.at(name), describe_invalid_quantity(amount))
        for name, amount in value.items()
        if type(amount) is str and not is_quantity(amount)
    ]


def _check_source(value: Any, location: Location) -> Iterable[Finding]:
    """Check what a claim is filled from (sources: validateDataSource, validateDataSourceRef)."""
    if type(value) is not dict:
        return ()
    kind, group = value.get("kind"), value.get("apiGroup")
    if group or type(kind) is not str or kind == "PersistentVolumeClaim":
        return ()
    message = f"kind {quote_value(kind)} requires an apiGroup; only PersistentVolumeClaim has none"
    return (Finding(location.at("kind"), message, "add apiGroup"),)


def _check_two_sources(value: Any, location: Location) -> Iterable[Finding]:
    if type(value) is not dict:
        return ()
    source, reference = value.get("dataSource"), value.get("dataSourceRef")
    if type(source) is not dict or type(reference) is not dict:
        return ()
    if reference.get("namespace"):
        message = "dataSource is not allowed beside a dataSourceRef with a namespace"
        return (Finding(location.at("dataSource"), message, "remove dataSource"),)
    if any(source.get(field) != reference.get(field) for field in ("apiGroup", "kind", "name")):
        message = "dataSource and dataSourceRef must be the same"
        return (Finding(location.at("dataSource"), message, "remove dataSource"),)
    return ()


RULES = (
    ConstraintRule(
        "malformed-volume-claim-template",
        """Invalid claim template of an ephemeral volume

    Why: an ephemeral volume brings a template for a claim of its own, which needs at least one
    access mode and an amount of storage, names of classes and sources that can exist, and may set
    no fields of metadata but labels and annotations. The API server refuses a Deployment without.

    Fix: Correct the value, or remove the field.

    Bad:
        volumes:
        - name: scratch
          ephemeral:
            volumeClaimTemplate:
              spec:
                accessModes: [ReadWriteOnce]

    Good:
        volumes:
        - name: scratch
          ephemeral:
            volumeClaimTemplate:
              spec:
                accessModes: [ReadWriteOnce]
                resources:
                  requests:
                    storage: 10Gi
    """,
        (
            row("pod", _EPHEMERAL, required("volumeClaimTemplate")),
            row("pod", f"{_TEMPLATE}.metadata", _check_metadata),
            row(
                "pod",
                f"{_TEMPLATE}.metadata.labels",
                each_key(QUALIFIED_NAME),
                each_value(LABEL_VALUE),
            ),
            row(
                "pod",
                f"{_TEMPLATE}.metadata.annotations",
                each_key(ANNOTATION_KEY),
                _check_annotations_size,
            ),
            row("pod", _SPEC, _check_modes, _check_storage, _check_two_sources),
            row("pod", f"{_SPEC}.accessModes[]", one_of(*_MODES, what="access mode")),
            row("pod", f"{_SPEC}.volumeMode", one_of("Filesystem", "Block", what="volume mode")),
            *rows(
                "pod",
                (f"{_SPEC}.resources.requests", f"{_SPEC}.resources.limits"),
                _check_quantities,
            ),
            *(
                row("pod", f"{_SPEC}.{field}", matches(DNS_SUBDOMAIN, field, optional=True))
                for field in ("storageClassName", "volumeAttributesClassName")
            ),
            *rows(
                "pod",
                (f"{_SPEC}.dataSource", f"{_SPEC}.dataSourceRef"),
                not_empty("name", "kind"),
                _check_source,
            ),
            *rows(
                "pod",
                (f"{_SPEC}.dataSource.apiGroup", f"{_SPEC}.dataSourceRef.apiGroup"),
                matches(DNS_SUBDOMAIN, "apiGroup", optional=True),
            ),
            row(
                "pod",
                f"{_SPEC}.dataSourceRef.namespace",
                matches(DNS_LABEL, "namespace", optional=True),
            ),
            *selector_rows("pod", f"{_SPEC}.selector"),
        ),
    ),
)
