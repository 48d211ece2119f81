"""Lists of words in rules: each word of them counts."""

from typing import Any

import pytest

from tests.documents_of import with_graph, with_pod, with_predictor
from webhook.engine.evaluate import evaluate
from webhook.graph.cluster_facts import NO_FACTS, Facts
from webhook.graph.schema import KUBERNETES_PREFIX, load_schema
from webhook.settings.model import read_settings


def messages(document: Any, rule: str) -> list[str]:
    decision = evaluate(document, read_settings(), NO_FACTS)
    return [f.message for f in (*decision.denials, *decision.warnings) if f.rule_id == rule]


# What Seldon's and KServe's initializers document, and the storage systems of rclone.
SCHEMES = [
    *("gs", "s3", "http", "https", "file", "pvc", "abfs", "abfss", "alias", "az", "azure"),
    *("azureblob", "azurefiles", "b2", "box", "cos", "drive", "dropbox", "ftp", "gcs", "hdfs"),
    *("hf", "huggingface", "local", "minio", "mlflow", "obs", "oci", "onedrive", "oos", "oss"),
    *("r2", "runs", "sftp", "smb", "swift", "wasb", "wasbs", "webdav", "webhdfs"),
]


@pytest.mark.parametrize("scheme", SCHEMES)
def test_a_scheme_of_a_storage_is_known(scheme: str) -> None:
    document = with_graph(implementation="SKLEARN_SERVER", modelUri=f"{scheme}://a/b")
    assert messages(document, "unknown-model-uri-scheme") == []


@pytest.mark.parametrize("uri", ["s4://a/b", "pvc:a/b", "a/b", "models", "S3://a/b"])
def test_another_scheme_is_not(uri: str) -> None:
    document = with_graph(implementation="SKLEARN_SERVER", modelUri=uri)
    assert len(messages(document, "unknown-model-uri-scheme")) == 1


SOURCES = sorted(
    set(load_schema()["$defs"][f"{KUBERNETES_PREFIX}api.core.v1.Volume"]["properties"]) - {"name"}
)


@pytest.mark.parametrize("source", SOURCES)
def test_a_volume_of_two_sources_has_one_too_many_whatever_these_are(source: str) -> None:
    """Every source that Kubernetes' schema of a Volume has."""
    other = "emptyDir" if source != "emptyDir" else "hostPath"
    decision = evaluate(
        with_pod(volumes=[{"name": "v", source: {}, other: {}}]), read_settings(), NO_FACTS
    )
    assert [f.message for f in decision.denials if "a volume has one source" in f.message] == [
        "a volume has one source, got 2: " + ", ".join(sorted((source, other), key=SOURCES.index))
    ]


def found(document: Any, facts: Facts = NO_FACTS) -> set[tuple[str, str]]:
    """Return rule and place of each finding."""
    decision = evaluate(document, read_settings(), facts)
    assert decision.rule_errors == ()
    return {(f.rule_id, str(f.path)) for f in (*decision.denials, *decision.warnings)}


def rules_in(document: Any) -> set[str]:
    return {rule for rule, _ in found(document)}


# Python's strtobool, which the wrapper calls.
@pytest.mark.parametrize(
    "word", ["y", "yes", "t", "true", "on", "1", "n", "no", "f", "false", "off", "0", "YES", "True"]
)
def test_a_word_for_true_or_false_is_a_boolean(word: str) -> None:
    parameters = [{"name": "a", "value": word, "type": "BOOL"}]
    assert found(with_graph(parameters=parameters)) == set()


@pytest.mark.parametrize("word", ["ja", "2", "", "tru", "-"])
def test_another_word_is_none(word: str) -> None:
    parameters = [{"name": "a", "value": word, "type": "BOOL"}]
    assert rules_in(with_graph(parameters=parameters)) == {"parameter-value-not-of-its-type"}


