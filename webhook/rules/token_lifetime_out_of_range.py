"""A token of a service account lives too short or too long

Why: the API server gives tokens that live for at least ten minutes and at most 2^32 seconds, and
refuses a Deployment whose volume asks for another.

Fix: Write 600 or more expirationSeconds; 3600 is what Kubernetes takes where none are written.

Bad:
    volumes:
    - name: token
      projected:
        sources:
        - serviceAccountToken:
            path: token
            expirationSeconds: 60

Good:
    volumes:
    - name: token
      projected:
        sources:
        - serviceAccountToken:
            path: token
            expirationSeconds: 3600
"""

from collections.abc import Iterator

from webhook.graph.finding import Finding
from webhook.graph.model import Deployment, mapping, mappings, number

ACTION = "deny"
SINCE = "0.1.0"
NEEDS = frozenset({"projected"})

_LEAST, _MOST = 600, 2**32


def check(deployment: Deployment) -> Iterator[Finding]:
    """Yield each such lifetime (source: validateProjectionSources)."""
    for component in deployment.components:
        for index, volume in mappings(component.pod, "volumes"):
            for place, source in mappings(mapping(volume, "projected"), "sources"):
                token = mapping(source, "serviceAccountToken")
                seconds = number(token, "expirationSeconds")
                if seconds is not None and not _LEAST <= seconds <= _MOST:
                    bound = f"less than {_LEAST}" if seconds < _LEAST else f"more than {_MOST}"
                    where = ("spec", "volumes", index, "projected", "sources", place)
                    path = component.path.join((*where, "serviceAccountToken", "expirationSeconds"))
                    yield Finding(path, f"the token lives for {seconds} seconds, {bound}")
