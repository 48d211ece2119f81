"""Values for a published field: right ones, ones on a border, and wrong ones."""

from copy import deepcopy
from dataclasses import replace
from random import Random
from typing import Any, Literal

from tests.soundness import words
from tools.soundness.published import Field, Published
from tools.soundness.samples import KINDS, METRICS, PLACES, SAMPLES

Quality = Literal["right", "border", "wrong"]

_LENGTHS = (1, 14, 15, 16, 52, 53, 62, 63, 64, 104, 105, 128, 253, 254, 256, 257, 1024, 4097)
_INTEGERS = (
    *(-(2**63), -(2**31) - 1, -(2**31), -1001, -1000, -2, -1, 0, 1, 2, 3, 20, 21, 32, 33, 100),
    *(
        1.0,
        2.0,
        101,
        127,
        128,
        255,
        256,
        511,
        512,
        599,
        600,
        777,
        1000,
        1023,
        1024,
        1800,
        1801,
        3600,
    ),
    *(3600, 30_000, 32_767, 65_535, 65_536, 86_400, 2**31 - 2, 2**31 - 1, 2**31, 2**32, 2**63 - 1),
)
_FORMS = (
    *("A", "a b", " a", "a ", "a_b", "a.b", "a..b", "a/b", "a/b/c", "a:b", "a,b", "a=b", "a@b"),
    *("-a", "a-", ".a", "a.", ".", "..", "../a", "..a", "a/../b", "/", "/a", "//a", "a//b", "\\a"),
    *("a\\b", "a%b", "a\nb", "a\tb", "a\x01", "\x7f", "\x00", "ä", "模型", "😀", "", " ", "0", "1"),
    *("9a", "1.5", "-1", "+1", "1e3", "0x1", "65536", "100%", "101%", "-5%", "5.5%", "%", "true"),
    *("null", "~", "*", "$(A)", "$(HOST)", "{{ x }}", "${X}", "<% x %>", "localhost", "::1"),
    *("10.0.0.1", "010.0.0.1", "256.0.0.1", "10.0.0.0/8", "fe80::1%eth0", "::ffff:10.0.0.1"),
    *("example.com", "Example.com/a", "example.com/", "/a", "kubernetes.io/a", "http://a", "a:1"),
    *("gs://a", "pvc://a", "500m", "0.5m", "1 Gi", "1GB", "1Ki", "-1Gi", "1e100", "2020-01-01"),
    *("cpu", "memory", "hugepages-2Mi", "nvidia.com/gpu", "limits.cpu", "metadata.name"),
    *("metadata.labels['a b']", "metadata.annotations['']", "status.hostIPs", "spec.nodeName"),
    *("http", "HTTP", "None", "none", "Always", "always", "Exists", "exists", "Localhost"),
    *("app", "kubernetes.io/hostname", "seldon-app", "classifier", "extra"),
)
_QUANTITIES = (
    *("0", "1", "-1", "100m", "0.5m", "1.5", "1Gi", "1Ki", "1GB", "1 Gi", "", "1e100", "1e3", "a"),
    *("9223372036854775807", "9223372036854775808", "1n", "0.0001", "3Mi", "2Mi", ".5", "5.", "+1"),
    # 1e1001 is beyond our bound; an API server is busy for minutes with what is much larger.
    *("1e1000", "1e1001", "1e-1000", "9" * 1000, "1e16", "1e19", "18446744073709551616", "16Ei"),
    *(0, 1, -1, 0.5, 2**63 - 1, 1e30),
)
_PORTS_AND_SHARES = (
    *(0, 1, -1, 65_535, 65_536, "1", "http", "HTTP", "a--b", "a" * 15, "a" * 16, "100%", "101%"),
    *("-1%", "5.5%", "0%", "", "50", "%"),
)
_TIMES = ("2026-01-01T00:00:00Z", "2026-01-01T00:00:00.5+01:00", "2026-01-01", "", "x", "0")
_KEYS = (
    *("a", "a.b/c", "A", "a b", "", "a/b/c", "/a", "a/", "ä", "a" * 63, "a" * 64, "-a", "cpu"),
    *("hugepages-0", "hugepages-x", "hugepages-100m", "hugepages-1e1000", "hugepages-"),
    *("memory", "hugepages-2Mi", "hugepages-1Gi", "nvidia.com/gpu", "ephemeral-storage", "storage"),
    *("app", "seldon-app", "kubernetes.io/config.mirror", "a" * 254 + "/b", "requests.cpu", "pods"),
)
_WRONG: tuple[Any, ...] = (None, True, 0, 1, 1.0, 1.5, "", "a", "1", [], {}, ["a"], [{}], {"a": 1})
_JSON: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "time": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "array": (list,),
    "object": (dict,),
    "map": (dict,),
    "quantity": (str, int, float),
    "int-or-string": (str, int),
}
_LONG_LIST = (0, 2, 4, 9, 21, 33, 256)


