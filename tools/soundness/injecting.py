"""Writing a value at a published path into a document: what it needs around it is made, too."""

from collections.abc import Sequence
from random import Random
from typing import Any

from tools.soundness.published import Field, Published
from tools.soundness.samples import KINDS, METRICS
from tools.soundness.values import Values, metric
from webhook.graph.path import Path, resolve_path

_REUSED = {"predictors": 1.0, "componentSpecs": 1.0, "containers": 0.8}
"""By list: how often an item that is there is changed, rather than one added."""
_REUSED_ELSEWHERE = 0.4


class Injector:
    """Writes values at the paths of one published schema."""

    def __init__(self, published: Published, values: Values) -> None:
        self._published = published
        self._values = values

    def put(self, document: dict[str, Any], field: Field, value: Any, random: Random) -> Path:
        """Write a value at a field's path; return the place of what holds it."""
        holder, place, where = self._make(document, _steps(field.path)[:-1], random)
        self._clear_union(holder, where, field.name)
        holder[field.name] = value
        return place

    def put_beside(self, document: dict[str, Any], place: Path, field: Field, value: Any) -> None:
        """Write a value of another field into what is at a place."""
        resolve_path(document, place)[field.name] = value

    def _make(
        self, document: dict[str, Any], steps: Sequence[str], random: Random
    ) -> tuple[Any, Path, str]:
        """Return the object at a path, its place and its published path; what lacks is made."""
        node: Any = document
        place, pattern = Path(), ""
        for number, step in enumerate(steps):
            following = steps[number + 1] if number + 1 < len(steps) else ""
            if step == "[]":
                pattern = f"{pattern}[]"
                index = self._item(node, pattern, following, random)
                place, node = place / index, node[index]
            else:
                self._clear_union(node, pattern, step)
                pattern = f"{pattern}.{step}" if pattern else step
                wanted = list if following == "[]" else dict
                if type(node.get(step)) is not wanted:
                    node[step] = [] if wanted is list else self._object(pattern, random)
                if step == "componentSpecs" and not node[step]:
                    name = node.get("graph", {}).get("name", "classifier")
                    node[step].append({"spec": {"containers": [{"name": name}]}})
                place, node = place / step, node[step]
        return node, place, pattern

    def _object(self, pattern: str, random: Random) -> dict[str, Any]:
        field = self._published.fields.get(pattern)
        return {} if field is None else self._values.whole(field, random, without_kind=True)

    def _item(self, items: list[Any], pattern: str, following: str, random: Random) -> int:
        """Return the index of the item to go into."""
        name = pattern.removesuffix("[]").rpartition(".")[2]
        usable = [n for n, item in enumerate(items) if type(item) is dict]
        field = self._published.fields.get(pattern)
        if name in METRICS and following in METRICS[name]:
            items.append(metric(pattern, following))
            return len(items) - 1
        if field is not None and field.of in KINDS:
            usable = [n for n in usable if following in items[n]]
        if usable and random.random() < _REUSED.get(name, _REUSED_ELSEWHERE):
            return random.choice(usable)
        items.append(self._object(pattern, random))
        return len(items) - 1

    def _clear_union(self, holder: Any, pattern: str, member: str) -> None:
        """Remove the other members of a union that gets one."""
        field = self._published.fields.get(pattern)
        if field is None or field.of not in KINDS:
            return
        members = {f.name for f in self._published.children[pattern] if f.type == "object"}
        if member in members:
            for other in members - {member}:
                holder.pop(other, None)


def mend_references(document: dict[str, Any]) -> None:
    """Add what the made-up parts refer to: the volume "extra", the claim "gpu", a container."""
    for predictor in mappings(document.get("spec"), "predictors"):
        for component in mappings(predictor, "componentSpecs"):
            if type(pod := component.get("spec")) is dict:
                _mend_pod(component, pod)


def _mend_pod(component: dict[str, Any], pod: dict[str, Any]) -> None:
    containers = [*mappings(pod, "containers"), *mappings(pod, "initContainers")]
    names = [c["name"] for c in containers if type(c.get("name")) is str]
    if not names:
        return
    text = repr(component)
    if "'extra'" in text and "extra" not in names:
        if "'volumeDevices'" in text:
            source: dict[str, Any] = {"persistentVolumeClaim": {"claimName": "claim"}}
        else:
            source = {"emptyDir": {}}
        if not any(v.get("name") == "extra" for v in mappings(pod, "volumes")):
            append_item(pod, "volumes", {"name": "extra", **source})
    if any(
        claim.get("name") == "gpu"
        for container in containers
        if type(resources := container.get("resources")) is dict
        for claim in mappings(resources, "claims")
    ) and not pod.get("resourceClaims"):
        pod["resourceClaims"] = [{"name": "gpu", "resourceClaimName": "gpus"}]
    _replace(component, ("containerName",), "extra", names[0])
    _replace(component.get("hpaSpec"), ("container",), "classifier", names[0])


def _replace(value: Any, fields: tuple[str, ...], old: str, new: str) -> None:
    if type(value) is dict:
        for key, inner in value.items():
            if key in fields and inner == old:
                value[key] = new
            else:
                _replace(inner, fields, old, new)
    elif type(value) is list:
        for inner in value:
            _replace(inner, fields, old, new)


def append_item(holder: dict[str, Any], field: str, item: dict[str, Any]) -> None:
    """Add an item to a list, which is made where there is none."""
    if type(holder.get(field)) is list:
        holder[field].append(item)
    elif holder.get(field) is None:
        holder[field] = [item]


def mappings(holder: Any, field: str) -> list[dict[str, Any]]:
    """Return the mappings in a list of `holder`; what is of another type is left out."""
    found = holder.get(field) if type(holder) is dict else None
    return [item for item in found if type(item) is dict] if type(found) is list else []


def _steps(path: str) -> list[str]:
    return path.replace("[]", ".[]").split(".")
