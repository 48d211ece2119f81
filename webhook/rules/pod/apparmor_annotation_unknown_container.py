"""AppArmor annotation for an unknown container

Why: annotations of spec and of a predictor are copied to all of its pods, those of a componentSpec
to its own. An AppArmor annotation is for one container, and the API server refuses a Deployment
whose template does not have it, even if it is injected into the pods later.

Fix: Move it to the metadata of the componentSpec with the container, or set the container's
securityContext.appArmorProfile instead.

Bad:
    predictors:
    - name: main
      annotations:
        container.apparmor.security.beta.kubernetes.io/classifier: runtime/default

Good:
    componentSpecs:
    - metadata:
        annotations:
          container.apparmor.security.beta.kubernetes.io/classifier: runtime/default
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from webhook.graph.cluster_facts import Facts
from webhook.graph.finding import Finding, Operation
from webhook.graph.model import SeldonDeployment, get_mapping, get_str, iter_mappings
from webhook.graph.path import Path
from webhook.graph.suggest import nearest_word, spelling_fix_safety
from webhook.graph.text import join_words
from webhook.graph.well_known import APPARMOR_ANNOTATION_PREFIX
from webhook.rules._format import quote_value
from webhook.rules._rendered import rendered_pods

ACTION = "deny"
SINCE = "0.1.0"
WORDS = frozenset({"deployment.annotations", "metadata.annotations"})

_APPARMOR_KEY = re.compile(re.escape(APPARMOR_ANNOTATION_PREFIX)).match


def check(deployment: SeldonDeployment, facts: Facts) -> Iterator[Finding]:
    """Yield each annotation once (source: ValidateAppArmorPodAnnotations)."""
    if not any(map(_APPARMOR_KEY, deployment.pod_annotation_keys)):
        return
    reported: set[Path] = set()
    for rendered, template in rendered_pods(deployment, facts):
        names = [
            get_str(container, "name")
            for field in ("initContainers", "containers")
            for _, container in iter_mappings(template["spec"], field)
        ]
        known, listed = frozenset(names), join_words(names)
        annotated = _annotations(template["metadata"])
        free = sorted(known.difference(annotated.values()))
        for key, name in annotated.items():
            if name in known:
                continue
            path = rendered.trace(("spec", "template", "metadata", "annotations", key))
            if path in reported:
                continue
            reported.add(path)
            message = f"no container named {quote_value(name)} in a pod that has {listed}"
            # An annotation of spec or predictor is on pods with other containers, too.
            is_of_one_pod = path[-3:-1] == ("metadata", "annotations")
            nearest = nearest_word(name, free) if is_of_one_pod else ""
            yield _with_nearest(path, message, name, nearest)


def _with_nearest(path: Path, message: str, name: str, nearest: str) -> Finding:
    if not nearest:
        return Finding(path, message, at_key=True)
    target = path.parent / f"{APPARMOR_ANNOTATION_PREFIX}{nearest}"
    rename: Operation = {"op": "move", "from": path.pointer, "path": target.pointer}
    return Finding(
        path,
        message,
        f'did you mean "{nearest}"?',
        (rename,),
        fix_safety=spelling_fix_safety(name, nearest),
        at_key=True,
    )


def _annotations(holder: Mapping[str, Any]) -> dict[str, str]:
    """Return the AppArmor annotations, each with the container that it is for."""
    return {
        key: key.removeprefix(APPARMOR_ANNOTATION_PREFIX)
        for key, value in get_mapping(holder, "annotations").items()
        if key.startswith(APPARMOR_ANNOTATION_PREFIX) and type(value) is str
    }
