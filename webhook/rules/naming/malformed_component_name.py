"""Invalid component name

Why: metadata.name of a componentSpec is the end of its Deployment's name, which must be a DNS
subdomain and a label value: lower-case letters, digits, "-" and ".", with a letter or digit at the
end. A name of more than 63 characters in total is replaced by a hash, which is fine.

Fix: Use lower-case letters, digits and "-".

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
from webhook.graph.k8s_syntax import (
    MAX_NAME_LENGTH,
    MAX_SUBDOMAIN_LENGTH,
    explain_invalid,
    is_subdomain,
)
from webhook.graph.model import ComponentSpec, Predictor, SeldonDeployment, get_mapping, get_str
from webhook.rules._format import quote_value

ACTION = "deny"
SINCE = "0.1.0"
FIELDS = frozenset({"metadata"})


def check(
    component: ComponentSpec, predictor: Predictor, deployment: SeldonDeployment
) -> Iterator[Finding]:
    """Yield each such name (source: ValidateDeploymentName; seldon-checks G3)."""
    name = get_str(get_mapping(component.raw, "metadata"), "name")
    # The part before it ends with "-", so it may start with one.
    if not name or is_subdomain(f"x-{name}"):
        return
    full_name = f"{deployment.name}-{predictor.name}-{component.path[-1]}-{name}"
    if len(full_name) <= MAX_NAME_LENGTH:
        reason = explain_invalid(f"x-{name}", "-.a-z0-9", MAX_SUBDOMAIN_LENGTH)
        path = component.path.join(("metadata", "name"))
        yield Finding(path, f"invalid component name {quote_value(name)}: {reason}")
