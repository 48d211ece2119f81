"""Mutants of a document: one to three changes of any kind, anywhere, drawn from a seed.

A change knows the schema only to find fields that may stand somewhere; what it writes there may be
right, odd or of another type. Nothing here judges: whether a mutant is sound, the API server says.
"""

from collections.abc import Callable, Iterator
from copy import deepcopy
from random import Random
from typing import Any, NamedTuple

from tests.soundness import words
from tests.soundness.fragments import CONTAINER, FRAGMENTS, POD
from webhook.graph.path import Path
from webhook.graph.schema import get_field_info


class Location(NamedTuple):
    """A value in a document: `holder[key]` is it, `path` leads to it."""

    path: Path
    container: Any
    key: Any

    @property
    def value(self) -> Any:
        """The value that stands there now."""
        return self.container[self.key]

    @property
    def field(self) -> str:
        """The name of the field that it is, or is an item of."""
        return next((step for step in reversed(self.path) if type(step) is str), "")


Change = Callable[[dict[str, Any], Random], bool]
"""Changes a document in place; False: it has no place for such a change."""

_OLD_VOLUMES = frozenset(
    {
        *("awsElasticBlockStore", "azureDisk", "azureFile", "cephfs", "cinder", "fc", "flexVolume"),
        *("flocker", "gcePersistentDisk", "gitRepo", "glusterfs", "iscsi", "photonPersistentDisk"),
        *("portworxVolume", "quobyte", "rbd", "scaleIO", "storageos", "vsphereVolume"),
    }
)
"""Kinds of volumes that are drivers' now (csi), deprecated or without code in Kubernetes. No rule
looks into them."""

_MAX_DEPTH = 4
"""Levels of a made-up value: the API server's types nest no deeper where it matters."""


def mutant(document: dict[str, Any], random: Random) -> tuple[dict[str, Any], tuple[str, ...]]:
    """Return a changed copy and the names of the changes."""
    changed = deepcopy(document)
    change_count = random.choice((1, 1, 1, 2, 2, 3))
    names: list[str] = []
    for _ in range(20):
        name = random.choice(_DRAWN)
        if CHANGES[name](changed, random):
            names.append(name)
        if len(names) == change_count:
            break
    metadata = changed.get("metadata")
    if type(metadata) is dict:
        # What is being deleted is admitted as it is, whatever else it says.
        metadata.pop("deletionTimestamp", None)
    return changed, tuple(names)


def all_locations(document: Any) -> list[Location]:
    """Return every value below the root, with its place; `kind` is what makes it a document."""
    return [place for place in _walk_locations(document, Path()) if place.path != ("kind",)]


def _walk_locations(value: Any, path: Path) -> Iterator[Location]:
    if type(value) is dict:
        entries: Any = value.items()
    elif type(value) is list:
        entries = enumerate(value)
    else:
        return
    for key, inner in list(entries):
        yield Location(path / key, value, key)
        yield from _walk_locations(inner, path / key)


def _pick_location(
    document: Any, random: Random, is_wanted: Callable[[Location], bool] = lambda _: True
) -> Location | None:
    """Return a place, as likely inside the spec's parts as in the long lists of containers."""
    found = [place for place in all_locations(document) if is_wanted(place)]
    return random.choice(found) if found else None


def change_text(document: dict[str, Any], random: Random) -> bool:
    """Write an odd text in place of a text."""
    location = _pick_location(document, random, lambda p: type(p.value) is str and len(p.path) > 1)
    if location is None:
        return False
    location.container[location.key] = odd_text(location.value, random)
    return True


def odd_text(text: str, random: Random) -> str:
    """Return an odd text, often one that `text` is part of, or one of a length at a limit."""
    match random.randrange(5):
        case 0:
            return text + random.choice(words.ODD_TEXTS)
        case 1:
            size = random.choice(words.LIMITS)
            return ((text or "a") * size)[:size].rstrip("-./: ") or "a"
        case 2:
            at = random.randint(0, len(text))
            return text[:at] + random.choice("_./: -AZ0%$\t=,\\\"'é") + text[at:]
        case _:
            return random.choice(words.ODD_TEXTS)


def change_number(document: dict[str, Any], random: Random) -> bool:
    """Write an odd number in place of a number."""
    location = _pick_location(document, random, lambda p: type(p.value) is int)
    if location is None:
        return False
    step = location.value + random.choice((-1, 1))
    location.container[location.key] = random.choice(
        (*words.ODD_INTEGERS, step, step, -location.value)
    )
    return True


