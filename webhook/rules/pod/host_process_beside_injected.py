"""Host process beside an injected container

Why: in a Windows pod all containers are host processes, or none is. Seldon adds containers to a
pod: the orchestrator, and the init container that downloads a model. Where hostProcess is set only
for each of the author's containers, the API server refuses the Deployment.

Fix: Set windowsOptions.hostProcess in the pod's securityContext, which injected containers inherit.

Bad:
    spec:
      hostNetwork: true
      containers:
      - name: classifier
        securityContext:
          windowsOptions:
            hostProcess: true

Good:
    spec:
      hostNetwork: true
      securityContext:
        windowsOptions:
          hostProcess: true
      containers:
      - name: classifier
"""

from collections.abc import Iterator
from typing import Any

from webhook.graph.cluster_facts import Facts
from webhook.graph.finding import Finding
from webhook.graph.model import (
    ComponentSpec,
    SeldonDeployment,
    get_mapping,
    get_str,
    iter_mappings,
)
from webhook.graph.path import ROOT
from webhook.rules._format import quote_value
from webhook.rules._rendered import render_objects

ACTION = "deny"
SINCE = "0.1.0"
WORDS = frozenset({"windowsOptions.hostProcess"})


def check(pod: ComponentSpec, deployment: SeldonDeployment, facts: Facts) -> Iterator[Finding]:
    """Yield the pod if an injected container is not a host process (validateWindowsHostProcessPod).

    What the author's containers contradict, malformed-windows-options says.
    """
    containers = pod.all_containers
    if not containers or _is_host_process(pod.pod):
        return
    if not all(_is_host_process(each.raw) for each in containers):
        return
    own = {container.name for container in containers}
    for rendered in render_objects(deployment, facts):
        spec = get_mapping(get_mapping(rendered.object["spec"], "template"), "spec")
        if rendered.kind != "Deployment" or rendered.trace(ROOT) != pod.path:
            continue
        names = [
            get_str(container, "name")
            for field in ("initContainers", "containers")
            for _, container in iter_mappings(spec, field)
        ]
        injected = [name for name in names if name not in own]
        if injected:
            message = (
                f"hostProcess is not set for the injected container {quote_value(injected[0])}"
            )
            path = pod.path.join(("spec", "securityContext"))
            yield Finding(path, message, "set windowsOptions.hostProcess here")


def _is_host_process(raw: Any) -> bool:
    options = get_mapping(get_mapping(raw, "securityContext"), "windowsOptions")
    return options.get("hostProcess") is True
