"""Profile annotation that contradicts the field

Why: the old seccomp and AppArmor annotations of pods and containers have no effect beside
securityContext.seccompProfile and appArmorProfile, but the API server compares them and refuses a
Deployment in which they differ. An annotation of spec or predictor is on every pod, also that of
the orchestrator.

Fix: Remove the annotation, and set the field.

Bad:
    componentSpecs:
    - metadata:
        annotations:
          container.seccomp.security.alpha.kubernetes.io/classifier: unconfined
      spec:
        containers:
        - name: classifier
          securityContext:
            seccompProfile:
              type: RuntimeDefault

Good:
    componentSpecs:
    - spec:
        containers:
        - name: classifier
          securityContext:
            seccompProfile:
              type: RuntimeDefault
"""

import re
from collections.abc import Iterator

from webhook.graph.cluster_facts import Facts
from webhook.graph.finding import Finding
from webhook.graph.model import SeldonDeployment, get_mapping, get_str
from webhook.graph.path import Path
from webhook.graph.well_known import (
    APPARMOR_ANNOTATION_PREFIX,
    SECCOMP_CONTAINER_ANNOTATION_PREFIX,
    SECCOMP_POD_ANNOTATION,
)
from webhook.rules._format import quote_value
from webhook.rules._rendered import rendered_pods
from webhook.rules.pod._profiles import APPARMOR, iter_profiles, means

ACTION = "deny"
SINCE = "0.1.0"
WORDS = frozenset({"deployment.annotations", "metadata.annotations"})

_PROFILE_KEY = re.compile(
    f"{re.escape(SECCOMP_CONTAINER_ANNOTATION_PREFIX)}|{re.escape(SECCOMP_POD_ANNOTATION)}\\Z"
    f"|{re.escape(APPARMOR_ANNOTATION_PREFIX)}"
).match


def check(deployment: SeldonDeployment, facts: Facts) -> Iterator[Finding]:
    """Yield each annotation once. An AppArmor annotation is also compared with the pod's profile.

    Source: validateSeccompAnnotationsAndFields, validateAppArmorAnnotationsAndFieldsMatchOnCreate.
    """
    if not any(map(_PROFILE_KEY, deployment.pod_annotation_keys)):
        return
    reported: set[Path] = set()
    for rendered, template in rendered_pods(deployment, facts):
        annotations = get_mapping(template["metadata"], "annotations")
        for key, profile in iter_profiles(template["spec"]):
            text = annotations.get(key)
            inherited = profile.inherited if profile.field == APPARMOR else {}
            value = profile.value or inherited
            if type(text) is not str or not value or means(text, profile.field, value):
                continue
            path = rendered.trace(("spec", "template", "metadata", "annotations", key))
            if path not in reported:
                reported.add(path)
                shown = f"{profile.field} {get_str(value, 'type')}"
                message = f"{quote_value(text)} contradicts the {shown} of {profile.owner}"
                yield Finding(path, message, "remove the annotation")