# operator/controllers and operator/utils of Seldon Core 1.17.1.
VARIABLES = [
    *("PREDICTIVE_UNIT_SERVICE_PORT", "PREDICTIVE_UNIT_HTTP_SERVICE_PORT"),
    *("PREDICTIVE_UNIT_GRPC_SERVICE_PORT", "MLSERVER_HTTP_PORT", "MLSERVER_GRPC_PORT"),
    *("PREDICTIVE_UNIT_PARAMETERS", "PREDICTIVE_UNIT_ID", "PREDICTIVE_UNIT_IMAGE"),
    *("PREDICTIVE_UNIT_METRICS_SERVICE_PORT", "PREDICTIVE_UNIT_METRICS_ENDPOINT", "PREDICTOR_ID"),
    *("PREDICTOR_LABELS", "SELDON_DEPLOYMENT_ID", "SELDON_EXECUTOR_ENABLED", "MLSERVER_MODEL_URI"),
    *("MLSERVER_MODEL_NAME", "MLSERVER_METRICS_PORT", "MLSERVER_METRICS_ENDPOINT"),
]


@pytest.mark.parametrize("name", VARIABLES)
def test_a_variable_that_seldon_sets_is_told(name: str) -> None:
    container = {"name": "classifier", "image": "i", "env": [{"name": name, "value": "1"}]}
    assert rules_in(with_pod(containers=[container])) == {"env-overrides-seldon-variable"}


LOST = {"type": "x"}
CONTAINERS_OWN = ("capabilities", "allowPrivilegeEscalation", "readOnlyRootFilesystem")
PODS_OWN = ("fsGroup", "supplementalGroups")
OF_BOTH = (
    *("runAsUser", "runAsGroup", "runAsNonRoot", "seccompProfile", "seLinuxOptions"),
    *("appArmorProfile", "windowsOptions"),
)


@pytest.mark.parametrize("field", [*CONTAINERS_OWN, *PODS_OWN, *OF_BOTH])
def test_a_security_setting_one_level_too_high_is_lost(field: str) -> None:
    place = "spec.predictors[0].componentSpecs[0].spec"
    assert ("dropped-security-setting", f"{place}.{field}") in found(with_pod(**{field: LOST}))
    container = {"name": "classifier", "image": "i", field: LOST}
    lost = ("dropped-security-setting", f"{place}.containers[0].{field}")
    assert lost in found(with_pod(containers=[container]))


@pytest.mark.parametrize("field", CONTAINERS_OWN)
def test_a_setting_of_containers_is_lost_in_the_pods_context(field: str) -> None:
    place = "spec.predictors[0].componentSpecs[0].spec.securityContext"
    document = with_pod(securityContext={field: LOST})
    assert ("dropped-security-setting", f"{place}.{field}") in found(document)


@pytest.mark.parametrize("text", ["true", "True", "TRUE", "false", "False", "FALSE"])
def test_a_boolean_in_quotes_is_read_as_one(text: str) -> None:
    decision = evaluate(with_pod(hostNetwork=text), read_settings(), NO_FACTS)
    (finding,) = [f for f in decision.denials if f.rule_id == "wrong-type"]
    assert [o["value"] for o in finding.fix] == [text.lower() == "true"]
    assert finding.fix_safety == "safe"


@pytest.mark.parametrize(("text", "number"), [("0", 0), ("-1", -1), ("12", 12), ("01", None)])
def test_a_number_in_quotes_is_read_as_one(text: str, number: int | None) -> None:
    document = with_predictor(replicas=text)
    decision = evaluate(document, read_settings(), NO_FACTS)
    (finding,) = [f for f in decision.denials if f.rule_id == "wrong-type"]
    assert [o["value"] for o in finding.fix] == ([] if number is None else [number])


def annotated(key: str, value: str) -> Any:
    document = with_graph()
    holder = document["spec"]["predictors"][0] if key == "no-engine" else document["spec"]
    holder["annotations"] = {f"seldon.io/{key}": value}
    return document


YES, NO = ["yes", "on", "1", "y", "True", "TRUE"], ["no", "off", "0", "n", "FALSE", "False"]


