"""Where the bodies come from: a seed and a number make one body, always the same."""

import random
from collections.abc import Callable
from copy import deepcopy
from typing import Any

import orjson

REVIEW: dict[str, Any] = {
    "kind": "AdmissionReview",
    "apiVersion": "admission.k8s.io/v1",
    "request": {
        "uid": "705ab4f5-6393-11e8-b7cc-42010a800002",
        "kind": {"group": "machinelearning.seldon.io", "version": "v1", "kind": "SeldonDeployment"},
        "resource": {
            "group": "machinelearning.seldon.io",
            "version": "v1",
            "resource": "seldondeployments",
        },
        "name": "iris",
        "namespace": "models",
        "operation": "CREATE",
        "userInfo": {"username": "somebody", "groups": ["system:authenticated"]},
        "object": {
            "apiVersion": "machinelearning.seldon.io/v1",
            "kind": "SeldonDeployment",
            "metadata": {"name": "iris", "namespace": "models", "labels": {"a": "b"}},
            "spec": {
                "name": "iris",
                "annotations": {"seldon.io/no-engine": "false"},
                "predictors": [
                    {
                        "name": "main",
                        "replicas": 1,
                        "traffic": 60,
                        "labels": {"version": "1"},
                        "componentSpecs": [
                            {
                                "metadata": {"labels": {"x": "y"}},
                                "spec": {
                                    "securityContext": {"fsGroup": 1},
                                    "containers": [
                                        {"name": "step-one", "image": "registry.example/one:1"},
                                        {
                                            "name": "step-two",
                                            "image": "registry.example/two:1",
                                            "resources": {"limits": {"cpu": "1"}},
                                            "env": [{"name": "A", "value": "b"}],
                                        },
                                    ],
                                },
                                "hpaSpec": {"minReplicas": 1, "maxReplicas": 3},
                            }
                        ],
                        "graph": {
                            "name": "step-one",
                            "type": "TRANSFORMER",
                            "endpoint": {"type": "REST", "service_port": 9000},
                            "parameters": [{"name": "p", "value": "1", "type": "INT"}],
                            "children": [{"name": "step-two", "type": "MODEL", "children": []}],
                        },
                    },
                    {
                        "name": "canary",
                        "traffic": 40,
                        "graph": {
                            "name": "classifier",
                            "implementation": "SKLEARN_SERVER",
                            "modelUri": "gs://models/iris",
                        },
                    },
                ],
            },
        },
        "oldObject": None,
        "dryRun": False,
        "options": {"kind": "CreateOptions", "apiVersion": "meta.k8s.io/v1"},
    },
}
TEXT = orjson.dumps(REVIEW)
HEAD, OBJECT, TAIL = TEXT.partition(b'"object":{')
assert OBJECT

# Values that a place in a review may be replaced with.
_VALUES: tuple[Any, ...] = (
    None, True, False, 0, -1, 1, 2**31, 2**63, -(2**63), 2**64 - 1, 0.1, -0.0, 1e308, "", " ", "a",
    "A_b", "x" * 64, "x" * 300, "ß", "\u0000", "\u2028", "😀", "../..", "{{}}", "MODEL", "ROUTER",
    "SKLEARN_SERVER", "REST", "8888", "0x22b8", "1e3", "a.b", "-a", "a-", [], {}, [[]], [{}],
    {"": {}}, [None], {"a": None}, ["a"] * 50, {"name": []}, {"name": "step-one"},
    [{"name": "step-one"}] * 3,
)  # fmt: skip

# Raw JSON that orjson would never write: spliced over a value.
_RAW: tuple[bytes, ...] = (
    b"1e400", b"-1e400", b"9" * 400, b"-" + b"9" * 400, b"1" * 20, b"0." + b"3" * 400, b"1E+2",
    b'"\\ud800"', b'"\\udc00\\ud800"', b'"\\u0000"', b"NaN", b"Infinity", b"\xff", b'"\xff"',
    b"01", b"+1", b".5", b"'a'", b"[1,]", b"{a:1}", b"/**/1", b"\xef\xbb\xbf1", b"truE", b"",
)  # fmt: skip

