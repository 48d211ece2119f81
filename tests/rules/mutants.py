"""Faults for valid SeldonDeployments (`graphs`): each mutant puts one into a document, in place.

It returns the path at which the fault is to be found, and raises NoPlaceError where the document
has no place for it.
"""

from collections.abc import Callable
from random import Random

from tests.rules.graphs import Raw, iter_containers, iter_nodes

MUTANTS: dict[str, tuple[str, Callable[[Raw, Random], str]]] = {}
"""By name: the rule that is to speak, and the function that puts the fault in."""


def mutant(rule):
    def register(function):
        MUTANTS[f"{rule}/{function.__name__}"] = (rule, function)
        return function

    return register


class NotApplicableError(Exception):
    """The document has no place for the fault."""


def require(condition):
    if not condition:
        raise NotApplicableError


def pick_candidate(random, candidates):
    """Return one of the places."""
    found = list(candidates)
    require(found)
    return random.choice(found)


def iter_calls(document):
    """Yield each node that a container of its name runs, with its path."""
    for _, path in predictors(document):
        names = {c["name"] for c, at in iter_containers(document) if at.startswith(path)}
        for node, at in iter_nodes(document):
            if at.startswith(f"{path}.graph") and node["name"] in names:
                yield node, at


def has_prepackaged_server(document):
    return (n for n in iter_nodes(document) if "SERVER" in n[0].get("implementation", ""))


def ab_tests(document):
    return (n for n in iter_nodes(document) if n[0].get("implementation") == "RANDOM_ABTEST")


def predictors(document):
    return (
        (predictor, f"spec.predictors[{number}]")
        for number, predictor in enumerate(document["spec"]["predictors"])
    )


def components(document):
    for predictor, path in predictors(document):
        for number, component in enumerate(predictor.get("componentSpecs") or []):
            yield component, f"{path}.componentSpecs[{number}]"


def leaves(nodes):
    return ((node, path) for node, path in nodes if not node.get("children"))


def with_children(nodes, count):
    return ((node, path) for node, path in nodes if len(node.get("children") or []) == count)


@mutant("missing-container")
def a_node_is_called_otherwise(document, random):
    node, path = pick_candidate(random, iter_calls(document))
    node["name"] = "zzzzzzzzzzzz"
    return f"{path}.name"


@mutant("duplicate-node-name")
def a_child_has_the_name_of_its_parent(document, random):
    pairs = [
        (child, node, f"{path}.children[{n}]")
        for node, path in iter_calls(document)
        for n, child in enumerate(node.get("children") or [])
        if "SERVER" in child.get("implementation", "")
    ]
    child, node, path = pick_candidate(random, pairs)
    child["name"] = node["name"]
    return f"{path}.name"


@mutant("duplicate-predictor-name")
def a_predictor_has_the_name_of_the_first(document, random):
    found = list(predictors(document))[1:]
    predictor, path = pick_candidate(random, found)
    predictor["name"] = "main"
    return f"{path}.name"


@mutant("children-not-a-list")
def a_child_is_not_in_a_list(document, random):
    node, path = pick_candidate(random, with_children(iter_nodes(document), 1))
    node["children"] = node["children"][0]
    return f"{path}.children"


@mutant("unknown-node-type")
def a_type_is_misspelt(document, random):
    node, path = pick_candidate(random, (n for n in iter_nodes(document) if "type" in n[0]))
    node["type"] += "S"
    return f"{path}.type"


@mutant("unknown-node-method")
def a_method_is_misspelt(document, random):
    node, path = pick_candidate(random, iter_calls(document))
    node["methods"] = [*node.get("methods", []), "FEEDBACK"]
    return f"{path}.methods[{len(node['methods']) - 1}]"


@mutant("node-without-type-or-methods")
def a_type_says_nothing(document, random):
    usual = (n for n in leaves(iter_calls(document)) if "methods" not in n[0])
    node, path = pick_candidate(random, usual)
    node["type"] = "UNKNOWN_TYPE"
    return f"{path}.type"


@mutant("router-without-children")
def a_leaf_is_a_router(document, random):
    node, path = pick_candidate(random, leaves(iter_calls(document)))
    node["type"], node["children"] = "ROUTER", []
    return f"{path}.children"


@mutant("combiner-with-one-child")
def a_node_with_one_child_is_a_combiner(document, random):
    node, path = pick_candidate(random, with_children(iter_calls(document), 1))
    node["type"] = "COMBINER"
    return f"{path}.children"


