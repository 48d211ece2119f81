"""docs/reference/rendering-differences.md: our objects beside Seldon's own, in classes."""

import re
from collections import Counter

from tools.generators import notice
from tools.rendering_comparison import Difference, compare, recorded

PATH = "docs/reference/rendering-differences.md"
SOURCE = "tools/rendering_comparison.py"

# The first pattern that a difference's path matches is its class.
CLASSES: tuple[tuple[str, str, str], ...] = (
    (
        "selectors of Deployments and budgets",
        r"(Deployment|PodDisruptionBudget)/spec/selector/",
        "they select the pods of their own Deployment, by what cannot change under one name; "
        "Seldon's can select other pods of the object",
    ),
    (
        "`app` where an author wrote it",
        r"Deployment/(metadata|spec/template/metadata)/labels/app$",
        "a selector reads it, so the author's value is not used",
    ),
    (
        "labels of an orchestrator's own Deployment",
        r"Deployment/(metadata|spec/template/metadata)/labels/(seldon-deployment-id|fluentd"
        r"|app\.kubernetes\.io/managed-by)",
        "it belongs to the object, as the others do; Seldon writes the predictor's key instead of "
        "the object's id",
    ),
    (
        "the label that says where the orchestrator is",
        r"Deployment/spec/template/metadata/labels/seldon-deployment-contains-svcorch",
        "the pods have it, too",
    ),
    (
        "`managed-by` of autoscalers and budgets",
        r"(HorizontalPodAutoscaler|PodDisruptionBudget|ScaledObject)/metadata/labels/",
        "what was made for an object can be found by one label",
    ),
    (
        "`seldon.io/shadow` on the Service of a shadow",
        r"Service/metadata/labels/seldon\.io/shadow",
        "its other Services have it",
    ),
    (
        "annotations of an orchestrator's own Deployment and pods",
        r"Deployment/(metadata|spec/template/metadata)/annotations/",
        "as on every other pod of the object",
    ),
    (
        "the pause before a container is stopped",
        r".*/lifecycle/preStop/",
        "`sleep` needs no shell in the image (Kubernetes 1.30 and newer)",
    ),
    (
        "ports of the orchestrator",
        r".*/seldon-container-engine/ports/",
        "one number twice cannot be applied server-side",
    ),
    (
        "the port `metrics` of model servers for v2",
        r".*/ports/metrics",
        "scrapers look for it, and the variables name it",
    ),
    (
        "security contexts",
        r".*securityContext",
        "injected containers satisfy the level restricted; pods with a template have what the "
        "admission webhook wrote into it",
    ),
    (
        "probes of model servers and explainers",
        r".*/(liveness|readiness)Probe/",
        "by the port's number; servers for v2 are asked whether they are ready, every ten seconds",
    ),
    (
        "variables of MLServer that are for Tempo, or empty",
        r".*/env/(TEMPO_RUNTIME_OPTIONS|MLSERVER_MODEL_IMPLEMENTATION)",
        "only where the server is Tempo's, and where there is a value",
    ),
    (
        "arguments of an explainer whose author wrote some",
        r".*/args$",
        "the author's stay",
    ),
    (
        "service account of an orchestrator's own pod",
        r".*/serviceAccountName$",
        "`default` is what Kubernetes takes where none is written",
    ),
)


def classify(difference: Difference) -> str:
    """Return the class of a difference; "" if it is of none."""
    return next(
        (name for name, pattern, _ in CLASSES if re.match(pattern, difference.path)),
        "",
    )


def files() -> dict[str, str]:
    """Return the page by its path."""
    counts = Counter(map(classify, compare("graphgate")))
    rows = "".join(
        f"| {name} | {counts[name]} | {reason} |\n" for name, _, reason in CLASSES if counts[name]
    )
    text = (
        f"<!-- {notice(SOURCE)} -->\n\n"
        "# graphgate's objects compared with Seldon's own\n\n"
        f"{len(recorded())} documents, with the objects that the unmodified code of Seldon Core "
        "v1.17.1 built of them. Compared is everything but the order of named items, the spelling "
        "of quantities, what the API server fills in, and the content of `ENGINE_PREDICTOR`.\n\n"
        f"With `--operator seldon` there are {sum(1 for _ in compare('seldon'))} differences. What "
        "graphgate's own reconciler makes differs on purpose:\n\n"
        f"| what differs | values | why |\n| --- | --- | --- |\n{rows}"
    )
    return {PATH: text}
