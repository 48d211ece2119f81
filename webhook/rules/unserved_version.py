"""The apiVersion is not served

Why: a SeldonDeployment is served as machinelearning.seldon.io/v1, v1alpha3 and v1alpha2. With
another apiVersion, or none, the API server does not know the object at all.

Fix: Write apiVersion: machinelearning.seldon.io/v1.

Bad:
    apiVersion: machinelearning.seldon.io/v1alpha1
    kind: SeldonDeployment

Good:
    apiVersion: machinelearning.seldon.io/v1
    kind: SeldonDeployment
"""

from collections.abc import Iterator

from webhook.graph.finding import Finding, Operation
from webhook.graph.model import Deployment
from webhook.graph.path import ROOT
from webhook.graph.words import describe, enumerate_words

ACTION = "deny"
SINCE = "0.1.0"

GROUP = "machinelearning.seldon.io"
SERVED = tuple(f"{GROUP}/{version}" for version in ("v1", "v1alpha3", "v1alpha2"))


def check(deployment: Deployment) -> Iterator[Finding]:
    """Yield one finding if the apiVersion is missing or none of those served."""
    if deployment.api_version in SERVED:
        return
    written = deployment.raw.get("apiVersion")
    path = ROOT / "apiVersion"
    version = deployment.api_version.rpartition("/")[2]
    near = f"{GROUP}/{version}" if f"{GROUP}/{version}" in SERVED else SERVED[0]
    fix: Operation = {"op": "add", "path": path.pointer, "value": near}
    yield Finding(
        path,
        f"the apiVersion is {describe(written)}, which is not served; "
        f"{enumerate_words([name.split('/')[1] for name in SERVED])} of {GROUP} are"
        if written is not None
        else "the apiVersion is missing",
        f"write apiVersion: {near}",
        (fix,),
    )
