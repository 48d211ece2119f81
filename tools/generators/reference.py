"""Makes docs/reference/seldondeployment.md: every field of a SeldonDeployment, in document order.

One chapter for each kind of object, one heading for each field, so that a field can be linked to.
Kubernetes' own types are not repeated: they link to Kubernetes' documentation.
"""

from collections.abc import Iterator
from typing import Any

from tools.generators import notice
from webhook.graph.schema import (
    KUBERNETES_PREFIX,
    allowed_types,
    enum_docs,
    kubernetes_minor,
    seldon_definitions,
)

SOURCE = "webhook/graph/schema/seldondeployment.json"
TARGET = "docs/reference/seldondeployment.md"

_HEAD = """\
<!-- {notice} -->
# SeldonDeployment, field by field

`apiVersion: machinelearning.seldon.io/v1`, `v1alpha2` or `v1alpha3`: the fields are the same.

* A field may be left out, or be `null`, unless it is marked **required**.
* A field that is not on this page is an error; graphgate suggests the nearest name.
* An integer is a whole number of 32 bits unless 64 are named. Text that looks like a number or a
  truth value needs quotes: `value: "1"`.
* *Default* is what you get if you leave the field out.
* *Words* are the values that are known. They are written exactly so, capitals included.
* Pods are Kubernetes' own, as of Kubernetes 1.{minor}. A field that this version does not know is a
  warning only, since your cluster may be newer.

## Chapters

{chapters}

"""

# What has this description is listed in one line at the end of its chapter.
_NO_EFFECT_TEXT = "Has no effect here."

_SEE = {
    "ObjectMeta": "common-definitions/object-meta/",
    "OwnerReference": "common-definitions/object-meta/",
    "LabelSelector": "common-definitions/label-selector/",
    "PodSpec": "workload-resources/pod-v1/#PodSpec",
    "Container": "workload-resources/pod-v1/#Container",
    "EnvVar": "workload-resources/pod-v1/#environment-variables",
    "ResourceRequirements": "workload-resources/pod-v1/#resources",
    "MetricSpec": "workload-resources/horizontal-pod-autoscaler-v2/",
    "HorizontalPodAutoscalerBehavior": "workload-resources/horizontal-pod-autoscaler-v2/",
    "CrossVersionObjectReference": "workload-resources/horizontal-pod-autoscaler-v2/",
}
_KUBERNETES_DOCS = "https://kubernetes.io/docs/reference/kubernetes-api/"

Schema = dict[str, Any]


def files() -> dict[str, str]:
    """Return the page."""
    places = definition_paths()
    head = _HEAD.format(
        notice=notice(SOURCE),
        minor=kubernetes_minor(),
        chapters="\n".join(_contents(places)),
    )
    return {TARGET: head + "\n".join(_chapter(name, at) for name, at in places.items())}


def definition_paths() -> dict[str, list[str]]:
    """Return every definition of ours, in document order, with the paths where it is used."""
    places: dict[str, list[str]] = {"SeldonDeployment": [""]}
    _collect("SeldonDeployment", "", places)
    return places


def _collect(name: str, path: str, places: dict[str, list[str]]) -> None:
    for field, field_info in seldon_definitions()[name]["properties"].items():
        inner = _refers_to(field_info)
        if not inner or inner.startswith(KUBERNETES_PREFIX):
            continue
        here = f"{path}.{field}".removeprefix(".") + "[]" * ("items" in field_info)
        is_first = inner not in places
        places.setdefault(inner, []).append(here)
        if is_first:
            _collect(inner, here, places)


def _contents(places: dict[str, list[str]]) -> Iterator[str]:
    for name, (first, *_) in places.items():
        depth = first.count(".") + bool(first)
        field = f" `{first.rpartition('.')[2]}`" if first else ""
        yield f"{'  ' * depth}* [{name}](#{anchor(name)}){field}"


def _chapter(name: str, at: list[str]) -> str:
    definition = seldon_definitions()[name]
    places = ", ".join(f"`{path}`" for path in at) if at[0] else "the document itself"
    lines = [f"## {name}", "", definition["description"], "", f"Found at: {places}.", ""]
    idle = []
    for field, field_info in definition["properties"].items():
        if field_info["description"] == _NO_EFFECT_TEXT:
            idle.append(f"`{field}`")
        else:
            required = field in definition.get("required", ())
            lines += _field(name, field, field_info, required=required)
    if idle:
        lines += [f"Without effect: {', '.join(idle)}.", ""]
    return "\n".join(lines)


def _field(owner: str, field: str, field_info: Schema, *, required: bool) -> list[str]:
    facts = [_type(field_info)]
    if required:
        facts.append("**required**")
    if field_info.get("deprecated"):
        facts.append("**deprecated**")
    lines = [f"### {owner}.{field}", "", " · ".join(facts), "", field_info["description"], ""]
    known = [pair for table in field_info.get("x-words", ()) for pair in enum_docs(table).items()]
    if known:
        lines += ["Words:", "", *(f"* `{word}`: {meaning}" for word, meaning in known)]
        lines += ["* any other that your administrator has added"] * ("x-open" in field_info)
        lines.append("")
    if "x-default" in field_info:
        lines += [f"Default: {field_info['x-default']}.", ""]
    if "x-note" in field_info:
        lines += [field_info["x-note"], ""]
    if "x-see" in field_info and field_info["x-see"] not in facts[0]:
        lines += [f"See <{field_info['x-see']}>.", ""]
    return lines


def _type(field_info: Schema) -> str:
    """Return the type in words.

    list of [Predictor](#predictor)
    """
    name = _refers_to(field_info)
    allowed = [word for word in allowed_types(field_info) if word != "null"] or [
        field_info["x-type"]
    ]
    if allowed == ["array"]:
        element = field_info.get("items")
        return f"list of {_type(element)}" if element else "list"
    if name:
        return _link(name)
    if "additionalProperties" in field_info:
        return f"map of text to {_type(field_info['additionalProperties'])}"
    words = {"string": "text", "boolean": "true or false", "object": "map"}
    spelled = " or ".join(words.get(word, word) for word in allowed)
    return f"{spelled} of 64 bits" if field_info.get("format") == "int64" else spelled


def _link(name: str) -> str:
    if not name.startswith(KUBERNETES_PREFIX):
        return f"[{name}](#{anchor(name)})"
    short = name.rpartition(".")[2]
    return f"Kubernetes' [{short}]({_KUBERNETES_DOCS}{_SEE[short]})"


def _refers_to(field_info: Schema) -> str:
    name: str = field_info.get("items", field_info).get("$ref", "").removeprefix("#/$defs/")
    return name


def anchor(heading: str) -> str:
    """Return how GitHub and most other renderers spell the link to a heading."""
    return "".join(c for c in heading.lower() if c.isalnum() or c in "-_ ").replace(" ", "-")
