"""Why graphgate refuses what the API server takes: one sentence for each such rule.

A test holds that the list is complete and that nothing is left over in it: each rule here denies at
least one fixture of its own whose objects the API server takes. `docs/soundness.md` prints it.
"""

from typing import Literal, NamedTuple

Audience = Literal[
    "Seldon", "orchestrator", "container", "definition", "elsewhere", "computing", "settings"
]

CATEGORIES: dict[Audience, str] = {
    "Seldon": "Seldon's own webhook or controller refuses it, and creates nothing.",
    "orchestrator": "The objects run, and the graph does not answer as it is written.",
    "container": "The objects are taken, and a container can never start or be reached.",
    "definition": "The document differs from its rendering, which follows the author's intention.",
    "elsewhere": "Somebody else refuses it who is not asked here: KEDA, or an ingress.",
    "computing": "The API server takes it, and computes with another number or for minutes.",
    "settings": "graphgate's settings do not allow it, and Kubernetes knows nothing of them.",
}
"""What the word means, for all rules that have it."""


class Reason(NamedTuple):
    """Who stops what the API server lets through, and why."""

    category: Audience
    explanation: str


REASONS: dict[str, Reason] = {
    "ab-test-without-two-children": Reason(
        "orchestrator", "RANDOM_ABTEST chooses between two children and fails at a missing one."
    ),
    "annotation-not-a-number": Reason(
        "Seldon", "Seldon and the orchestrator parse the annotation as a number, and stop."
    ),
    "children-not-a-list": Reason(
        "definition", "A mapping is rendered as the one child; Seldon's definition refuses it."
    ),
    "unapproved-gateway": Reason(
        "settings", "allowedGateways says to which gateways an author may attach."
    ),
    "unapproved-host": Reason("settings", "allowedHosts says which hosts an author may claim."),
    "unmounted-certificate": Reason(
        "Seldon", "Seldon's operator crashes, or its orchestrator never becomes ready."
    ),
    "unreachable-explainer": Reason(
        "container", "The explainer's Service leads to a port on which nobody listens."
    ),
    "malformed-affinity": Reason(
        "Seldon",
        "Seldon's operator reads null as an empty text, and keeps that label's name.",
    ),
    "number-out-of-range": Reason(
        "Seldon", "Seldon's operator reads 32 bits, also of an autoscaler that it does not make."
    ),
    "malformed-init-parameters": Reason(
        "container", "MLServer reads them as JSON when it starts, and stops."
    ),
    "malformed-orchestrator-variable": Reason(
        "container", "The orchestrator reads the variable when it starts, and stops."
    ),
    "router-without-children": Reason(
        "orchestrator", "A router or combiner without children is never called."
    ),
    "dropped-graph-part": Reason(
        "definition", "Children at another place are dropped, and their nodes never called."
    ),
    "dropped-security-setting": Reason(
        "definition", "The setting is dropped, and the container has more rights than was written."
    ),
    "dropped-volume-source": Reason(
        "definition", "The source is dropped, and the container finds an empty folder."
    ),
    "duplicate-container-name": Reason(
        "definition", "The containers are at the wrong level, where nothing reads them."
    ),
    "duplicate-node-name": Reason(
        "orchestrator", "Two nodes of one name share a container, and its answers."
    ),
    "first-component-without-node": Reason(
        "Seldon", "Seldon finds no place for the orchestrator and creates nothing."
    ),
    "keda-autoscaler-name": Reason(
        "elsewhere", "KEDA refuses a second autoscaler of one name, or scales the wrong pods."
    ),
    "graph-too-deep": Reason(
        "definition", "A definition of fixed depth drops the deeper nodes before anybody sees them."
    ),
    "autoscaler-min-above-max": Reason(
        "elsewhere", "KEDA's operator stops at an idleReplicaCount that is not below the minimum."
    ),
    "mapping-instead-of-list": Reason(
        "definition", "A mapping in place of a list is left out or read as its one item."
    ),
    "pvc-uri-without-claim": Reason(
        "container", "No PVC can have this name, so the pod waits forever."
    ),
    "missing-container": Reason(
        "orchestrator", "A node without its container has no address, and its requests fail."
    ),
    "missing-field": Reason(
        "definition", "Without the field nothing, or not all that was meant, is rendered."
    ),
    "missing-kafka-variable": Reason("Seldon", "Seldon refuses kafka without its variables."),
    "missing-logger-mode": Reason("Seldon", "Seldon refuses a logger without a mode."),
    "missing-model-uri": Reason("Seldon", "Seldon refuses a server without a model."),
    "misspelled-required-field": Reason(
        "definition", "The required field is dropped, because its name is misspelled."
    ),
    "mixed-endpoint-types": Reason("Seldon", "Seldon refuses REST and GRPC in one object."),
    "name-not-a-dns-label": Reason(
        "orchestrator", "A node's name is a part of addresses, also where no Service is made of it."
    ),
    "negative-replicas": Reason(
        "definition", "Every pod has a number of its own; a pod without one gets this one."
    ),
    "multi-node-graph-without-orchestrator": Reason(
        "Seldon", "Seldon refuses several nodes without an orchestrator: only one is reached."
    ),
    "no-live-predictor": Reason("Seldon", "Seldon refuses a lone shadow: nobody would answer."),
    "parameter-value-not-of-its-type": Reason(
        "container", "The component turns the text into its type when it starts, and stops."
    ),
    "misplaced-pod-spec": Reason(
        "definition", "Containers beside their place are dropped, and the node has none."
    ),
    "pod-security/root-against-non-root": Reason(
        "container", "The kubelet starts no container as root where runAsNonRoot is set."
    ),
    "malformed-image-reference": Reason(
        "container", "No kubelet can pull an image by such a name: InvalidImageName for ever."
    ),
    "metric-of-unknown-container": Reason(
        "container", "The autoscaler counts a container that no pod has, and never scales."
    ),
    "multiple-tensorflow-servers": Reason(
        "container", "The pod has one tfserving container, which loads the first model only."
    ),
    "resource-of-unknown-container": Reason(
        "container", "The kubelet looks for a container of the name, and starts none without it."
    ),
    "unknown-port-name": Reason(
        "container", "The kubelet looks for a port of the name, and the probe fails for ever."
    ),
    "port-collision": Reason(
        "container", "Two containers of a pod listen on one port; the second does not start."
    ),
    "malformed-referenced-object-name": Reason(
        "container", 'A name that ends in "-" is taken here, and no Secret can have it.'
    ),
    "malformed-kubernetes-annotation": Reason(
        "container", "Kubelets delete mirrors of no static pod; AppArmor profiles need a name."
    ),
    "malformed-secret-or-configmap-reference": Reason(
        "container", "A volume waits for an object or key that cannot exist."
    ),
    "overlapping-volume-paths": Reason(
        "container", "The kubelet writes no file in place of a folder, and mounts nothing."
    ),
    "removed-volume-type": Reason(
        "container", "The kubelet has no driver for it any more: the volume is never mounted."
    ),
    "unknown-variable-in-sub-path": Reason(
        "container", "The kubelet looks for a variable of the name, and creates no container."
    ),
    "unnamespaced-sysctl": Reason(
        "container", "No kubelet lets a pod start with a sysctl that is the whole node's."
    ),
    "unsatisfiable-affinity": Reason(
        "container", "The scheduler finds no node or pod that the affinity matches, and waits."
    ),
    "annotations-too-large": Reason(
        "container", "The ReplicaSet has three annotations more, and is refused: no pod is made."
    ),
    "contradictory-operating-system": Reason(
        "container", "The kubelet compares os.name with its node, which another field chose."
    ),
    "volume-mode-mismatch": Reason(
        "container", "The kubelet uses no claim in another mode than its own, and starts nothing."
    ),
    "volume-path-too-long": Reason(
        "container", "The kubelet writes no name of more than 255 bytes, and mounts nothing."
    ),
    "malformed-volume-mount": Reason(
        "container", "The kubelet maps no block device to a relative path, and starts nothing."
    ),
    "pod-security/malformed-profile": Reason(
        "container", "To the kubelet an empty path of a seccomp profile is none: nothing starts."
    ),
    "unmountable-empty-dir": Reason(
        "container", "The kubelet mounts no unknown medium, and no pages that nothing requests."
    ),
    "ratio-not-a-number": Reason("orchestrator", "It parses ratioA at every request, and fails."),
    "reserved-app-label": Reason(
        "definition", "graphgate's Deployments select by the label app, so no pod has this value."
    ),
    "reserved-container-name": Reason(
        "orchestrator", "A container of its name takes the orchestrator's place."
    ),
    "multiple-shadow-predictors": Reason("Seldon", "Seldon refuses a second shadow."),
    "component-split-in-two": Reason(
        "definition", "Parts under another dash are no longer about the pod that was meant."
    ),
    "traffic-not-100": Reason(
        "elsewhere", "Seldon, or the ingress that it writes routes for, refuses the shares."
    ),
    "traffic-out-of-range": Reason("elsewhere", "Ingresses refuse such a share."),
    "transport-contradicts-endpoints": Reason("Seldon", "Seldon refuses contradicting settings."),
    "type-contradicts-implementation": Reason(
        "orchestrator", "It follows the type, and calls a container that is not there."
    ),
    "no-op-implementation": Reason(
        "orchestrator", "It knows no such implementation, and calls a container that is not there."
    ),
    "unknown-endpoint-type": Reason("orchestrator", "It cannot call a node by another protocol."),
    "unknown-explainer-type": Reason("container", "The explainer knows no such word, and stops."),
    "unknown-node-implementation": Reason(
        "Seldon", "Seldon's controller fails on a server that it does not know."
    ),
    "unknown-node-method": Reason("orchestrator", "It never calls a method that it does not know."),
    "unknown-node-type": Reason("orchestrator", "It passes by a node of an unknown type."),
    "unknown-parameter-type": Reason(
        "container", "The component cannot turn a parameter into an unknown type, and stops."
    ),
    "unknown-protocol": Reason("Seldon", "Seldon refuses the word."),
    "unknown-resource": Reason(
        "Seldon", "Seldon's operator reads null as an amount of 0, and its Deployment is refused."
    ),
    "unknown-server-type": Reason("Seldon", "Seldon refuses the word."),
    "unknown-transport": Reason("Seldon", "Seldon refuses the word."),
    "server-lacks-protocol": Reason(
        "Seldon", "Seldon refuses a protocol that the server never spoke."
    ),
    "node-without-type-or-methods": Reason(
        "orchestrator", "It passes by a node that says nowhere what it does."
    ),
    "wrong-type": Reason(
        "definition", "A value of a wrong type is left out of what is rendered; Seldon stops at it."
    ),
    "malformed-keda-spec": Reason(
        "elsewhere",
        "KEDA's operator stops at triggers of one name, and at targets they do not have.",
    ),
    "malformed-predictor-metadata": Reason(
        "definition", "The label is one that is overwritten, so its value is never seen."
    ),
    "malformed-pod-metadata": Reason(
        "definition", "The label is one that is overwritten, so its value is never seen."
    ),
    "malformed-quantity": Reason(
        "computing", "1e3000000 takes 3 seconds a request, 1e2147483647 minutes; 1000 is the bound."
    ),
    "malformed-hpa-metric": Reason(
        "computing",
        "Amounts of targets are bounded as those of pods; no metric has a selector that is none.",
    ),
    "malformed-volume-claim-template": Reason(
        "computing", "Amounts of claims have the same bound as those of pods."
    ),
    "essential-field-of-newer-kubernetes": Reason(
        "definition", "The API server drops the setting; the container has more rights."
    ),
    "essential-field-newer-than-operator": Reason(
        "definition", "Seldon's operator drops the setting; the container has more rights."
    ),
    "extended-resource-overcommit": Reason(
        "computing", "Beyond 64 bits of thousandths it sees another number of devices or pages."
    ),
    "malformed-env-source": Reason(
        "definition", "A variable of an orchestrator that is not there is held to the same rules."
    ),
    "unknown-downward-api-field": Reason(
        "definition", "A variable of an orchestrator that is not there is held to the same rules."
    ),
}
