"""Families of hostile documents: each grows with one number, and stays a SeldonDeployment in form.

Here: documents. Not here: what they cost (`tests/engine/test_linear.py` counts steps, `make attack`
measures seconds and memory). `of_schema` covers every list and every mapping of the schema, so a
new field is attacked without anybody's doing; the others are shapes that somebody thought of.
"""

from collections.abc import Callable, Iterator, Mapping
from itertools import islice, product
from typing import Any

from webhook.graph.limits import MAX_COMPONENTS, MAX_PREDICTORS, MAX_SHARED_ENTRIES
from webhook.graph.schema import load_schema

Family = Callable[[int], dict[str, Any]]


def deployment(*predictors: dict[str, Any], **spec: Any) -> dict[str, Any]:
    """Return a SeldonDeployment of these predictors."""
    return {
        "apiVersion": "machinelearning.seldon.io/v1",
        "kind": "SeldonDeployment",
        "metadata": {"name": "a", "namespace": "b"},
        "spec": {"predictors": list(predictors), **spec},
    }


def predictor(**fields: Any) -> dict[str, Any]:
    """Return a valid predictor, with these fields."""
    return {
        "name": "main",
        "componentSpecs": [pod(containers=[container()])],
        "graph": {"name": "c", "type": "MODEL"},
        **fields,
    }


def pod(**fields: Any) -> dict[str, Any]:
    """Return a componentSpec."""
    return {"spec": fields}


def container(name: str = "c", **fields: Any) -> dict[str, Any]:
    """Return a container."""
    return {"name": name, "image": "a:1", **fields}


def _chain(levels: int, name: str | None = "c") -> dict[str, Any]:
    named = {} if name is None else {"name": name}
    node: dict[str, Any] = {**named}
    for _ in range(levels - 1):
        node = {**named, "children": [node]}
    return node


def _with_pod(**fields: Any) -> dict[str, Any]:
    return deployment(predictor(componentSpecs=[pod(**{"containers": [container()], **fields})]))


def _with_container(**fields: Any) -> dict[str, Any]:
    return _with_pod(containers=[container(**fields)])


def _names(count: int, pattern: str = "n{}") -> list[str]:
    return [pattern.format(i) for i in range(count)]


def _nodes(count: int, pattern: str, **fields: Any) -> list[dict[str, Any]]:
    return [{"name": name, **fields} for name in _names(count, pattern)]


def _containers(count: int, pattern: str, **fields: Any) -> list[dict[str, Any]]:
    return [container(name, **fields) for name in _names(count, pattern)]


def _matched(count: int, pattern: str, **fields: Any) -> dict[str, Any]:
    """Return as many nodes as containers, of the same names."""
    return deployment(
        predictor(
            graph={"name": "c", "children": _nodes(count, pattern, type="MODEL")},
            componentSpecs=[pod(containers=_containers(count, pattern, **fields))],
        )
    )