_LARGE = 3 * 1024 * 1024
# One in so many is large, so that a million of them stay a matter of minutes.
_LARGE_EVERY = 2000


def make_body(seed: int, number: int) -> bytes:
    """Return body `number` of `seed`."""
    chance = random.Random(f"{seed}/{number}")
    if number % _LARGE_EVERY == _LARGE_EVERY - 1:
        return chance.choice(_LARGE_KINDS)(chance)
    return chance.choices(_KINDS, _WEIGHTS)[0](chance)


def _noise(chance: random.Random) -> bytes:
    return chance.randbytes(chance.randrange(300))


def _json_noise(chance: random.Random) -> bytes:
    alphabet = b'{}[]",:0123456789.eE+-truefalsn\\ud8 \n'
    return bytes(chance.choices(alphabet, k=chance.randrange(200)))


def _changed(chance: random.Random) -> bytes:
    """A review of which one to five places are something else."""
    review = orjson.loads(TEXT)
    for _ in range(chance.randint(1, 5)):
        _change(review.get("request") if chance.random() < 0.9 else review, chance)
    return orjson.dumps(review)


def _change(root: Any, chance: random.Random) -> None:
    # Walk down at random, further into the object than not, and stop somewhere.
    here = root.get("object") if isinstance(root, dict) and chance.random() < 0.9 else root
    while isinstance(here, dict | list) and here:
        keys = list(here) if isinstance(here, dict) else list(range(len(here)))
        key = chance.choice(keys)
        below = here[key]
        if chance.random() < 0.2 or not isinstance(below, dict | list) or not below:
            _replace(here, key, chance)
            return
        here = below


def _replace(here: Any, key: Any, chance: random.Random) -> None:
    what = chance.randrange(6)
    if what == 0:
        del here[key]
    elif what == 1 and isinstance(here, list):
        here.extend([here[key]] * chance.randrange(4))
    elif what == 1:
        here[chance.choice(("name", "children", "x", "", "spec", "Name"))] = here[key]
    elif what == 2:
        here[key] = [here[key]]
    elif what == 3:
        here[key] = {chance.choice(("name", "children", "a", "0")): here[key]}
    else:
        here[key] = deepcopy(chance.choice(_VALUES))


def _spliced(chance: random.Random) -> bytes:
    """A review with raw text over a value, or bytes flipped, lost or repeated."""
    text = bytearray(TEXT)
    for _ in range(chance.randint(1, 3)):
        at = chance.randrange(len(text))
        end = min(len(text), at + chance.randrange(1, 20))
        what = chance.randrange(5)
        if what == 0:
            text[at] ^= 1 << chance.randrange(8)
        elif what == 1:
            del text[at:end]
        elif what == 2:
            text[at:at] = text[at:end] * chance.randrange(5)
        elif what == 3:
            del text[at:]
            text += b"}" * chance.randrange(8)
        else:
            colon = text.find(b":", at)
            stop = text.find(b",", colon)
            text[colon + 1 : stop] = chance.choice(_RAW)
        if not text:
            return b""
    return bytes(text)


def _in_object(content: bytes) -> bytes:
    return HEAD + OBJECT + content + b"," + TAIL


def _duplicated(chance: random.Random) -> bytes:
    key = chance.choice((b'"spec"', b'"metadata"', b'"kind"', b'"apiVersion"', b'"status"'))
    values = [chance.choice((b"null", b"[]", b'{"predictors":[]}', b'"a"')) for _ in range(3)]
    return _in_object(b",".join(key + b":" + value for value in values))