@mutant("children-without-combiner")
def a_router_is_a_model(document, random):
    found = (n for n in iter_calls(document) if n[0].get("type") in ("ROUTER", "COMBINER"))
    node, path = pick_candidate(random, (n for n in found if len(n[0]["children"]) > 1))
    node["type"] = "MODEL"
    return f"{path}.children"


@mutant("ab-test-without-two-children")
def a_node_with_one_child_is_an_ab_test(document, random):
    node, path = pick_candidate(random, with_children(iter_calls(document), 1))
    node.pop("type", None)
    node.pop("parameters", None)
    node["implementation"] = "RANDOM_ABTEST"
    return f"{path}.children"


@mutant("ab-test-extra-child")
def an_ab_test_has_three_children(document, random):
    node, path = pick_candidate(random, ab_tests(document))
    server = {"implementation": "SKLEARN_SERVER", "modelUri": "gs://models.example/iris"}
    node["children"].append({"name": "third"} | server)
    return f"{path}.children[2]"


@mutant("ratio-not-a-number")
def a_ratio_is_a_word(document, random):
    node, path = pick_candidate(random, ab_tests(document))
    node["parameters"] = [{"name": "ratioA", "type": "FLOAT", "value": "half"}]
    return f"{path}.parameters[0].value"


@mutant("ratio-without-effect")
def a_ratio_is_a_percentage(document, random):
    node, path = pick_candidate(random, ab_tests(document))
    node["parameters"] = [{"name": "ratioA", "type": "FLOAT", "value": "30"}]
    return f"{path}.parameters[0].value"


@mutant("no-op-implementation")
def an_ab_test_is_a_simple_router(document, random):
    node, path = pick_candidate(random, ab_tests(document))
    node["implementation"] = "SIMPLE_ROUTER"
    return f"{path}.implementation"


@mutant("type-contradicts-implementation")
def a_server_is_a_router(document, random):
    node, path = pick_candidate(random, has_prepackaged_server(document))
    node["type"] = "ROUTER"
    return f"{path}.type"


@mutant("missing-model-uri")
def a_server_has_no_model(document, random):
    node, path = pick_candidate(random, has_prepackaged_server(document))
    node["modelUri"] = ""
    return f"{path}.modelUri"


@mutant("unknown-model-uri-scheme")
def a_model_is_nowhere(document, random):
    node, path = pick_candidate(random, has_prepackaged_server(document))
    node["modelUri"] = "models/iris"
    return f"{path}.modelUri"


@mutant("unknown-node-implementation")
def a_server_is_misspelt(document, random):
    node, path = pick_candidate(random, has_prepackaged_server(document))
    node["implementation"] = "SKLERN_SERVER"
    return f"{path}.implementation"


@mutant("methods-on-model-server")
def a_server_has_methods(document, random):
    node, path = pick_candidate(random, has_prepackaged_server(document))
    node["methods"] = ["TRANSFORM_INPUT"]
    return f"{path}.methods"


@mutant("name-not-a-dns-label")
def a_server_has_an_underscore(document, random):
    node, path = pick_candidate(random, has_prepackaged_server(document))
    node["name"] = "my_server"
    return f"{path}.name"


@mutant("name-too-long-for-a-label")
def a_server_has_a_long_name(document, random):
    node, path = pick_candidate(random, has_prepackaged_server(document))
    node["name"] = "n" * 49
    return f"{path}.name"


@mutant("parameter-value-not-of-its-type")
def a_parameter_is_a_word(document, random):
    node, path = pick_candidate(random, iter_calls(document))
    node["parameters"] = [{"name": "size", "type": "INT", "value": "large"}]
    return f"{path}.parameters[0].value"


@mutant("unknown-parameter-type")
def a_parameter_type_is_unknown(document, random):
    node, path = pick_candidate(random, iter_calls(document))
    node["parameters"] = [{"name": "size", "type": "NUMBER", "value": "1"}]
    return f"{path}.parameters[0].type"


@mutant("duplicate-parameter-name")
def a_parameter_stands_twice(document, random):
    node, path = pick_candidate(random, iter_calls(document))
    node["parameters"] = [{"name": "size", "type": "INT", "value": v} for v in ("1", "2")]
    return f"{path}.parameters[1].name"


@mutant("missing-logger-mode")
def a_logger_has_no_mode(document, random):
    node, path = pick_candidate(random, iter_nodes(document))
    node["logger"] = {"mode": ""}
    return f"{path}.logger.mode"


@mutant("unknown-logger-mode")
def a_logger_mode_is_unknown(document, random):
    node, path = pick_candidate(random, iter_nodes(document))
    node["logger"] = {"mode": "both"}
    return f"{path}.logger.mode"


