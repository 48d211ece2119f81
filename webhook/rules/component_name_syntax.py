"""A component's name makes no name of a Deployment

Why: metadata.name of a componentSpec is the end of its Deployment's name, which is a DNS subdomain
and the value of a label: lower-case letters, digits, "-" and ".", with a letter or digit at the
end. A name of more than 63 characters in all is replaced by a hash, which is fine.

Fix: Write the name with lower-case letters, digits and "-".

Bad:
    componentSpecs:
    - metadata:
        name: iris/v1

Good:
    componentSpecs:
    - metadata:
        name: iris-v1
"""

from collections.abc import Iterator

from webhook.graph.finding import Finding
from webhook.graph.kubernetes import LONGEST_NAME, LONGEST_SUBDOMAIN, is_subdomain, why_not
from webhook.graph.model import Deployment, mapping, text
from webhook.rules._text import quoted

ACTION = "deny"
SINCE = "0.1.0"
NEEDS = frozenset({"metadata"})


def check(deployment: Deployment) -> Iterator[Finding]:
    """Yield each such name (source: ValidateDeploymentName; seldon-checks G3)."""
    for predictor in deployment.predictors:
        for component in predictor.components:
            name = text(mapping(component.raw, "metadata"), "name")
            # What stands before it ends with "-", so it may begin with one.
            if not name or is_subdomain(f"x-{name}"):
                continue
            whole = f"{deployment.name}-{predictor.name}-{component.path[-1]}-{name}"
            if len(whole) <= LONGEST_NAME:
                why = why_not(f"x-{name}", "-.a-z0-9", LONGEST_SUBDOMAIN)
                path = component.path.join(("metadata", "name"))
                yield Finding(path, f"the name {quoted(name)} {why}")
