"""An image has blanks around it

Why: the API server takes such an image in a Deployment, and then refuses each of its pods: nothing
starts, and the reason stands in the events of the ReplicaSet only.

Fix: Remove the blanks and line ends around the image.

Bad:
    containers:
    - name: classifier
      image: "registry.example/iris:1 "

Good:
    containers:
    - name: classifier
      image: registry.example/iris:1
"""

from collections.abc import Iterator

from webhook.graph.features import non_trivial_feature
from webhook.graph.finding import Finding, Operation
from webhook.graph.model import SeldonDeployment
from webhook.rules._format import quote_value

ACTION = "deny"
SINCE = "0.1.0"
TRIGGERS = frozenset({non_trivial_feature("image")})


def check(deployment: SeldonDeployment) -> Iterator[Finding]:
    """Yield each image with blanks around it (source: validateContainerOnlyForPod)."""
    for container in deployment.containers:
        image = container.raw.get("image")
        if type(image) is not str or image == (trimmed := image.strip()):
            continue
        path = container.path / "image"
        fix: Operation = {"op": "replace", "path": path.pointer, "value": trimmed}
        shown_value = quote_value(image.replace("\n", "\\n"))
        yield Finding(
            path, f"the image {shown_value} has blanks around it", "", (fix,) if trimmed else ()
        )
