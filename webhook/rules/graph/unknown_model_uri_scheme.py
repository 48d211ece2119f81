"""Unknown storage scheme of a model URI

Why: an init container downloads the model from the storage that the scheme of the modelUri names:
gs, s3, http, pvc or another one that rclone knows or that a Secret configures. With another scheme
the download fails, and the pod does not start.

Fix: Add a storage scheme, like gs://, s3:// or pvc://.

Bad:
    modelUri: models.example/iris

Good:
    modelUri: gs://models.example/iris
"""

from collections.abc import Iterator, Mapping
from typing import Any

from webhook.graph.finding import Finding
from webhook.graph.model import Predictor, get_mapping
from webhook.graph.path import Path
from webhook.graph.suggest import nearest_word
from webhook.rules._format import MAX_QUOTED_LENGTH, quote_value

ACTION = "warn"
SINCE = "0.1.0"
FIELDS = frozenset({"modelUri", "explainer"})

_QUOTES = "“”„‘’‚«»\"'"
_COMMON_SCHEMES = ("gs", "s3", "http", "https", "file", "pvc")
_KNOWN_SCHEMES = frozenset(
    (
        *_COMMON_SCHEMES,
        *("abfs", "abfss", "alias", "az", "azure", "azureblob", "azurefiles", "b2", "box", "cos"),
        *("drive", "dropbox", "ftp", "gcs", "hdfs", "hf", "huggingface", "local", "minio"),
        *("mlflow", "obs", "oci", "onedrive", "oos", "oss", "r2", "runs", "sftp", "smb", "swift"),
        *("wasb", "wasbs", "webdav", "webhdfs"),
    )
)
"""What rclone and other initializers call their storages; a remote can have any other name only
where a Secret configures it."""


def check(predictor: Predictor) -> Iterator[Finding]:
    """Yield each modelUri of a node or explainer without a known storage scheme.

    Source: seldon-checks G28.
    """
    for node in predictor.nodes:
        if "modelUri" in node.raw:
            yield from _check_model_uri(node.raw, node.path)
    if "explainer" in predictor.raw:
        yield from _check_model_uri(
            get_mapping(predictor.raw, "explainer"), predictor.path / "explainer"
        )


def _check_model_uri(raw: Mapping[str, Any], path: Path) -> Iterator[Finding]:
    uri = raw.get("modelUri")
    if type(uri) is not str or not uri:
        return
    scheme, colon, rest = uri.partition(":")
    if colon and scheme in _KNOWN_SCHEMES and (scheme != "pvc" or rest.startswith("//")):
        return
    if raw.get("storageInitializerImage") or (colon and raw.get("envSecretRefName")):
        return  # a custom downloader, or a configured one, may know other schemes
    field_path = path / "modelUri"
    if not colon:
        yield Finding(
            field_path, f"modelUri {quote_value(uri)} has no storage scheme (gs://, s3://, pvc://)"
        )
    elif scheme == "pvc":
        yield Finding(
            field_path, f"{quote_value(uri)} is not a PVC URI", "use pvc://<claim>/<path>"
        )
    else:
        nearest = nearest_word(scheme, _COMMON_SCHEMES)
        rest = rest.rstrip(_QUOTES)
        yield Finding(
            field_path,
            f"unknown storage scheme {quote_value(scheme)} in {quote_value(uri)}",
            f"did you mean {nearest}:{rest[:MAX_QUOTED_LENGTH]}?" if nearest else "",
        )