@pytest.mark.parametrize("key", ["no-engine", "engine-separate-pod", "no-storage-initializer"])
def test_a_switch_is_compared_with_true(key: str) -> None:
    told = {w for w in (*YES, *NO, "true", "false") if rules_in(annotated(key, w))}
    assert told == set(YES)


def test_a_switch_that_is_set_by_presence_is_compared_with_false() -> None:
    told = {w for w in (*YES, *NO, "true", "false") if rules_in(annotated("headless-svc", w))}
    assert told == set(NO)


# The servers of Seldon Core 1.17's seldon-config, and what each speaks.
SPOKEN = {
    "SKLEARN_SERVER": {"seldon", "v2", "kfserving"},
    "XGBOOST_SERVER": {"seldon", "v2", "kfserving"},
    "MLFLOW_SERVER": {"seldon", "v2", "kfserving"},
    "HUGGINGFACE_SERVER": {"v2", "kfserving"},
    "TRITON_SERVER": {"v2", "kfserving"},
    "TEMPO_SERVER": {"v2", "kfserving"},
    "TENSORFLOW_SERVER": {"seldon", "tensorflow"},
}


@pytest.mark.parametrize("server", SPOKEN)
@pytest.mark.parametrize("protocol", ["seldon", "v2", "kfserving", "tensorflow"])
def test_a_server_speaks_its_protocols_only(server: str, protocol: str) -> None:
    graph = {"name": "classifier", "implementation": server, "modelUri": "gs://models/a"}
    document = with_predictor(graph=graph, componentSpecs=[])
    document["spec"]["protocol"] = protocol
    lacks = "server-lacks-protocol" in rules_in(document)
    if protocol != "tensorflow" or server not in ("TRITON_SERVER", "TEMPO_SERVER"):
        assert lacks is (protocol not in SPOKEN[server])


@pytest.mark.parametrize(
    ("word", "meant"),
    [
        ("INPUT_TRANSFORMER", "TRANSFORMER"),
        ("transform-input", "TRANSFORMER"),
        ("TRANSFORM_OUTPUT", "OUTPUT_TRANSFORMER"),
        ("MODLE", "MODEL"),
        ("model", "MODEL"),
    ],
)
def test_a_type_of_a_node_in_other_words(word: str, meant: str) -> None:
    decision = evaluate(with_graph(type=word), read_settings(), NO_FACTS)
    (finding,) = [
        f for f in (*decision.denials, *decision.warnings) if f.rule_id == "unknown-node-type"
    ]
    assert [o["value"] for o in finding.fix] == [meant]


@pytest.mark.parametrize("name", ["handler", "probeHandler", "lifecycleHandler"])
def test_a_level_around_a_handler_is_told(name: str) -> None:
    inner = {name: {"tcpSocket": {"port": 7000}}}
    fields = {"livenessProbe": inner, "lifecycle": {"preStop": inner}}
    container = {"name": "classifier", "image": "i", **fields}
    place = "spec.predictors[0].componentSpecs[0].spec.containers[0]"
    assert found(with_pod(containers=[container])) >= {
        ("probe-without-handler", f"{place}.livenessProbe.{name}"),
        ("probe-without-handler", f"{place}.lifecycle.preStop.{name}"),
    }


@pytest.mark.parametrize("where", ["livenessProbe", "readinessProbe", "startupProbe", "lifecycle"])
@pytest.mark.parametrize("field", ["image", "env", "resources"])
def test_a_field_of_the_container_in_a_handler_is_not_sent_elsewhere(
    where: str, field: str
) -> None:
    handler = {"exec": {"command": ["a"]}}
    inner = {"preStop": handler} if where == "lifecycle" else handler
    container = {"name": "classifier", "image": "i", where: {**inner, field: "x"}}
    assert rules_in(with_pod(containers=[container])) == {"unknown-field"}


