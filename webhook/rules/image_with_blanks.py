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

from webhook.graph.finding import Finding, Operation
from webhook.graph.model import Deployment
from webhook.graph.signs import unusual
from webhook.rules._text import quoted

ACTION = "deny"
SINCE = "0.1.0"
NEEDS = frozenset({unusual("image")})


def check(deployment: Deployment) -> Iterator[Finding]:
    """Yield each image with blanks around it (source: validateContainerOnlyForPod)."""
    for container in deployment.containers:
        image = container.raw.get("image")
        if type(image) is not str or image == (bare := image.strip()):
            continue
        path = container.path / "image"
        mend: Operation = {"op": "replace", "path": path.pointer, "value": bare}
        shown = quoted(image.replace("\n", "\\n"))
        yield Finding(path, f"the image {shown} has blanks around it", "", (mend,) if bare else ())