def _deep(chance: random.Random) -> bytes:
    """Nested around each limit: graph nodes (100), the JSON parser (1024), and far beyond."""
    depth = chance.choice((50, 99, 100, 101, 150, 400, 500, 505, 511, 600, 1000, 1023, 1024, 1100))
    opening, closing = chance.choice((
        (b"[", b"]"),
        (b'{"a":', b"}"),
        (b'{"name":"a","children":[', b"]}"),
        (b'{"name":"a","children":', b"}"),
    ))  # fmt: skip
    nested = opening * depth + chance.choice((b"1", b"null", b'""', b"")) + closing * depth
    location = chance.choice((
        b'"x":%s',
        b'"spec":{"predictors":[{"name":"a","graph":%s}]}',
        b'"spec":{"predictors":%s}',
        b'"metadata":{"annotations":%s}',
        b'"spec":{"predictors":[{"name":"a","componentSpecs":[{"spec":%s}],"graph":{"name":"b"}}]}',
    ))  # fmt: skip
    # The last of two keys counts, so the nested one is put behind those of the object.
    return HEAD + OBJECT + b'"kind":"SeldonDeployment",' + location % nested + b"}}}"


def _wide(chance: random.Random) -> bytes:
    many = chance.choice((10, 100, 1000))
    nodes = b",".join(
        b'{"name":"n%d","type":"MODEL"}' % (n % chance.randint(1, many)) for n in range(many)
    )
    graph = b'{"name":"r","type":"ROUTER","children":[' + nodes + b"]}"
    spec = b'"spec":{"predictors":[{"name":"p","graph":' + graph + b"}]}"
    return HEAD + OBJECT + b'"apiVersion":"machinelearning.seldon.io/v1",' + spec + b"}}}"


def _other_shapes(chance: random.Random) -> bytes:
    review = orjson.loads(TEXT)
    request = review["request"]
    what = chance.randrange(6)
    if what == 0:
        request["operation"] = chance.choice(("UPDATE", "DELETE", "CONNECT", "", None, 1, []))
        request["oldObject"] = chance.choice((request["object"], None, [], 1))
    elif what == 1:
        request["object"] = chance.choice(_VALUES)
    elif what == 2:
        request["subResource"] = chance.choice(("status", "scale", "", None, 1))
    elif what == 3:
        request["uid"] = chance.choice(_VALUES)
    elif what == 4:
        review["request"] = deepcopy(chance.choice(_VALUES))
    else:
        return orjson.dumps(chance.choice(_VALUES))
    return orjson.dumps(review)


def _large_string(chance: random.Random) -> bytes:
    fill = chance.choice((b"x", b"\\u0000", "ß".encode(), b'\\"', b"{", b"[", b" "))
    location = chance.choice((b'"x":"%s"', b'"metadata":{"name":"%s"}', b'"spec":{"name":"%s"}'))
    return _in_object(location % (fill * (_LARGE // len(fill))))


def _large_name(chance: random.Random) -> bytes:
    name = chance.choice((b"x", b"_", b"-", b"A_")) * (_LARGE // 2)
    return HEAD + OBJECT + b'"spec":{"predictors":[{"graph":{"name":"%s"}}]}}}}' % name


def _large_list(chance: random.Random) -> bytes:
    item = chance.choice((b"0,", b"{},", b"[],", b'"",', b"null,", b'{"name":"a"},'))
    items = b"[" + item * (_LARGE // 8 // len(item)) + b"0]"
    location = chance.choice((
        b'"x":%s',
        b'"spec":{"predictors":%s}',
        b'"spec":{"predictors":[{"graph":{"name":"a","children":%s}}]}',
        b'"spec":{"predictors":[{"componentSpecs":[{"spec":{"containers":%s}}]}]}',
    ))  # fmt: skip
    return HEAD + OBJECT + location % items + b"}}}"


_KINDS: tuple[Callable[[random.Random], bytes], ...] = (
    _noise, _json_noise, _changed, _spliced, _duplicated, _deep, _wide, _other_shapes,
)  # fmt: skip
_WEIGHTS = (5, 5, 60, 15, 3, 5, 1, 6)
_LARGE_KINDS = (_large_string, _large_name, _large_list)
