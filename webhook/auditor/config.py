"""The options of `graphgate watch`, as one frozen value; flags are read in `webhook.cli`."""

from dataclasses import dataclass
from typing import Literal

ReportsSetting = Literal["auto", "openreports", "policyreport", "none"]


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditorConfig:
    """One process.

    namespaces           in which objects are evaluated; empty: in all
    selector             labels of the objects; empty: any
    reports              which kind of report is written; auto: the one that the cluster serves,
                         OpenReports before PolicyReport
    interval             seconds after which every object is evaluated again, changed or not
    settle               seconds between a change of settings, policies or facts and the next
                         audit: they change in groups
    qps, burst           requests a second for objects and reports, and how many may come at once:
                         an audit is never in a hurry, and the API server has others to serve
    max_watch_staleness  as `ControllerConfig`
    """

    namespaces: tuple[str, ...] = ()
    selector: str = ""
    reports: ReportsSetting = "auto"
    interval: float = 3600.0
    settle: float = 5.0
    qps: float = 20.0
    burst: float = 50.0
    max_watch_staleness: float = 180.0
    health_host: str = ""
    health_port: int = 8081