@pytest.mark.parametrize(
    ("where", "field", "handler"),
    [
        ("livenessProbe", "command", "exec"),
        ("livenessProbe", "args", "exec"),
        *(
            ("readinessProbe", field, "httpGet")
            for field in ("path", "scheme", "httpHeaders", "host")
        ),
        ("startupProbe", "service", "grpc"),
        ("preStop", "seconds", "sleep"),
    ],
)
def test_a_field_of_a_handler_that_is_not_there_is_told_where_it_belongs(
    where: str, field: str, handler: str
) -> None:
    inner = {where: {field: ["a"] if handler == "exec" else "a"}}
    fields = {"lifecycle": inner} if where == "preStop" else inner
    container = {"name": "classifier", "image": "i", **fields}
    told = messages(with_pod(containers=[container]), "probe-without-handler")
    assert told == [f"{field} of {where} belongs to {handler}"]


# Docker and Compose, KServe, other places of Kubernetes, older versions of Seldon; plurals.
ALIASES = {
    "command": ("cmd", "entrypoint", "entry_point"),
    "env": (
        *("environment", "environments", "envVars", "env_vars", "environmentVariables"),
        *("environment-variables",),
    ),
}


@pytest.mark.parametrize(
    ("written", "field"), [(each, field) for field, names in ALIASES.items() for each in names]
)
def test_what_others_call_a_field_of_a_container_is_moved_to_it(written: str, field: str) -> None:
    container = {"name": "classifier", "image": "i", written: []}
    assert moves(with_pod(containers=[container])) == [(written, field)]


@pytest.mark.parametrize("written", ["engineSpec", "orchestratorSpec", "svcOrchestratorSpec"])
def test_what_others_call_the_orchestrator_is_moved_to_its_field(written: str) -> None:
    document = with_predictor(**{written: {"resources": {}}})
    assert moves(document) == [(written, "svcOrchSpec")]


@pytest.mark.parametrize(
    ("source", "written"), [("secretRef", "secretName"), ("configMapRef", "configMapName")]
)
def test_a_reference_by_the_name_that_a_volume_has_for_it_is_moved(
    source: str, written: str
) -> None:
    env_from = [{source: {written: "settings"}}]
    container = {"name": "classifier", "image": "i", "envFrom": env_from}
    assert moves(with_pod(containers=[container])) == [(written, "name")]


def moves(document: Any) -> list[tuple[str, str]]:
    """Return the last parts of the places from and to which safe fixes move something."""
    decision = evaluate(document, read_settings(), NO_FACTS)
    return [
        (o["from"].rpartition("/")[2], o["path"].rpartition("/")[2])
        for f in (*decision.denials, *decision.warnings)
        if f.fix_safety == "safe"
        for o in f.fix
        if o["op"] == "move"
    ]


@pytest.mark.parametrize("version", ["v1", "v1alpha3", "v1alpha2"])
def test_a_version_that_is_served(version: str) -> None:
    document = with_graph() | {"apiVersion": f"machinelearning.seldon.io/{version}"}
    assert found(document) == set()


@pytest.mark.parametrize(
    ("profile", "annotation", "contradicts"),
    [
        ("RuntimeDefault", "runtime/default", False),
        ("RuntimeDefault", "docker/default", False),
        ("RuntimeDefault", "unconfined", True),
        ("Unconfined", "unconfined", False),
        ("Unconfined", "runtime/default", True),
        ("Localhost", "localhost/a", False),
        ("Localhost", "localhost/b", True),
    ],
)
def test_a_seccomp_annotation_says_the_same_as_the_field(
    profile: str, annotation: str, contradicts: bool
) -> None:
    context: dict[str, Any] = {"seccompProfile": {"type": profile}}
    if profile == "Localhost":
        context["seccompProfile"]["localhostProfile"] = "a"
    document = with_pod(securityContext=context)
    (component,) = document["spec"]["predictors"][0]["componentSpecs"]
    key = "seccomp.security.alpha.kubernetes.io/pod"
    component["metadata"] = {"annotations": {key: annotation}}
    assert ("profile-annotation-contradicts-field" in rules_in(document)) is contradicts
