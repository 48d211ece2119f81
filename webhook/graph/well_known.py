"""Groups, versions, labels and annotations that several packages read or write, each written once.

Kubernetes' own list is "Well-Known Labels, Annotations and Taints"; Seldon's are those of its v1
operator. What only one module uses stands there.
"""

SELDON_GROUP = "machinelearning.seldon.io"
SELDON_API_VERSION = f"{SELDON_GROUP}/v1"
SELDON_RESOURCE = "seldondeployments"
SELDON_PREFIX = "seldon.io/"
CONTROLLER_ID_LABEL = "seldon.io/controller-id"
"""Says which operator an object, or a namespace, belongs to."""
SEPARATE_POD_ANNOTATION = "seldon.io/engine-separate-pod"
NO_ENGINE_ANNOTATION = "seldon.io/no-engine"
NO_STORAGE_INITIALIZER_ANNOTATION = "seldon.io/no-storage-initializer"
SERVICE_NAME_ANNOTATION = "seldon.io/svc-name"
LOGGER_QUEUE_SIZE_ANNOTATION = "seldon.io/executor-logger-queue-size"
LOGGER_WRITE_TIMEOUT_ANNOTATION = "seldon.io/executor-logger-write-timeout-ms"
HEADLESS_SERVICE_ANNOTATION = "seldon.io/headless-svc"
ISTIO_GATEWAY_ANNOTATION = "seldon.io/istio-gateway"
ISTIO_HOST_ANNOTATION = "seldon.io/istio-host"
ISTIO_RETRIES_ANNOTATION = "seldon.io/istio-retries"
ISTIO_RETRIES_TIMEOUT_ANNOTATION = "seldon.io/istio-retries-timeout"
EXPLAINER_LABEL = "seldon.io/explainer"

GRAPHGATE_PREFIX = "graphgate.io/"
GRAPHGATE_API_VERSION = "graphgate.io/v1alpha1"
TITLE_ANNOTATION = "graphgate.io/title"

ADMISSION_REGISTRATION_API_VERSION = "admissionregistration.k8s.io/v1"
LEASE_API_VERSION = "coordination.k8s.io/v1"
KUBERNETES_PREFIX = "kubernetes.io/"
MANAGED_BY_LABEL = "app.kubernetes.io/managed-by"
LAST_APPLIED_ANNOTATION = "kubectl.kubernetes.io/last-applied-configuration"
APPARMOR_ANNOTATION_PREFIX = "container.apparmor.security.beta.kubernetes.io/"
SECCOMP_CONTAINER_ANNOTATION_PREFIX = "container.seccomp.security.alpha.kubernetes.io/"
SECCOMP_POD_ANNOTATION = "seccomp.security.alpha.kubernetes.io/pod"