def change_word(document: dict[str, Any], random: Random) -> bool:
    """Write another ordinary value of a field's name."""
    location = _pick_location(document, random, lambda p: p.field in words.ORDINARY)
    if location is None or type(location.value) in (dict, list):
        return False
    location.container[location.key] = deepcopy(random.choice(words.ORDINARY[location.field]))
    return True


def change_type(document: dict[str, Any], random: Random) -> bool:
    """Write a value of another type, null among them."""
    location = _pick_location(document, random)
    if location is None:
        return False
    location.container[location.key] = deepcopy(random.choice(words.OTHER_TYPES))
    return True


def remove(document: dict[str, Any], random: Random) -> bool:
    """Remove a field or an item."""
    location = _pick_location(document, random)
    if location is None:
        return False
    del location.container[location.key]
    return True


def duplicate(document: dict[str, Any], random: Random) -> bool:
    """Write an item of a list twice, perhaps with a difference."""
    location = _pick_location(document, random, lambda p: type(p.container) is list)
    if location is None:
        return False
    twin = deepcopy(location.value)
    location.container.insert(random.randint(0, len(location.container)), twin)
    if type(twin) is dict and twin and random.random() < 0.5:
        key = random.choice(list(twin))
        ordinary = words.ORDINARY.get(key)
        twin[key] = deepcopy(random.choice(ordinary)) if ordinary else f"{twin[key]}2"
    return True


def shuffle(document: dict[str, Any], random: Random) -> bool:
    """Change the order of a list."""
    location = _pick_location(
        document, random, lambda p: type(p.value) is list and len(p.value) > 1
    )
    if location is None:
        return False
    random.shuffle(location.value)
    return True


def move(document: dict[str, Any], random: Random) -> bool:
    """Move a field into another mapping."""
    location = _pick_location(
        document, random, lambda p: type(p.container) is dict and len(p.path) > 1
    )
    if location is None:
        return False
    value = location.container.pop(location.key)
    other = _pick_location(document, random, lambda p: type(p.value) is dict)
    if other is None:
        return False
    other.value[location.key] = value
    return True


def rename(document: dict[str, Any], random: Random) -> bool:
    """Spell a field's name otherwise."""
    location = _pick_location(
        document, random, lambda p: type(p.container) is dict and len(p.path) > 1
    )
    if location is None or not location.key:
        return False
    name = location.key
    at = random.randrange(len(name))
    spellings = (
        name.lower(),
        name.capitalize(),
        name + "s",
        name[:at] + name[at + 1 :],
        f"x{name}",
    )
    location.container[random.choice(spellings)] = location.container.pop(name)
    return True


def copy_value(document: dict[str, Any], random: Random) -> bool:
    """Write the value of one place at another of the same type: names then meet by chance."""
    location = _pick_location(
        document, random, lambda p: type(p.value) in (str, int) and len(p.path) > 1
    )
    if location is None:
        return False
    same = [p for p in all_locations(document) if type(p.value) is type(location.value)]
    near = [p for p in same if p.field == location.field]
    location.container[location.key] = random.choice(near if random.random() < 0.7 else same).value
    return True


def rename_throughout(document: dict[str, Any], random: Random) -> bool:
    """Write another text wherever a name stands, so that what belongs together stays so."""
    location = _pick_location(document, random, lambda p: p.key == "name" and type(p.value) is str)
    if location is None:
        return False
    old, new = location.value, odd_text(location.value, random)
    for other in all_locations(document):
        if other.value == old:
            other.container[other.key] = new
    return True


def add_field(document: dict[str, Any], random: Random) -> bool:
    """Write a field that a mapping may have and has not, with a made-up value."""
    location = _pick_location(document, random, lambda p: type(p.value) is dict)
    if location is None:
        return False
    found = get_field_info(location.path)
    known = [f for f in found.fields if f not in _OLD_VOLUMES] if found else []
    free = [f for f in known if f not in location.value]
    if free:
        field = random.choice(free)
        location.value[field] = invent_value(location.path / field, random)
    elif found is not None and not found.fields:
        location.value[random.choice(words.KEYS)] = random.choice(words.ENTRIES)
    else:
        return False
    return True


def add_fragment(document: dict[str, Any], random: Random) -> bool:
    """Write a whole value that is right by itself: a probe, a volume, an autoscaler, …"""
    kinds = (
        lambda p: type(p.value) is dict and p.path[-2:-1] == ("componentSpecs",),
        lambda p: type(p.value) is dict and p.path[-1] == "spec" and len(p.path) > 1,
        lambda p: type(p.value) is dict and p.field in ("containers", "initContainers"),
        lambda p: type(p.value) is dict,
    )
    location = _pick_location(document, random, random.choice(kinds))
    if location is None:
        return False
    found = get_field_info(location.path)
    known = [f for f in (found.fields if found else ()) if f in FRAGMENTS]
    if not known:
        return False
    field = random.choice(known)
    value = deepcopy(random.choice(_fragments(location.path, field)))
    if type(value) is list and type(location.value.get(field)) is list and random.random() < 0.7:
        location.value[field].extend(value)
    else:
        location.value[field] = value
    return True