@mutant("malformed-logger-url")
def a_logger_url_has_no_scheme(document, random):
    node, path = pick_candidate(random, iter_nodes(document))
    node["logger"] = {"mode": "all", "url": "log-sink"}
    return f"{path}.logger.url"


@mutant("unknown-endpoint-type")
def an_endpoint_is_http(document, random):
    node, path = pick_candidate(random, iter_nodes(document))
    node["endpoint"] = {"type": "HTTP"}
    return f"{path}.endpoint.type"


def require_calls_over_grpc(document):
    """With the other protocols uncallable-over-grpc finds more than the fault."""
    require(document["spec"].get("protocol", "") in ("", "seldon"))


@mutant("mixed-endpoint-types")
def the_last_endpoint_is_another(document, random):
    require_calls_over_grpc(document)
    found = list(iter_nodes(document))
    require(len(found) > 1)
    (first, _), (node, path) = found[0], found[-1]
    for other, _ in found:
        other.pop("endpoint", None)
    document["spec"].pop("transport", None)
    first["endpoint"], node["endpoint"] = {"type": "REST"}, {"type": "GRPC"}
    return f"{path}.endpoint.type"


@mutant("transport-contradicts-endpoints")
def the_transport_is_the_other(document, random):
    require_calls_over_grpc(document)
    for node, _ in iter_nodes(document):
        node["endpoint"] = {"type": "REST"}
    document["spec"]["transport"] = "grpc"
    return "spec.transport"


@mutant("unknown-protocol")
def the_protocol_is_unknown(document, random):
    document["spec"]["protocol"] = "V3"
    return "spec.protocol"


@mutant("server-lacks-protocol")
def a_server_does_not_speak_tensorflow(document, random):
    found = [
        s for s in has_prepackaged_server(document) if s[0]["implementation"] != "TRITON_SERVER"
    ]
    require(len(found) == 1)
    for node, _ in iter_nodes(document):
        node.pop("endpoint", None)
    document["spec"].pop("transport", None)  # over gRPC uncallable-over-grpc finds more
    document["spec"]["protocol"] = "tensorflow"
    return f"{found[0][1]}.implementation"


@mutant("unknown-transport")
def the_transport_is_http(document, random):
    document["spec"]["transport"] = "http"
    return "spec.transport"


@mutant("unknown-server-type")
def the_server_type_is_unknown(document, random):
    document["spec"]["serverType"] = "http"
    return "spec.serverType"


@mutant("missing-kafka-variable")
def a_topic_is_missing(document, random):
    document["spec"]["serverType"] = "kafka"
    names = ("KAFKA_BROKER", "KAFKA_INPUT_TOPIC", "KAFKA_OUTPUT_TOPIC")
    for predictor, _ in predictors(document):
        predictor["svcOrchSpec"] = {"env": [{"name": name, "value": "x"} for name in names]}
    predictor, path = pick_candidate(random, predictors(document))
    predictor["svcOrchSpec"]["env"].pop()
    return f"{path}.svcOrchSpec.env"


@mutant("traffic-not-100")
def the_traffic_is_one_short(document, random):
    found = [p for p, _ in predictors(document) if not p.get("shadow")]
    require(len(found) > 1)
    next(predictor for predictor in found if predictor.get("traffic"))["traffic"] -= 1
    return "spec.predictors"


@mutant("traffic-out-of-range")
def the_traffic_is_negative(document, random):
    predictor, path = pick_candidate(random, predictors(document))
    predictor["traffic"] = -5
    return f"{path}.traffic"


@mutant("no-live-predictor")
def the_only_predictor_is_a_shadow(document, random):
    (predictor, _), *others = predictors(document)
    require(not others)
    predictor["shadow"] = True
    return "spec.predictors[0].shadow"


@mutant("multiple-shadow-predictors")
def another_shadow_is_added(document, random):
    found = document["spec"]["predictors"]
    require(found[-1].get("shadow"))
    node = {"name": "extra", "implementation": "SKLEARN_SERVER", "modelUri": "gs://a.example/m"}
    found.append({"name": "extra", "shadow": True, "graph": node})
    return f"spec.predictors[{len(found) - 1}].shadow"


@mutant("shadow-predictor-first")
def the_shadow_is_listed_first(document, random):
    found = document["spec"]["predictors"]
    require(found[-1].get("shadow"))
    found.insert(0, found.pop())
    return "spec.predictors[0].shadow"