class Values:
    """Makes values for the fields of one published schema."""

    def __init__(self, published: Published) -> None:
        self._published = published

    def of(self, field: Field, quality: Quality, random: Random) -> Any:
        """Return a value for a field."""
        if quality == "right":
            return self.right(field, random)
        if quality == "border":
            return self.border(field, random)
        return deepcopy(random.choice(_WRONG))

    def right(self, field: Field, random: Random) -> Any:
        """Return an ordinary value, as people write it."""
        if field.words:
            return random.choice(field.words)
        ordinary = [v for v in words.ORDINARY.get(field.name, ()) if _fits(v, field)]
        if ordinary and field.type not in ("array", "object"):
            return deepcopy(random.choice(ordinary))
        match field.type:
            case "array":
                return [self._item(field, random)]
            case "object":
                return self.whole(field, random)
            case "map":
                return {"a": "1" if "resources" in field.path or field.name == "overhead" else "b"}
            case "boolean":
                return random.choice((True, False))
            case "integer" | "number":
                return random.choice((1, 1, 2, 10))
            case "quantity":
                return random.choice(("1", "100m", "1Gi"))
            case "int-or-string":
                return 1
            case "time":
                return _TIMES[0]
        return "a"

    def border(self, field: Field, random: Random) -> Any:
        """Return a value that some field of the type does not take, or just takes."""
        match field.type:
            case "string":
                return self._text(field, random)
            case "integer" | "number":
                return random.choice(_INTEGERS)
            case "boolean":
                return random.choice((True, False))
            case "quantity":
                return random.choice(_QUANTITIES)
            case "int-or-string":
                return random.choice(_PORTS_AND_SHARES)
            case "time":
                return random.choice(_TIMES)
            case "map":
                return self._map(random)
            case "array":
                return self._list(field, random)
            case "object":
                return self._torn(field, random)
        return deepcopy(random.choice(_WRONG))

    def whole(self, field: Field, random: Random, *, without_kind: bool = False) -> dict[str, Any]:
        """Return an object with what it needs. without_kind: of a union, no member."""
        if field.path in PLACES:
            return deepcopy(PLACES[field.path])
        if field.of in SAMPLES or field.of in KINDS:
            kind = {} if without_kind else KINDS.get(field.of, {})
            return deepcopy({**SAMPLES.get(field.of, {}), **kind})
        if field.path.endswith(("metrics[]", "metricsv2[]")):
            return {} if without_kind else metric(field.path, "resource")
        children = {child.name: child for child in self._published.children.get(field.path, ())}
        return {
            name: self.right(children[name], random) for name in field.required if name in children
        }

    def _item(self, field: Field, random: Random) -> Any:
        item = self._published.fields.get(f"{field.path}[]")
        if item is None:
            return "a"
        if item.type == "object":
            return self.whole(item, random)
        named = Field(field.path, item.type, item.of, item.words)
        return self.right(named, random)

    def _text(self, field: Field, random: Random) -> str:
        chosen = random.randrange(10)
        ordinary = [v for v in words.ORDINARY.get(field.name, ()) if type(v) is str]
        if field.words and chosen < 3:
            word = random.choice(field.words)
            return random.choice((word.lower(), word.upper(), f"{word} ", ""))
        if chosen < 2:
            letters = random.choice(("a", "a", "A", "1", "a.", "/a", "a/"))
            size = random.choice(_LENGTHS)
            return (letters * size)[:size]
        if chosen == 2 and ordinary:
            return random.choice(ordinary) + random.choice(("-", " ", ".", "/", "A", "_", ":"))
        if chosen == 3:
            return ""
        return random.choice(_FORMS)

    def _map(self, random: Random) -> dict[str, Any]:
        count = random.choice((0, 1, 1, 1, 2))
        values = (*_QUANTITIES, "b c", "b", "a" * 63, "a" * 64, "-b", None, True, "", "a/b", "ä")
        return {random.choice(_KEYS): random.choice(values) for _ in range(count)}

    def _list(self, field: Field, random: Random) -> list[Any]:
        """Return a list that is empty or long, with odd items, or with two alike."""
        item = self._item(field, random)
        match random.randrange(8):
            case 0:
                return []
            case 1:
                return [item, deepcopy(item)]
            case 2:
                return [None] if random.random() < 0.5 else [item, None]
            case 3 if type(item) is dict and field.keys:
                return [_differing(deepcopy(item), n, field.keys) for n in range(2)]
            case 4 | 5 | 6:
                own = self._published.fields.get(f"{field.path}[]")
                if own is None:
                    return [random.choice(_FORMS)]
                named = replace(own, path=field.path) if own.type == "string" else own
                odd = [self.border(named, random) for _ in range(random.choice((1, 1, 2)))]
                return odd if random.random() < 0.6 else [item, *odd]
        items = [deepcopy(item) for _ in range(random.choice(_LONG_LIST))]
        if type(item) is dict:
            return [_differing(each, n, ("name",)) for n, each in enumerate(items)]
        return [f"{each}{n}" if type(each) is str else n for n, each in enumerate(items)]

    def _torn(self, field: Field, random: Random) -> dict[str, Any]:
        """Return an object that lacks something, or has a few odd fields."""
        value = self.whole(field, random)
        if value and random.random() < 0.5:
            del value[random.choice(list(value))]
            return value
        children = self._published.children.get(field.path, ())
        for child in random.sample(children, min(len(children), random.choice((0, 1, 2)))):
            quality: Quality = random.choice(("right", "right", "border"))
            value[child.name] = self.of(child, quality, random)
        return value


def metric(path: str, source: str) -> dict[str, Any]:
    """Return a right metric of a source ("pods"), as the list at `path` has it."""
    name = path.removesuffix("[]").rpartition(".")[2]
    return deepcopy({"type": source[0].upper() + source[1:], source: METRICS[name][source]})


def _differing(item: dict[str, Any], number: int, keys: tuple[str, ...]) -> dict[str, Any]:
    for key in keys[:1]:
        if type(item.get(key)) is str:
            item[key] += f"-{number}"
        elif type(item.get(key)) is int:
            item[key] += number
    return item


def _fits(value: Any, field: Field) -> bool:
    kinds = _JSON.get(field.type)
    if kinds is None:
        return True
    return type(value) in kinds