def _fragments(path: Path, field: str) -> tuple[Any, ...]:
    if path[-1] == "spec" and field in POD:
        return POD[field]
    if type(path[-1]) is int and path[-2] in ("containers", "initContainers"):
        return CONTAINER.get(field) or FRAGMENTS[field]
    return FRAGMENTS[field]


def mount(document: dict[str, Any], random: Random) -> bool:
    """Give a pod a volume of any kind, and mount it."""
    location = _pick_location(
        document, random, lambda p: type(p.value) is dict and "containers" in p.value
    )
    if location is None or type(location.value["containers"]) is not list:
        return False
    volumes = deepcopy(random.choice(POD["volumes"]))
    listed = location.value.setdefault("volumes", [])
    containers = [c for c in location.value["containers"] if type(c) is dict]
    if type(listed) is not list or not containers:
        return False
    listed.extend(volumes)
    mounts = random.choice(containers).setdefault("volumeMounts", [])
    if type(mounts) is list:
        mounts.extend(deepcopy(random.choice(CONTAINER["volumeMounts"])))
    return True


def fill_list(document: dict[str, Any], random: Random) -> bool:
    """Make a list long: the API server bounds some of them."""
    location = _pick_location(
        document, random, lambda p: type(p.container) is list and type(p.value) is dict
    )
    if location is None:
        return False
    for number in range(random.choice((4, 9, 40))):
        twin = deepcopy(location.value)
        if type(twin.get("name")) is str:
            twin["name"] += f"-{number}"
        location.container.append(twin)
    return True


def invent_value(path: Path, random: Random, depth: int = 0) -> Any:
    """Return a value of the type that the schema has for `path`: whole, odd or ordinary."""
    field = next((step for step in reversed(path) if type(step) is str), "")
    ordinary = words.ORDINARY.get(field, ())
    known = FRAGMENTS.get(field, ())
    if known and random.random() < 0.5:
        return deepcopy(random.choice(known))
    if ordinary and random.random() < 0.7:
        value = random.choice(ordinary)
        found = get_field_info(path)
        if found is None or not found.types or _type(value) in found.types:
            return deepcopy(value)
    return _of_type(path, random, depth)


def _of_type(path: Path, random: Random, depth: int) -> Any:
    found = get_field_info(path)
    types = [name for name in (found.types if found else ()) if name != "null"]
    match random.choice(types) if types else "string":
        case "boolean":
            return random.choice((True, False))
        case "integer" | "number":
            return random.choice(words.ODD_INTEGERS)
        case "array":
            if depth >= _MAX_DEPTH:
                return []
            count = random.choice((0, 1, 1, 1, 2))
            return [invent_value(path / n, random, depth + 1) for n in range(count)]
        case "object":
            return _object(path, random, depth)
    return random.choice((*words.ENTRIES, *words.ENTRIES, random.choice(words.ODD_TEXTS)))


def _object(path: Path, random: Random, depth: int) -> dict[str, Any]:
    found = get_field_info(path)
    if found is None or not found.fields:
        count = random.choice((0, 1, 2))
        return {random.choice(words.KEYS): random.choice(words.ENTRIES) for _ in range(count)}
    share = 1.5 / len(found.fields)
    return {
        field: invent_value(path / field, random, depth + 1)
        for field in found.fields
        if field not in _OLD_VOLUMES
        if field in found.required or (depth < _MAX_DEPTH and random.random() < share)
    }


def _type(value: Any) -> str:
    names = {bool: "boolean", int: "integer", str: "string", list: "array", dict: "object"}
    return names.get(type(value), "number")


CHANGES: dict[str, Change] = {
    change.__name__.replace("_", "-"): change
    for change in (
        *(change_text, change_number, change_word, change_type, remove, duplicate, shuffle),
        *(move, rename, copy_value, rename_throughout, add_field, add_fragment, mount, fill_list),
    )
}
"""Every kind of change, by name."""

_WEIGHTS = {"add-fragment": 4, "add-field": 4, "change-text": 2, "change-number": 2, "mount": 2}
_DRAWN = [name for name in CHANGES for _ in range(_WEIGHTS.get(name, 1))]
