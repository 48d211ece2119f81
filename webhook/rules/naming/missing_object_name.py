"""Object without a name

Why: all objects created for a SeldonDeployment are named after it. The API server refuses an object
with neither name nor generateName.

Fix: Set metadata.name.

Bad:
    kind: SeldonDeployment
    metadata:
      labels:
        app: iris

Good:
    kind: SeldonDeployment
    metadata:
      name: iris
"""

from collections.abc import Iterator

from webhook.graph.finding import Finding
from webhook.graph.model import SeldonDeployment
from webhook.graph.path import ROOT

ACTION = "deny"
SINCE = "0.1.0"


def check(deployment: SeldonDeployment) -> Iterator[Finding]:
    """Yield one finding if there is neither name nor generateName (source: the API server)."""
    if deployment.name or not deployment.raw:
        return
    metadata = deployment.raw.get("metadata")  # missing altogether: missing-field
    if type(metadata) is dict and all(
        metadata.get(field) in (None, "") for field in ("name", "generateName")
    ):
        yield Finding(
            ROOT / "metadata" / "name", "metadata.name or metadata.generateName is required"
        )