@mutant("multi-node-graph-without-orchestrator")
def a_graph_has_no_orchestrator(document, random):
    several = (p for p in predictors(document) if p[0]["graph"].get("children"))
    predictor, path = pick_candidate(random, several)
    predictor["annotations"] = {"seldon.io/no-engine": "true"}
    for node, at in iter_nodes(document):
        if at.startswith(f"{path}.graph"):
            node.pop("logger", None)  # only an orchestrator reads it
    return f'{path}.annotations["seldon.io/no-engine"]'


@mutant("service-name-not-a-dns-label")
def a_service_has_an_underscore(document, random):
    predictor, path = pick_candidate(random, predictors(document))
    predictor["annotations"] = {"seldon.io/svc-name": "my_iris"}
    return f'{path}.annotations["seldon.io/svc-name"]'


@mutant("duplicate-service-name")
def two_predictors_share_a_service(document, random):
    found = document["spec"]["predictors"]
    require(len(found) > 1)
    for predictor in found[:2]:
        predictor["annotations"] = {"seldon.io/svc-name": "shared"}
    return 'spec.predictors[1].annotations["seldon.io/svc-name"]'


@mutant("colliding-names")
def a_service_takes_the_name_of_another(document, random):
    first, *others = document["spec"]["predictors"]
    require(others)
    document["metadata"]["name"] = "iris"
    for predictor in others:
        predictor.pop("annotations", None)
    first["annotations"] = {"seldon.io/svc-name": "iris-canary"}
    return 'spec.predictors[0].annotations["seldon.io/svc-name"]'


@mutant("deployment-name-not-a-service-name")
def the_object_has_a_dot(document, random):
    document["metadata"]["name"] = "iris.v1"
    return "metadata.name"


@mutant("malformed-predictor-metadata")
def a_label_has_a_space(document, random):
    predictor, path = pick_candidate(random, predictors(document))
    predictor["labels"] = {"team": "a team"}
    return f"{path}.labels.team"


@mutant("label-overrides-selector")
def a_label_is_the_selectors(document, random):
    predictor, path = pick_candidate(random, predictors(document))
    predictor["labels"] = {"seldon-deployment-id": "other"}
    return f"{path}.labels.seldon-deployment-id"


@mutant("annotation-not-a-number")
def a_timeout_has_a_unit(document, random):
    document["spec"]["annotations"] = {"seldon.io/rest-timeout": "10s"}
    return 'spec.annotations["seldon.io/rest-timeout"]'


@mutant("missing-image")
def a_container_has_no_image(document, random):
    container, path = pick_candidate(random, iter_containers(document))
    container["image"] = ""
    return f"{path}.image"


@mutant("reserved-container-name")
def a_sidecar_has_the_orchestrators_name(document, random):
    found = (c for c in iter_containers(document) if c[0]["name"].startswith("sidecar"))
    container, path = pick_candidate(random, found)
    container["name"] = "seldon-container-engine"
    return f"{path}.name"


@mutant("port-collision")
def a_node_listens_where_the_orchestrator_does(document, random):
    first = (n for n in iter_calls(document) if n[1] == "spec.predictors[0].graph")
    root, _ = pick_candidate(random, first)
    container, path = next(c for c in iter_containers(document) if c[0]["name"] == root["name"])
    container["ports"] = [{"name": "http", "containerPort": 8000}]
    return f"{path}.ports[0].containerPort"


@mutant("env-overrides-seldon-variable")
def a_container_chooses_its_port_by_variable(document, random):
    node, _ = pick_candidate(random, iter_calls(document))
    container, path = next(c for c in iter_containers(document) if c[0]["name"] == node["name"])
    container["env"] = [{"name": "PREDICTIVE_UNIT_SERVICE_PORT", "value": "9000"}]
    return f"{path}.env[0].name"


@mutant("overwritten-endpoint")
def a_node_is_elsewhere(document, random):
    node, path = pick_candidate(random, iter_calls(document))
    node["endpoint"] = {"service_host": "models.example"}
    return f"{path}.endpoint.service_host"


@mutant("container-in-two-components")
def a_container_stands_in_the_next_component(document, random):
    # The first component keeps a node of its own: without one there is no pod for the orchestrator.
    nodes = {node["name"] for node, _ in iter_nodes(document)}
    found = (
        p
        for p in predictors(document)
        for first in (p[0].get("componentSpecs") or [])[:1]
        if sum(container["name"] in nodes for container in first["spec"]["containers"]) > 1
    )
    predictor, path = pick_candidate(random, found)
    pods = predictor["componentSpecs"]
    pods.append({"spec": {"containers": [dict(pods[0]["spec"]["containers"][0])]}})
    return f"{path}.componentSpecs[{len(pods) - 1}].spec.containers[0].name"


