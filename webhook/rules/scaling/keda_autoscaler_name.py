"""Name of KEDA's autoscaler too long or taken

Why: KEDA makes a HorizontalPodAutoscaler of each kedaSpec. It is called keda-hpa- and the name of
the Deployment, or what advanced.horizontalPodAutoscalerConfig.name says. KEDA 2.20 and newer refuse
a name of more than 63 characters. If two of them have one name, KEDA refuses the second, or both
scale the wrong pods.

Fix: Set advanced.horizontalPodAutoscalerConfig.name, shorten the names, or use a different name.

Bad:
    predictors:
    - name: main
      componentSpecs:
      - kedaSpec:
          advanced: {horizontalPodAutoscalerConfig: {name: iris}}
    - name: canary
      componentSpecs:
      - kedaSpec:
          advanced: {horizontalPodAutoscalerConfig: {name: iris}}

Good:
    predictors:
    - name: main
      componentSpecs:
      - kedaSpec:
          advanced: {horizontalPodAutoscalerConfig: {name: iris}}
    - name: canary
      componentSpecs:
      - kedaSpec:
          advanced: {horizontalPodAutoscalerConfig: {name: iris-canary}}
"""

from collections.abc import Iterator, Mapping
from typing import Any

from webhook.graph.cluster_facts import Facts
from webhook.graph.finding import Finding
from webhook.graph.model import SeldonDeployment, get_mapping, get_str
from webhook.graph.operator_types import get_operator_types
from webhook.graph.path import Path
from webhook.rendering.names import AUTOSCALER_KINDS, MAX_NAME_LENGTH, generated_names
from webhook.rules._format import quote_value

ACTION = "deny"
SINCE = "0.1.0"
FIELDS = frozenset({"kedaSpec"})

_PREFIX = "keda-hpa-"
_NAME = Path(("advanced", "horizontalPodAutoscalerConfig", "name"))


def check(deployment: SeldonDeployment, facts: Facts) -> Iterator[Finding]:
    """Yield each autoscaler of KEDA whose name is too long, or which another one has.

    A name that Seldon's operator drops is not the autoscaler's.

    Source: KEDA 2.21, scaledobject_webhook.go (verifyName, verifyScaledObjects), and hpa.go.
    """
    if not deployment.name:
        return  # the API server completes a generateName
    types = get_operator_types(facts.operator, facts.operator_version)
    is_chosen = types is None or not types.is_known or types.names_keda_autoscalers
    chosen_names = {
        component.path / "kedaSpec": _chosen_name(get_mapping(component.raw, "kedaSpec"))
        for component in deployment.components
        if is_chosen and "kedaSpec" in component.raw
    }
    generated = [n for n in generated_names(deployment) if n.kind in AUTOSCALER_KINDS.values()]
    plain = AUTOSCALER_KINDS["hpaSpec"]
    first = {one.name: one.source_path for one in generated if one.kind == plain}
    for one in generated:
        if one.kind == plain:
            continue
        chosen = chosen_names.get(one.source_path, "")
        name = chosen or f"{_PREFIX}{one.name}"
        place = one.source_path.join(_NAME)
        if len(name) > MAX_NAME_LENGTH:
            message = (
                f"KEDA 2.20 and newer refuse the autoscaler {quote_value(name)}: "
                f"{MAX_NAME_LENGTH} characters at most, has {len(name)}"
            )
            remediation = (
                "set a shorter name"
                if is_chosen
                else "use shorter names for the object, the predictor and its containers"
            )
            yield Finding(place, message, remediation, certain=False)
        other = first.setdefault(name, one.source_path)
        if other is not one.source_path and (chosen or chosen_names.get(other)):
            message = f"duplicate autoscaler name {quote_value(name)}: {other} has it, too"
            yield Finding(place, message, "use a different name")


def _chosen_name(raw: Mapping[str, Any]) -> str:
    config = get_mapping(get_mapping(raw, "advanced"), "horizontalPodAutoscalerConfig")
    return get_str(config, "name")
