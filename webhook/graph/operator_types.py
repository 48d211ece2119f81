"""Which Kubernetes Seldon's operator is built for: it drops the fields that its types lack.

The operator reads a SeldonDeployment into Go types of k8s.io/api, which know the fields of their
own minor version, and makes the pods of what it has read. Nothing is logged.
"""

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

from webhook.graph.cluster_facts import Operator
from webhook.graph.model import SeldonDeployment, get_mapping, iter_mappings
from webhook.graph.path import Path

OPERATOR_VERSION_PATTERN = r"^v?1\.(0|[1-9][0-9]?)(\.[0-9]+)?([-+][-+.0-9A-Za-z]*)?$"
"""A version of Seldon Core 1: 1.17.1, or 1.18.0-rc.1."""

ASSUMED_VERSION = "1.17.1"
"""Where the operator's version is not known; what is rendered for it is as this version does."""

_KUBERNETES_MINORS = {16: 24, 17: 24, 18: 28, 19: 31}
"""By minor version of the operator, the minor version of k8s.io/api that it is built with
(operator/go.mod at the tags v1.16.0, v1.17.1, v1.18.2 and v1.19.0-rc.1)."""

_OLD_KEDA, _NEW_KEDA, _NEW_KEDA_SINCE = "2.7", "2.17", 19
"""The types of KEDA that it is built with, the newer ones since 1.19 (operator/go.mod likewise)."""

KEDA_WORDS = frozenset(
    {
        "advanced.scalingModifiers",
        "horizontalPodAutoscalerConfig.name",
        "fallback.behavior",
        "triggers.useCachedMetrics",
    }
)
"""The fields of a kedaSpec that the older ones lack, as rules write words."""

_HOSTS_SINCE = 18

_VERSION = re.compile(OPERATOR_VERSION_PATTERN)


class OperatorTypes(NamedTuple):
    """What Seldon's operator is built for.

    version           "1.17.1"
    kubernetes_minor  24 for types of Kubernetes 1.24
    is_known          False where the version is assumed, or newer than all that are known here
    keda              "2.7"
    """

    version: str
    kubernetes_minor: int
    is_known: bool
    keda: str

    @property
    def names_keda_autoscalers(self) -> bool:
        """Whether it reads advanced.horizontalPodAutoscalerConfig.name of a kedaSpec."""
        return self.keda != _OLD_KEDA


def get_operator_types(operator: Operator | None, version: str | None) -> OperatorTypes | None:
    """Return what an operator of this version is built for; None: it is not Seldon's.

    version  as in `Facts.operator_version`

    An operator before 1.16 counts as 1.16: it lacks at least what that lacks.
    """
    return _types_of(version) if operator == "seldon" else None


@lru_cache(maxsize=8)
def _types_of(version: str | None) -> OperatorTypes:
    match = _VERSION.match(version or "")
    is_known = match is not None
    match = match or _VERSION.match(ASSUMED_VERSION)
    assert match is not None  # noqa: S101 — the assumed version is one
    minor = int(match[1])
    newest = max(_KUBERNETES_MINORS)
    built_with = _KUBERNETES_MINORS[min(max(minor, min(_KUBERNETES_MINORS)), newest)]
    keda = _OLD_KEDA if minor < _NEW_KEDA_SINCE else _NEW_KEDA
    return OperatorTypes(match[0].removeprefix("v"), built_with, is_known and minor <= newest, keda)


def find_dropped_keda_fields(deployment: SeldonDeployment, types: OperatorTypes) -> Iterator[Path]:
    """Yield each field of a kedaSpec that is set and that the operator's types of KEDA lack."""
    if types.keda != _OLD_KEDA:
        return
    for component in deployment.components:
        if "kedaSpec" not in component.raw:
            continue
        path = component.path / "kedaSpec"
        written = get_mapping(component.raw, "kedaSpec")
        advanced = get_mapping(written, "advanced")
        holders = [
            (advanced, path / "advanced", "scalingModifiers"),
            (
                get_mapping(advanced, "horizontalPodAutoscalerConfig"),
                path / "advanced" / "horizontalPodAutoscalerConfig",
                "name",
            ),
            (get_mapping(written, "fallback"), path / "fallback", "behavior"),
        ]
        for index, trigger in iter_mappings(written, "triggers"):
            holders.append((trigger, path / "triggers" / index, "useCachedMetrics"))
        for holder, place, field in holders:
            if holder.get(field) is not None:
                yield place / field


def splits_hosts(operator: Operator | None, version: str | None) -> bool:
    """Return whether Seldon's operator reads several hosts, separated by commas.

    Since 1.18 (HostsFromAnnotation); before, and to graphgate's reconciler, it is one name.
    """
    types = get_operator_types(operator, version)
    return types is not None and int(types.version.split(".")[1]) >= _HOSTS_SINCE


def first_version_with(kubernetes_minor: int) -> str:
    """Return the first version of the operator with types of a Kubernetes; "": none has them."""
    for minor, built_with in _KUBERNETES_MINORS.items():
        if built_with >= kubernetes_minor:
            return f"1.{minor}"
    return ""
