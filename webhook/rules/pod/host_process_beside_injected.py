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
from webhook.rules._rendered import rendered_pods

ACTION = "deny"
SINCE = "0.1.0"
WORDS = frozenset({"windowsOptions.hostProcess"})


def check(deployment: SeldonDeployment, facts: Facts) -> Iterator[Finding]:
    """Yield each pod with an injected container that is not a host process.

    Source: validateWindowsHostProcessPod. What the author's containers contradict,
    malformed-windows-options says.
    """
    own_names = {
        pod.path: {container.name for container in pod.all_containers}
        for predictor in deployment.predictors
        for pod in predictor.components
        if _has_host_processes_only(pod)
    }
    if not own_names:
        return
    for rendered, template in rendered_pods(deployment, facts):
        pod_path = rendered.trace(ROOT)
        if pod_path not in own_names:
            continue
        names = [
            get_str(container, "name")
            for field in ("initContainers", "containers")
            for _, container in iter_mappings(template["spec"], field)
        ]
        injected = [name for name in names if name not in own_names[pod_path]]
        if injected:
            name = quote_value(injected[0])
            message = f"hostProcess is not set for the injected container {name}"
            path = pod_path.join(("spec", "securityContext"))
            yield Finding(path, message, "set windowsOptions.hostProcess here")


def _has_host_processes_only(pod: ComponentSpec) -> bool:
    """Return whether all containers of the author's say so, and the pod itself does not."""
    containers = pod.all_containers
    return (
        bool(containers)
        and not _is_host_process(pod.pod)
        and all(_is_host_process(each.raw) for each in containers)
    )


def _is_host_process(raw: Any) -> bool:
    options = get_mapping(get_mapping(raw, "securityContext"), "windowsOptions")
    return options.get("hostProcess") is True
