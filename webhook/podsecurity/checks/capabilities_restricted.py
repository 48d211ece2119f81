"""Linux capabilities that are kept or added."""

from webhook.graph.model import as_list, get_list
from webhook.podsecurity.check import Check, Violation, field_paths, list_containers, quote_words
from webhook.podsecurity.pod import Pod, as_str


def check_pod(pod: Pod) -> Violation | None:
    """Demand drop ALL, in these letters, and allow NET_BIND_SERVICE alone to be added."""
    not_dropping = [c for c in pod.containers if "ALL" not in get_list(c.capabilities, "drop")]
    adding = []
    forbidden = set()
    for container in pod.containers:
        added = container.capabilities.get("add")
        if not added:
            continue
        disallowed = {as_str(capability) for capability in as_list(added)} - {"NET_BIND_SERVICE"}
        if disallowed:
            adding.append(container)
            forbidden |= disallowed
    if not not_dropping and not adding:
        return None
    parts = []
    if not_dropping:
        parts.append(
            f'{list_containers(not_dropping)} must set securityContext.capabilities.drop=["ALL"]'
        )
    if adding:
        parts.append(
            f"{list_containers(adding)} must not include {quote_words(sorted(forbidden))}"
            " in securityContext.capabilities.add"
        )
    return Violation(
        CHECK.id,
        "unrestricted capabilities",
        "; ".join(parts),
        (
            *field_paths(False, not_dropping, "capabilities", "drop"),  # noqa: FBT003 — containers only
            *field_paths(False, adding, "capabilities", "add"),  # noqa: FBT003 — as above
        ),
    )


def check_pod_since_1_25(pod: Pod) -> Violation | None:
    """Skip Windows pods: they have no capabilities."""
    return None if pod.is_windows else check_pod(pod)


CHECK = Check(
    "capabilities_restricted",
    "restricted",
    ((22, check_pod), (25, check_pod_since_1_25)),
    overrides=("capabilities_baseline",),
)
