"""A probe sends a header with a name that no header can have

Why: names of HTTP headers are letters, digits and "-". The API server refuses a Deployment whose
probes or hooks send any other.

Fix: Write the name with letters, digits and "-" only.

Bad:
    readinessProbe:
      httpGet:
        port: http
        httpHeaders:
        - name: X_Token
          value: probe

Good:
    readinessProbe:
      httpGet:
        port: http
        httpHeaders:
        - name: X-Token
          value: probe
"""

from collections.abc import Iterator

from webhook.graph.features import non_trivial_feature
from webhook.graph.finding import Finding
from webhook.graph.k8s_syntax import is_http_header_name
from webhook.graph.model import SeldonDeployment, get_mapping, iter_mappings
from webhook.rules._format import quote_value
from webhook.rules.pod._pods import iter_handlers

ACTION = "deny"
SINCE = "0.1.0"
TRIGGERS = frozenset({non_trivial_feature("probes")})


def check(deployment: SeldonDeployment) -> Iterator[Finding]:
    """Yield each name of a header that is none (source: validateHTTPGetAction)."""
    for container in deployment.containers_with("probes"):
        for path, raw in iter_handlers(container):
            if "httpGet" not in raw:
                continue
            for index, header in iter_mappings(get_mapping(raw, "httpGet"), "httpHeaders"):
                name = header.get("name")
                if type(name) is str and not is_http_header_name(name):
                    item_path = (*path, "httpGet", "httpHeaders", index, "name")
                    message = f"{quote_value(name)} is no name of an HTTP header"
                    yield Finding(container.path.join(item_path), message)
