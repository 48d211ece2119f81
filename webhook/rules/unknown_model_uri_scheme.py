"""A modelUri names no known storage

Why: an init container fetches the model from what the modelUri begins with: gs, s3, http, pvc or
another storage that rclone knows, or one that a Secret configures. From anything else it fetches
nothing, and the pod does not start.

Fix: Begin it with the storage, like gs:// or s3:// or pvc://.

Bad:
    modelUri: models.example/iris

Good:
    modelUri: gs://models.example/iris
"""

from collections.abc import Iterator, Mapping
from typing import Any

from webhook.graph.finding import Finding
from webhook.graph.model import Deployment, mapping
from webhook.graph.path import Path
from webhook.graph.words import CERTAIN, nearest_word
from webhook.rules._text import LONGEST, quoted

ACTION = "warn"
SINCE = "0.1.0"
NEEDS = frozenset({"modelUri"})

_COMMON = ("gs", "s3", "http", "https", "file", "pvc")
_KNOWN = frozenset(
    (
        *_COMMON,
        *("abfs", "abfss", "alias", "az", "azure", "azureblob", "azurefiles", "b2", "box", "cos"),
        *("drive", "dropbox", "ftp", "gcs", "hdfs", "hf", "huggingface", "local", "minio"),
        *("mlflow", "obs", "oci", "onedrive", "oos", "oss", "r2", "runs", "sftp", "smb", "swift"),
        *("wasb", "wasbs", "webdav", "webhdfs"),
    )
)
"""What rclone and other initializers call their storages; a remote can have any other name only
where a Secret configures it."""


def check(deployment: Deployment) -> Iterator[Finding]:
    """Yield each modelUri of a node or explainer that begins with no storage.

    Source: seldon-checks G28.
    """
    for predictor in deployment.predictors:
        for node in predictor.nodes:
            if "modelUri" in node.raw:
                yield from _judge(node.raw, node.path)
        if "explainer" in predictor.raw:
            yield from _judge(mapping(predictor.raw, "explainer"), predictor.path / "explainer")


def _judge(raw: Mapping[str, Any], path: Path) -> Iterator[Finding]:
    uri = raw.get("modelUri")
    if type(uri) is not str or not uri:
        return
    scheme, colon, rest = uri.partition(":")
    if colon and scheme in _KNOWN and (scheme != "pvc" or rest.startswith("//")):
        return
    if raw.get("storageInitializerImage") or (colon and raw.get("envSecretRefName")):
        return  # who brings the fetcher, or configures it, knows the storages
    place = path / "modelUri"
    if not colon:
        yield Finding(place, f"{quoted(uri)} does not begin with a storage")
    elif scheme == "pvc":
        yield Finding(place, f"{quoted(uri)} names no claim", "write pvc://CLAIM/path")
    else:
        near = nearest_word(scheme, _COMMON, CERTAIN) or nearest_word(scheme, _COMMON)
        yield Finding(
            place,
            f"the storage {quoted(scheme)} of {quoted(uri)} is not known",
            f"write {near}:{rest[:LONGEST]}" if near else "",
        )
