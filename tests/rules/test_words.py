"""Lists of words in rules: each word of them counts."""

from typing import Any

import pytest

from tests.documents_of import with_graph, with_pod
from webhook.engine.evaluate import evaluate
from webhook.graph.cluster_facts import NO_FACTS
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