@mutant("first-component-without-node")
def a_sidecar_has_the_first_component(document, random):
    served = {at.partition(".graph")[0] for _, at in has_prepackaged_server(document)}
    found = (p for p in predictors(document) if p[0].get("componentSpecs") and p[1] not in served)
    predictor, path = pick_candidate(random, found)
    pod = {"containers": [{"name": "cache", "image": "registry.example/cache:1"}]}
    predictor["componentSpecs"].insert(0, {"spec": pod})
    return f"{path}.componentSpecs[0]"


@mutant("negative-replicas")
def the_replicas_are_negative(document, random):
    document["spec"]["replicas"] = -1
    return "spec.replicas"


@mutant("deadline-not-positive")
def a_deadline_is_now(document, random):
    predictor, path = pick_candidate(random, predictors(document))
    predictor["progressDeadlineSeconds"] = 0
    return f"{path}.progressDeadlineSeconds"


def unscaled(document, random):
    """Return a component without autoscaler, in a document without replicas; and its path."""
    for predictor, _ in predictors(document):
        predictor.pop("replicas", None)
    component, path = pick_candidate(random, components(document))
    for field in ("hpaSpec", "kedaSpec", "replicas"):
        component.pop(field, None)
    return component, path


BY_AMOUNT = {
    "metrics": [
        {"type": "Resource", "resource": {"name": "cpu", "targetAverageValue": "500m"}},
    ]
}
"""An autoscaler's metric that needs no requests."""


@mutant("autoscaler-min-above-max")
def an_autoscaler_begins_above_its_end(document, random):
    component, path = unscaled(document, random)
    component["hpaSpec"] = {"minReplicas": 4, "maxReplicas": 3, **BY_AMOUNT}
    return f"{path}.hpaSpec.minReplicas"


@mutant("two-autoscalers")
def a_component_has_two_autoscalers(document, random):
    component, path = unscaled(document, random)
    component["hpaSpec"] = {"maxReplicas": 3}
    config = {"horizontalPodAutoscalerConfig": {"name": "scaler"}}
    trigger = {"type": "cron", "metadata": {"timezone": "UTC"}}
    component["kedaSpec"] = {"triggers": [trigger], "advanced": config}
    return f"{path}.hpaSpec"


@mutant("replicas-beside-autoscaler")
def a_component_has_replicas_and_an_autoscaler(document, random):
    component, path = unscaled(document, random)
    component.update(replicas=2, hpaSpec={"maxReplicas": 3, **BY_AMOUNT})
    return f"{path}.replicas"


@mutant("pdb-with-two-bounds")
def a_budget_has_both_bounds(document, random):
    component, path = pick_candidate(random, components(document))
    component["pdbSpec"] = {"minAvailable": 1, "maxUnavailable": 1}
    return f"{path}.pdbSpec"


@mutant("pdb-without-bound")
def a_budget_has_no_bound(document, random):
    component, path = pick_candidate(random, components(document))
    component["pdbSpec"] = {}
    return f"{path}.pdbSpec"


@mutant("ignored-orchestrator-resources")
def resources_are_in_the_old_field(document, random):
    predictor, path = pick_candidate(random, predictors(document))
    predictor["engineResources"] = {"requests": {"cpu": "2"}}
    return f"{path}.engineResources"


@mutant("unknown-explainer-type")
def an_explainer_is_misspelt(document, random):
    predictor, path = pick_candidate(random, predictors(document))
    predictor["explainer"] = {"type": "Anchors"}
    return f"{path}.explainer.type"


@mutant("wrong-type")
def replicas_are_text(document, random):
    document["spec"]["replicas"] = "1"
    return "spec.replicas"


@mutant("unknown-field")
def a_field_is_unknown(document, random):
    node, path = pick_candidate(random, iter_nodes(document))
    node["colour"] = "blue"
    return f"{path}.colour"


@mutant("missing-object-name")
def the_object_has_no_name(document, random):
    del document["metadata"]["name"]
    return "metadata"


@mutant("misplaced-annotation")
def an_annotation_is_on_the_object(document, random):
    document["metadata"]["annotations"] = {"seldon.io/engine-separate-pod": "true"}
    return 'metadata.annotations["seldon.io/engine-separate-pod"]'


@mutant("duplicate-container-name")
def a_container_stands_twice(document, random):
    component, path = pick_candidate(random, components(document))
    containers = component["spec"]["containers"]
    containers.append(dict(containers[0]))
    return f"{path}.spec.containers[{len(containers) - 1}].name"
