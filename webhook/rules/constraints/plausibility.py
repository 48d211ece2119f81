"""The rows on values that Kubernetes or Seldon takes, and that do not do what they seem to."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from webhook.graph.finding import Finding, Operation
from webhook.graph.well_known import GPU_RESOURCE
from webhook.rules._format import quote_value
from webhook.rules.constraints.checks import ConstraintRule, Location, ValueCheck, row, rows

_FIRST_IMPLAUSIBLE_CPU = 500
"""Whole cores. 500 almost always means 500m; machines have fewer cores."""
_OBSOLETE_GPU = "alpha.kubernetes.io/nvidia-gpu"
_TEMPLATE = re.compile(r"\{\{.*|\$\{[^}]*\}?|\$\([^)]*\)?|<[^<>]*>|\{%.*")


def _is_plausible_cpu(value: Any) -> bool:
    text = str(value) if type(value) in (str, int) else ""
    return not (text.isascii() and text.isdecimal()) or int(text[:9]) < _FIRST_IMPLAUSIBLE_CPU


def _report_cpu(value: str | int, location: Location) -> Iterable[Finding]:
    text = str(value)
    message = f"cpu {text[:20]} means {text[:20]} cores"
    return (Finding(location.at(), message, f"did you mean {text[:20]}m?"),)


_check_cpu = ValueCheck(_is_plausible_cpu, _report_cpu)


def _has_no_obsolete_gpu(value: Any) -> bool:
    if type(value) is not dict:
        return True
    for side in ("requests", "limits"):
        names = value.get(side)
        if type(names) is dict and _OBSOLETE_GPU in names:
            return False
    return True


def _report_gpu(value: Mapping[str, Any], location: Location) -> Iterable[Finding]:
    amounts: dict[str, Any] = {side: value.get(side) for side in ("requests", "limits")}
    sides = [
        side for side, names in amounts.items() if type(names) is dict and _OBSOLETE_GPU in names
    ]
    # Both sides at once: a request of an extended resource needs its limit.
    moves: tuple[Operation, ...] = tuple(
        {
            "op": "move",
            "from": location.at(side, _OBSOLETE_GPU).pointer,
            "path": location.at(side, GPU_RESOURCE).pointer,
        }
        for side in sides
    )
    is_taken = any(GPU_RESOURCE in amounts[side] for side in sides)
    message = f"no node offers {_OBSOLETE_GPU} since Kubernetes 1.11: the pods are never scheduled"
    for side in sides:
        path = location.at(side, _OBSOLETE_GPU)
        yield Finding(path, message, f"use {GPU_RESOURCE}", () if is_taken else moves)


_check_gpu = ValueCheck(_has_no_obsolete_gpu, _report_gpu)


_REMOTES = {
    **dict.fromkeys(("http", "https"), ("host and path", "host.example/model.tar")),
    "file": ("the path", "/mnt/model"),
}
"""What other schemes than those of buckets name, and an example."""


def _check_model_path(value: Any, location: Location) -> Iterable[Finding]:
    if type(value) is not str:
        return ()
    scheme, separator, rest = value.partition("://")
    if not separator or not scheme or rest.strip("/ ") or scheme == "pvc":
        return ()  # without a claim, pvc:// is denied by pvc-uri-without-claim
    message = f"modelUri {quote_value(value)} names nothing to fetch"
    place, example = _REMOTES.get(scheme, ("bucket and path", "bucket/model"))
    return (Finding(location.at(), message, f"add {place}, like {scheme}://{example}"),)


def _check_model_template(value: Any, location: Location) -> Iterable[Finding]:
    found = _TEMPLATE.search(value) if type(value) is str else None
    if not found:
        return ()
    message = f"unrendered template {quote_value(found[0])} in modelUri"
    return (Finding(location.at(), message, "render the template first"),)


def _check_explainer(value: Any, location: Location) -> Iterable[Finding]:
    if type(value) is not dict or not value or value.get("type") not in (None, ""):
        return ()
    message = "explainer has no type: no explainer is made"
    return (Finding(location.at("type"), message, "add type, like AnchorTabular"),)


RULES = (
    ConstraintRule(
        "cpu-without-unit",
        """Hundreds of CPU cores

    Why: cpu is counted in cores, and 500 without the suffix m is five hundred of them. No node
    has that many, and the pods stay pending.

    Fix: Write 500m for half a core.

    Bad:
        resources:
          requests:
            cpu: 500

    Good:
        resources:
          requests:
            cpu: 500m
    """,
        (*rows("container", ("resources.requests.cpu", "resources.limits.cpu"), _check_cpu),),
        action="warn",
    ),
    ConstraintRule(
        "obsolete-gpu-resource",
        """Obsolete name of a GPU resource

    Why: alpha.kubernetes.io/nvidia-gpu was replaced by nvidia.com/gpu of the device plugin, and
    is offered by no node since Kubernetes 1.11. The pods are never scheduled.

    Fix: Write nvidia.com/gpu.

    Bad:
        resources:
          limits:
            alpha.kubernetes.io/nvidia-gpu: 1

    Good:
        resources:
          limits:
            nvidia.com/gpu: 1
    """,
        (row("container", "resources", _check_gpu),),
        action="warn",
    ),
    ConstraintRule(
        "model-uri-without-path",
        """Model URI without a path

    Why: a modelUri says what is fetched before the server starts. A scheme alone, like s3://,
    names nothing, and the initializer fails.

    Fix: Write bucket and path behind the scheme.

    Bad:
        graph:
          name: classifier
          implementation: SKLEARN_SERVER
          modelUri: s3://

    Good:
        graph:
          name: classifier
          implementation: SKLEARN_SERVER
          modelUri: s3://models/iris
    """,
        (
            row("node", "modelUri", _check_model_path),
            row("explainer", "modelUri", _check_model_path),
        ),
        action="warn",
    ),
    ConstraintRule(
        "unrendered-model-uri",
        """Unrendered template in a model URI

    Why: ${MODEL_URI}, {{ .Values.uri }} and <bucket> are placeholders that nothing fills in on
    a cluster: the initializer looks for a bucket of that name.

    Fix: Render the template, or write the URI.

    Bad:
        graph:
          name: classifier
          implementation: SKLEARN_SERVER
          modelUri: gs://<bucket>/iris

    Good:
        graph:
          name: classifier
          implementation: SKLEARN_SERVER
          modelUri: gs://models/iris
    """,
        (
            row("node", "modelUri", _check_model_template),
            row("explainer", "modelUri", _check_model_template),
        ),
        action="warn",
    ),
    ConstraintRule(
        "explainer-without-type",
        """Explainer without a type

    Why: the type says which explainer is run. Without one Seldon silently creates none.

    Fix: Add the type, or remove the explainer.

    Bad:
        explainer:
          modelUri: gs://models/iris-explainer

    Good:
        explainer:
          type: AnchorTabular
          modelUri: gs://models/iris-explainer
    """,
        (row("predictor", "explainer", _check_explainer),),
        action="warn",
    ),
)
