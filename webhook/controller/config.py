"""The options of `graphgate reconcile`, as one frozen value; flags are read in `webhook.cli`."""

from dataclasses import dataclass, field

from webhook.graph.well_known import CONTROLLER_ID_LABEL
from webhook.kube.facts import DEFAULT_SELDON_CONFIG_MAP, ConfigMapRef
from webhook.kube.leader_election import LeaseConfig

DEFAULT_MAX_ROLLOUTS = 5
"""Objects updated at once for a change of settings or seldon-config: some nodes' worth of new pods,
and few enough that a bad image is seen before it is everywhere."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ControllerConfig:
    """One reconciler process.

    namespaces                 in which objects are reconciled; empty: in all
    selector                   labels of the objects: "team=a,env!=dev"; empty: any
    controller_id              value of the label seldon.io/controller-id of the objects; "": those
                               without it
    lease                      namespace and name of the Lease; None: no election, there is one
                               replica
    max_concurrent_reconciles  objects reconciled at once. Each waits for answers most of the time:
                               8 keep two cores of an API server busy
    max_concurrent_rollouts    objects updated at once for a change of settings or seldon-config
    qps, burst                 requests a second, over all workers, and how many may come at once
    resync_period              seconds after which every object is reconciled, changed or not
    max_watch_staleness        seconds without an event, bookmark or new watch after which the
                               process is not alive; one comes at least every 60 s
    seldon_config_map          the ConfigMap that lists the model servers
    """

    namespaces: tuple[str, ...] = ()
    selector: str = ""
    controller_id: str = ""
    lease: tuple[str, str] | None = None
    lease_config: LeaseConfig = field(default_factory=LeaseConfig)
    identity: str = "graphgate"
    max_concurrent_reconciles: int = 8
    max_concurrent_rollouts: int = DEFAULT_MAX_ROLLOUTS
    qps: float = 400.0
    burst: float = 800.0
    resync_period: float = 600.0
    max_watch_staleness: float = 180.0
    health_host: str = ""
    health_port: int = 8081
    seldon_config_map: ConfigMapRef = DEFAULT_SELDON_CONFIG_MAP

    @property
    def label_selector(self) -> str:
        """The label selector of the SeldonDeployments that this reconciler manages."""
        id_selector = (
            f"{CONTROLLER_ID_LABEL}={self.controller_id}"
            if self.controller_id
            else f"!{CONTROLLER_ID_LABEL}"
        )
        return f"{id_selector},{self.selector}" if self.selector else id_selector
