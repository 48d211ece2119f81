"""Unknown apiVersion

Why: a SeldonDeployment is served as machinelearning.seldon.io/v1, v1alpha3 and v1alpha2. With
another apiVersion, or none, the API server does not know the object.

Fix: Use apiVersion: machinelearning.seldon.io/v1.

Bad:
    apiVersion: machinelearning.seldon.io/v1alpha1
    kind: SeldonDeployment

Good:
    apiVersion: machinelearning.seldon.io/v1
    kind: SeldonDeployment
"""

from collections.abc import Iterator

from webhook.graph.finding import Finding, Operation
from webhook.graph.model import SeldonDeployment
from webhook.graph.path import ROOT
from webhook.graph.text import describe_value
from webhook.graph.well_known import SELDON_GROUP
from webhook.rules._format import quote_value

ACTION = "deny"
SINCE = "0.1.0"

SERVED_VERSIONS = tuple(f"{SELDON_GROUP}/{version}" for version in ("v1", "v1alpha3", "v1alpha2"))


def check(deployment: SeldonDeployment) -> Iterator[Finding]:
    """Yield one finding if the apiVersion is missing or not served."""
    if deployment.api_version in SERVED_VERSIONS:
        return
    written = deployment.raw.get("apiVersion")
    path = ROOT / "apiVersion"
    version = deployment.api_version.rpartition("/")[2]
    nearest = (
        f"{SELDON_GROUP}/{version}"
        if f"{SELDON_GROUP}/{version}" in SERVED_VERSIONS
        else SERVED_VERSIONS[0]
    )
    found = quote_value(written) if type(written) is str else describe_value(written)
    fix: Operation = {"op": "add", "path": path.pointer, "value": nearest}
    yield Finding(
        path,
        f"unknown apiVersion {found.removeprefix('the number ')}; "
        f"allowed: {', '.join(SERVED_VERSIONS)}"
        if written is not None
        else "apiVersion is required",
        f"use {nearest}",
        (fix,),
        fix_safety="safe" if not written or nearest.endswith(f"/{version}") else "unsafe",
    )
