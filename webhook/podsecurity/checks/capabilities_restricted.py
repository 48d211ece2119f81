"""Linux capabilities that are kept or added."""

from webhook.podsecurity.check import Check, Violation, named, places, quoted
from webhook.podsecurity.pod import Pod, items, text


def judge(pod: Pod) -> Violation | None:
    """Demand drop ALL, in these letters, and allow NET_BIND_SERVICE alone to be added."""
    keeping = [c for c in pod.containers if "ALL" not in items(c.capabilities.get("drop"))]
    adding = []
    forbidden = set()
    for container in pod.containers:
        added = container.capabilities.get("add")
        if not added:
            continue
        beyond = {text(capability) for capability in items(added)} - {"NET_BIND_SERVICE"}
        if beyond:
            adding.append(container)
            forbidden |= beyond
    if not keeping and not adding:
        return None
    words = []
    if keeping:
        words.append(f'{named(keeping)} must set securityContext.capabilities.drop=["ALL"]')
    if adding:
        words.append(
            f"{named(adding)} must not include {quoted(sorted(forbidden))}"
            " in securityContext.capabilities.add"
        )
    return Violation(
        CHECK.id,
        "unrestricted capabilities",
        "; ".join(words),
        (
            *places(False, keeping, "capabilities", "drop"),  # noqa: FBT003 — containers only
            *places(False, adding, "capabilities", "add"),  # noqa: FBT003 — as above
        ),
    )


def judge_since_1_25(pod: Pod) -> Violation | None:
    """Ask nothing of Windows pods: they have no capabilities."""
    return None if pod.windows else judge(pod)


CHECK = Check(
    "capabilities_restricted",
    "restricted",
    ((22, judge), (25, judge_since_1_25)),
    overrides=("capabilities_baseline",),
)
