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
from webhook.graph.model import SeldonDeployment, get_int, get_mapping, iter_mappings

ACTION = "deny"
SINCE = "0.1.0"
TRIGGERS = frozenset({"projected"})

_MIN_SECONDS, _MAX_SECONDS = 600, 2**32


def check(deployment: SeldonDeployment) -> Iterator[Finding]:
    """Yield each such lifetime (source: validateProjectionSources)."""
    for component in deployment.components:
        for index, volume in iter_mappings(component.pod, "volumes"):
            for field_path, source in iter_mappings(get_mapping(volume, "projected"), "sources"):
                token = get_mapping(source, "serviceAccountToken")
                seconds = get_int(token, "expirationSeconds")
                if seconds is not None and not _MIN_SECONDS <= seconds <= _MAX_SECONDS:
                    bound = (
                        f"less than {_MIN_SECONDS}"
                        if seconds < _MIN_SECONDS
                        else f"more than {_MAX_SECONDS}"
                    )
                    item_path = ("spec", "volumes", index, "projected", "sources", field_path)
                    path = component.path.join(
                        (*item_path, "serviceAccountToken", "expirationSeconds")
                    )
                    yield Finding(path, f"the token lives for {seconds} seconds, {bound}")
