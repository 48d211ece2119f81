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

from webhook.graph.finding import Finding
from webhook.graph.kubernetes import is_header
from webhook.graph.model import Deployment, mapping, mappings
from webhook.graph.signs import unusual
from webhook.rules._pods import handlers
from webhook.rules._text import quoted

ACTION = "deny"
SINCE = "0.1.0"
NEEDS = frozenset({unusual("probes")})


def check(deployment: Deployment) -> Iterator[Finding]:
    """Yield each name of a header that is none (source: validateHTTPGetAction)."""
    for container in deployment.in_need("probes"):
        for place, raw in handlers(container):
            if "httpGet" not in raw:
                continue
            for index, header in mappings(mapping(raw, "httpGet"), "httpHeaders"):
                name = header.get("name")
                if type(name) is str and not is_header(name):
                    where = (*place, "httpGet", "httpHeaders", index, "name")
                    fact = f"{quoted(name)} is no name of an HTTP header"
                    yield Finding(container.path.join(where), fact)