def _in_all_pods(count: int, entries: int, field: str, pattern: str) -> dict[str, Any]:
    """Return components, and entries of the predictor, which each of their pods gets.

    No more of both than one object may have: what is refused unread costs nothing.
    """
    count = min(count, MAX_COMPONENTS)
    entries = min(entries, MAX_SHARED_ENTRIES // (2 * count + 6))
    document = _components(count)
    document["spec"]["predictors"][0][field] = dict.fromkeys(_names(entries, pattern), "x")
    return document


def _components(count: int, **fields: Any) -> dict[str, Any]:
    return deployment(
        predictor(
            graph={"name": "c0", "children": _nodes(count, "c{}", type="MODEL")},
            componentSpecs=[pod(containers=[container(f"c{i}")], **fields) for i in range(count)],
        )
    )


_FILES = {
    "env": [
        {"name": name, "valueFrom": {"fileKeyRef": {"volumeName": "v", "path": "p", "key": "k"}}}
        for name in "ABCD"
    ]
}


def spellings_of(word: str, count: int) -> dict[str, Any]:
    """Return a mapping with the word in as many cases, each letter small or capital."""
    cases = islice(product(*((letter, letter.upper()) for letter in word)), count)
    return {"".join(letters): {} for letters in cases}


HAND_MADE: Mapping[str, Family] = {
    "spellings-of-fields-of-containers-in-spec": lambda n: deployment(
        predictor(componentSpecs=[pod(containers=[container(c)]) for c in _names(n)]),
        **spellings_of("volumemounts", n),
    ),
    "spellings-of-fields-of-pods-in-spec": lambda n: deployment(
        predictor(componentSpecs=[pod(containers=[container(c)]) for c in _names(n)]),
        **spellings_of("nodeselector", n),
    ),
    "spellings-of-fields-of-containers-in-predictor": lambda n: deployment(
        predictor(componentSpecs=[pod(containers=[container(c) for c in _names(n)])])
        | spellings_of("volumemounts", n)
    ),
    "spellings-of-fields-of-nodes-in-predictor": lambda n: deployment(
        predictor(**spellings_of("implementation", n))
    ),
    "annotations-in-all-pods": lambda n: _in_all_pods(n, n, "annotations", "a{}"),
    "apparmor-annotations-in-all-pods": lambda n: _in_all_pods(
        n, 30, "annotations", "container.apparmor.security.beta.kubernetes.io/d{}"
    ),
    "predictors-orchestrators-with-files": lambda n: deployment(
        *[predictor(name=name, svcOrchSpec=_FILES) for name in _names(min(n, MAX_PREDICTORS))]
    ),
    "servers-in-components-of-their-own": lambda n: deployment(
        predictor(
            graph={
                "name": "c0",
                "children": _nodes(
                    n,
                    "c{}",
                    implementation="SKLEARN_SERVER",
                    modelUri="gs://b/m",
                    serviceAccountName="a",
                ),
            },
            componentSpecs=[
                pod(containers=[container(f"c{i}")], serviceAccountName="b") for i in range(n)
            ],
        )
    ),
    "variables-twice-with-open-references": lambda n: _with_pod(
        containers=[
            container("c", env=[{"name": "A", "value": value} for value in ("x", "$(" * 100 * n)])
        ]
    ),
    "labels-in-all-pods": lambda n: _in_all_pods(n, n, "labels", "a{}"),
    "containers-no-dns-label": lambda n: _with_pod(containers=_containers(n, "A_{}")),
    "containers-one-dns-label": lambda n: _with_pod(containers=_containers(n, "a_b")),
    "containers-same-name": lambda n: _with_pod(containers=_containers(n, "c")),
    "containers-near-names": lambda n: _with_pod(containers=_containers(n, "classifierr{}")),
    "nodes-no-container": lambda n: deployment(
        predictor(graph={"name": "c", "children": _nodes(n, "classifier{}")})
    ),
    "nodes-near-containers": lambda n: deployment(
        predictor(
            graph={"name": "c", "children": _nodes(n, "classifier-a{}")},
            componentSpecs=[pod(containers=_containers(n, "classifier-b{}"))],
        )
    ),
    "nodes-and-containers-no-dns-label": lambda n: _matched(n, "A_{}"),
    "nodes-and-containers-same-name": lambda n: _matched(n, "c"),
    "nodes-and-containers-fine": lambda n: _matched(n, "n{}"),
    "nodes-with-ports": lambda n: _matched(n, "n{}", ports=[{"containerPort": 9000}]),
    "nodes-unknown-type": lambda n: deployment(
        predictor(graph={"name": "c", "children": _nodes(n, "n{}", type="MODLE")})
    ),
    "nodes-different-unknown-types": lambda n: deployment(
        predictor(
            graph={"name": "c", "children": [{"name": "c", "type": f"MODLE{i}"} for i in range(n)]}
        )
    ),
    "nodes-unknown-implementations": lambda n: deployment(
        predictor(
            graph={
                "name": "c",
                "children": [{"name": "c", "implementation": f"SKLERN_SERVR{i}"} for i in range(n)],
            }
        )
    ),
    "nodes-servers": lambda n: deployment(
        predictor(
            graph={
                "name": "c",
                "implementation": "SKLEARN_SERVER",
                "modelUri": "gs://a/b",
                "children": _nodes(n, "n{}", implementation="SKLEARN_SERVER", modelUri="gs://a/b"),
            }
        )
    ),
    "nodes-with-endpoints": lambda n: deployment(
        predictor(
            graph={
                "name": "c",
                "children": _nodes(n, "n{}", endpoint={"service_host": "x", "service_port": 1}),
            }
        )
    ),
    "nodes-unknown-field-each": lambda n: deployment(
        predictor(graph={"name": "c", "children": _nodes(n, "n{}", modeluri="gs://a")})
    ),
    "chains": lambda n: deployment(
        predictor(graph={"name": "c", "children": [_chain(90) for _ in range(n // 90 + 1)]})
    ),
    "chains-without-names": lambda n: deployment(
        predictor(graph={"name": "c", "children": [_chain(97, None) for _ in range(n // 97 + 1)]})
    ),
    "children-mappings": lambda n: deployment(
        predictor(
            graph={
                "name": "c",
                "children": [{"name": "c", "children": {"name": "c"}} for _ in range(n)],
            }
        )
    ),
    "graph-anywhere": lambda n: deployment(
        predictor(graph={"name": "c", "children": _nodes(n, "n{}", graph={"name": "c"})})
    ),
    "component-specs-in-nodes": lambda n: deployment(
        predictor(graph={"name": "c", "children": _nodes(n, "n{}", componentSpecs=[{}])})
    ),
    "components": _components,
    "components-with-containers-astray": lambda n: deployment(
        predictor(componentSpecs=[{"containers": [container()]} for _ in range(n)])
    ),
    "components-split": lambda n: deployment(
        predictor(
            componentSpecs=[
                {"hpaSpec": {}} if i % 2 else pod(containers=[container()]) for i in range(n)
            ]
        )
    ),
    "components-empty": lambda n: deployment(predictor(componentSpecs=[{} for _ in range(n)])),
    "components-of-unknown-fields": lambda n: deployment(
        predictor(componentSpecs=[{"a": 1} for _ in range(n)])
    ),
    "predictors": lambda n: deployment(*(predictor(name=f"p{i}") for i in range(n))),
    "predictors-same-name": lambda n: deployment(*(predictor() for _ in range(n))),
    "predictors-shadows": lambda n: deployment(*(predictor(shadow=True) for _ in range(n))),
    "predictors-split": lambda n: deployment(
        *({"graph": {"name": "c"}} if i % 2 else {"name": "a"} for i in range(n))
    ),
    "predictors-explainers": lambda n: deployment(
        *(
            predictor(
                name=f"p{i}", explainer={"type": "AnchorText", "containerSpec": {"name": "e"}}
            )
            for i in range(n)
        )
    ),
    "predictors-with-graphs-astray": lambda n: deployment(
        *({"name": f"p{i}", "componentSpecs": [{"graph": {"name": "c"}}]} for i in range(n))
    ),
    "volumes-no-dns-label": lambda n: _with_pod(
        volumes=[{"name": name, "emptyDir": {}} for name in _names(n, "A_{}")]
    ),
    "volumes-same-name": lambda n: _with_pod(volumes=[{"name": "a", "emptyDir": {}}] * n),
    "mounts-of-no-volume": lambda n: _with_container(
        volumeMounts=[{"name": f"data{i}", "mountPath": f"/{i}"} for i in range(n)]
    ),
    "mounts-near-volumes": lambda n: _with_pod(
        volumes=[{"name": f"data-a{i}", "emptyDir": {}} for i in range(n)],
        containers=[
            container(volumeMounts=[{"name": f"data-b{i}", "mountPath": f"/{i}"} for i in range(n)])
        ],
    ),
    "mounts-by-containers": lambda n: _with_pod(
        volumes=[{"name": f"v{i}", "emptyDir": {}} for i in range(n)],
        containers=[
            container(f"c{i}", volumeMounts=[{"name": "x", "mountPath": "/a"}]) for i in range(n)
        ],
    ),
    "env-same-name": lambda n: _with_container(env=[{"name": "A", "value": "b"}] * n),
    "env-of-seldon": lambda n: _with_container(env=[{"name": "PREDICTIVE_UNIT_ID"}] * n),
    "env-of-unknown-fields": lambda n: _with_container(
        env=[{"name": "A", "valueform": {"a": 1}} for _ in range(n)]
    ),
    "ports-same": lambda n: _with_container(ports=[{"containerPort": 1}] * n),
    "ports-different": lambda n: _with_container(
        ports=[{"containerPort": i + 1, "name": f"p{i}"} for i in range(n)]
    ),
    "ports-by-containers": lambda n: _with_pod(
        containers=[container(f"c{i}", ports=[{"containerPort": 1}]) for i in range(n)]
    ),
    "claims": lambda n: _with_pod(
        resourceClaims=[{"name": f"a{i}"} for i in range(n)],
        containers=[container(resources={"claims": [{"name": f"b{i}"} for i in range(n)]})],
    ),
    "privileged": lambda n: _with_pod(
        containers=_containers(n, "c{}", securityContext={"privileged": True, "runAsUser": 0})
    ),
    "security-contexts-wrong": lambda n: _with_pod(
        containers=_containers(
            n, "c{}", securityContext={"capabilities": {"add": ["X"]}, "procMount": "A"}
        )
    ),
    "unknown-fields-in-one-mapping": lambda n: deployment(
        predictor(**{f"graf{i}": 1 for i in range(n)})
    ),
    "unknown-field-per-container": lambda n: _with_pod(
        containers=_containers(n, "c{}", imagePullPolice="Always", volumeMount=[])
    ),
    "known-fields-astray": lambda n: _with_pod(
        containers=_containers(n, "c{}", replicas=1, hpaSpec={}, traffic=1)
    ),
    "wrong-types": lambda n: _with_pod(containers=[{"name": 1, "image": 2} for _ in range(n)]),
    "labels": lambda n: deployment(predictor(labels={f"A b{i}": "c d" for i in range(n)})),
    "labels-wrong-type": lambda n: deployment(predictor(labels=dict.fromkeys(_names(n), 1))),
    "annotations-of-object": lambda n: {
        **deployment(predictor()),
        "metadata": {"name": "a", "annotations": {f"A b{i}": "c" for i in range(n)}},
    },
    "metrics": lambda n: deployment(
        predictor(
            componentSpecs=[
                {
                    "spec": {"containers": [container()]},
                    "hpaSpec": {"metrics": [{"type": f"Resourc{i}"} for i in range(n)]},
                }
            ]
        )
    ),
    "kafka": lambda n: deployment(
        *(predictor(name=f"p{i}", svcOrchSpec={"env": [{"name": "A"}]}) for i in range(n)),
        serverType="kafka",
    ),
    # Texts of megabytes at 400 things; each pattern was slow for some regular expression.
    "huge-implementation": lambda n: deployment(
        predictor(graph={"name": "c", "implementation": "A_" * n * 3000})
    ),
    "huge-type": lambda n: deployment(predictor(graph={"name": "c", "type": "A_" * n * 3000})),
    "huge-name": lambda n: deployment(predictor(name="A_" * n * 3000)),
    "huge-container-name": lambda n: _with_container(name="\0" * n * 400),
    "huge-image": lambda n: _with_container(image="a-" * n * 3000),
    "huge-image-of-templates": lambda n: _with_container(image="<" * n * 3000),
    "huge-variable-of-templates": lambda n: _with_container(
        env=[{"name": "A", "value": "<" * n * 3000}]
    ),
    "nodes-with-openings-of-templates": lambda n: deployment(
        predictor(
            graph={
                "name": "c",
                "children": _nodes(
                    n, "n{}", implementation="SKLEARN_SERVER", modelUri="gs://a/" + "{{" * 2000
                ),
            }
        )
    ),
    "huge-pull-policy": lambda n: _with_container(imagePullPolicy="a-" * n * 3000),
    "long-name": lambda n: deployment(predictor(name="a_" * n * 20)),
    "long-names-near": lambda n: deployment(
        predictor(
            graph={"name": "a" * 10 * n, "type": "M" * 10 * n},
            componentSpecs=[pod(containers=[container("a" * 10 * n + "b")])],
        )
    ),
    "pods-resources": lambda n: _with_pod(
        resources={"limits": {f"r{i}": "1" for i in range(n)}},
        containers=_containers(
            n, "c{}", resources={"limits": {"cpu": "1"}, "requests": {"cpu": "2"}}
        ),
    ),
    "sleeping-hooks": lambda n: _with_pod(
        containers=_containers(n, "c{}", lifecycle={"preStop": {"sleep": {"seconds": 100}}})
    ),
    "probes-by-name": lambda n: _with_pod(
        containers=_containers(
            n,
            "c{}",
            livenessProbe={"httpGet": {"port": "x"}},
            ports=[{"containerPort": 1, "name": "y"}],
        )
    ),
    "probes-to-one-of-many-ports": lambda n: _with_container(
        ports=[{"containerPort": i + 1, "name": f"p{i}"} for i in range(n)],
        livenessProbe={"httpGet": {"port": "x"}},
    ),
}  # fmt: skip


def of_schema() -> dict[str, Family]:
    """Return a family for each list and each free mapping of the schema, at its first place."""
    families: dict[str, Family] = {}
    for path, field_schema in _walk("", load_schema(), ()):
        if "items" in field_schema or isinstance(field_schema.get("additionalProperties"), dict):
            families[f"many of {path}"] = _many(path, field_schema)
    return families


def _walk(
    prefix: str, place: Mapping[str, Any], above: tuple[str, ...]
) -> Iterator[tuple[str, Mapping[str, Any]]]:
    name = place.get("$ref", "").removeprefix("#/$defs/")
    if not name or name in above or name == "Status":
        return
    for key, child in load_schema()["$defs"][name].get("properties", {}).items():
        path = f"{prefix}/{key}"
        yield path, child
        inner = child.get("items")
        yield from _walk(f"{path}/0" if inner else path, inner or child, (*above, name))


def _many(pointer: str, field_schema: Mapping[str, Any]) -> Family:
    segments: list[str | int] = [int(s) if s == "0" else s for s in pointer.split("/")[1:]]

    def build(count: int) -> dict[str, Any]:
        document = deployment(predictor())
        here: Any = document
        for index, segment in enumerate(segments[:-1]):
            following = segments[index + 1]
            empty: Any = [] if following == 0 else {}
            if isinstance(here, list):
                if not here:
                    here.append(empty)
                here = here[0]
            else:
                here = here.setdefault(segment, empty)
        item = _item(field_schema.get("items", {}))
        here[segments[-1]] = (
            [dict(item) if isinstance(item, dict) else item for _ in range(count)]
            if "items" in field_schema
            else {f"A b{i}": "x y" for i in range(count)}
        )
        return document

    return build


def _item(field_schema: Mapping[str, Any]) -> Any:
    """Return an item of a list that is wrong in many ways: its required fields, empty, and more."""
    name = field_schema.get("$ref", "").removeprefix("#/$defs/")
    if not name:
        return "A b"
    required = load_schema()["$defs"][name].get("required", ())
    return {**dict.fromkeys(required, "A b"), "name": "A b", "nmae": 1}


def all_families() -> dict[str, Family]:
    """Return every family by its name."""
    return {**HAND_MADE, **of_schema()}
