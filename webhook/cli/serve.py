"""`graphgate serve`: the admission webhook."""

import contextlib
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from webhook.cli._certificates import place_options, renewed
from webhook.cli._cluster import cluster_options, config_map, open_cluster
from webhook.cli._options import SettingsFlags, load_settings, read_bytes, settings_options
from webhook.cli._policies import Wanted, policies_option, wanted
from webhook.cli._policies_in_force import PoliciesInForce
from webhook.errors import InvalidSettings

if TYPE_CHECKING:
    from webhook.admission import Answer
    from webhook.cluster.live import LiveFacts
    from webhook.cluster.policies import LivePolicies
    from webhook.controller.certificate_upkeep import Upkeep
    from webhook.decisions.settings import Settings
    from webhook.graph.facts import Facts
    from webhook.server.health import Check
    from webhook.server.reload import Source

LABEL = "graphgate.io/policy=true"
"""The labels of policies in the cluster where none are named."""


class Judge:
    """The engine with the settings in force; also the source that reads them anew.

    A settings file that cannot be used leaves the last good settings in force, and /readyz?verbose
    and the metrics say so.

    policies  users' policies; None: there are none. They come after the settings, which say where
              they are
    """

    name = "settings"

    def __init__(
        self,
        flags: SettingsFlags,
        facts: "Callable[[], Facts] | None" = None,
        *,
        deadline: float = 2.0,
    ) -> None:
        """Read the settings.

        facts     gives what is known of the cluster when it is asked
        deadline  seconds that one judgement may take; for the main thread only
        """
        from webhook.decisions.memory import Memory
        from webhook.server.deadline import Deadline

        self._deadline = Deadline(deadline)
        self._memory = Memory()
        self._flags = flags
        self._facts = facts or _nothing_known
        self.policies: PoliciesInForce | None = None
        self._content = self._bytes()
        self.settings: Settings = load_settings(self._flags)
        self._warm_up()

    def __call__(self, body: bytes, endpoint: Literal["mutate", "validate"]) -> "Answer":
        """Answer one review."""
        from webhook.admission import answer

        settings, facts, memory = self.settings, self._facts(), self._memory
        deadline, policies = self._deadline, self.policies
        demands = None if policies is None else policies.now(deadline.expired)
        return deadline.within(
            lambda: answer(body, endpoint, settings, facts, demands, memory=memory)
        )

    def _warm_up(self) -> None:
        """Compile the schema and import the rules now, and not while an API server waits."""
        from webhook.decisions.decide import decide
        from webhook.graph.facts import NOTHING_KNOWN

        for settings in (self.settings, *self.settings.namespaces.values()):
            settings.plan.load()
        decide({}, self.settings, NOTHING_KNOWN)

    def refresh(self) -> bool:
        """Put a changed settings file into effect; raise InvalidSettings if it cannot be used."""
        content = self._bytes()
        if content == self._content:
            return False
        self.settings = load_settings(self._flags)  # raises, each time, while the file is bad
        self._content = content
        self._warm_up()
        return True

    def _bytes(self) -> bytes:
        file = self._flags.settings_file
        if file is None:
            return b""
        try:
            return read_bytes(file)
        except OSError as error:
            raise InvalidSettings(f"{file} cannot be read: {error.strerror}") from error


def _nothing_known() -> "Facts":
    from webhook.graph.facts import NOTHING_KNOWN

    return NOTHING_KNOWN


@click.command("serve")
@click.option("--host", default="", help="Address to listen on. [default: every one]")
@click.option("--port", default=8443, show_default=True, help="HTTPS: /mutate and /validate.")
@click.option(
    "--health-port", default=8081, show_default=True, help="HTTP: /livez, /readyz and /metrics."
)
@click.option(
    "--tls-cert",
    type=click.Path(path_type=Path),
    default=Path("certs/tls.crt"),
    show_default=True,
    help="PEM file of the certificate and its chain; read anew when it changes.",
)
@click.option(
    "--tls-key",
    type=click.Path(path_type=Path),
    default=Path("certs/tls.key"),
    show_default=True,
    help="PEM file of its key.",
)
@click.option(
    "--client-ca",
    type=click.Path(path_type=Path),
    help="PEM file of a CA; only clients with a certificate of it are answered.",
)
@click.option(
    "--tls-name",
    "tls_names",
    multiple=True,
    metavar="NAME",
    help="What callers call the server by; not ready if the certificate lacks it. Repeatable.",
)
@click.option(
    "--tls-ca",
    type=click.Path(path_type=Path),
    help="PEM file of the CA that callers trust; not ready if it did not sign the certificate.",
)
@click.option(
    "--certificates",
    type=click.Choice(["files", "self"]),
    default="files",
    show_default=True,
    help="Who makes the certificate: somebody else (--tls-cert, --tls-key), or graphgate, which "
    "keeps it in a Secret and writes the caBundle of its webhooks; see certs/README.md.",
)
@place_options
@click.option(
    "--deadline",
    type=click.FloatRange(min=0, min_open=True),
    default=2.0,
    show_default=True,
    help="Seconds that one judgement may take; less than the webhooks' timeoutSeconds.",
)
@click.option(
    "--drain",
    type=click.FloatRange(min=0),
    default=10.0,
    show_default=True,
    help="Seconds of answering on after SIGTERM.",
)
@click.option(
    "--cluster",
    "follow_cluster",
    is_flag=True,
    help="Follow the cluster's namespaces, model servers and version; see docs/facts.md.",
)
@cluster_options
@click.option(
    "--policies-from-cluster",
    "policies_selector",
    is_flag=False,
    flag_value=LABEL,
    metavar="[LABELS]",
    help="Evaluate the cluster's policies, their ConfigMaps and PolicyExceptions too: those with "
    f"these labels, as kubectl's -l. [without a value: {LABEL}; settings: policies.cluster]",
)
@policies_option
@settings_options
def serve_command(
    host: str,
    port: int,
    health_port: int,
    tls_cert: Path,
    tls_key: Path,
    client_ca: Path | None,
    tls_names: tuple[str, ...],
    tls_ca: Path | None,
    certificates: str,
    namespace: str | None,
    name: str,
    deadline: float,
    drain: float,
    follow_cluster: bool,
    kubeconfig: str | None,
    context: str | None,
    seldon_config: str,
    policies_selector: str | None,
    policy_paths: tuple[Path, ...],
    flags: SettingsFlags,
) -> None:
    """Serve the admission webhook over TLS, until SIGTERM."""
    from webhook.server.config import ServerConfig
    from webhook.server.run import serve
    from webhook.server.trust import trust_check

    by_itself = certificates == "self"
    if by_itself and (tls_names or tls_ca):
        raise click.UsageError("--tls-name and --tls-ca are for --certificates=files")
    if policies_selector == "":
        raise click.UsageError("--policies-from-cluster names no label; all objects are too many")
    live = _follow(kubeconfig, context, seldon_config) if follow_cluster else None
    judge = Judge(flags, (lambda: live.facts) if live else None, deadline=deadline)

    def chosen() -> Wanted:
        return wanted(policy_paths, policies_selector, judge.settings, flags)

    selector = chosen().selector
    if (kubeconfig or context) and not (follow_cluster or by_itself or selector):
        raise click.UsageError(
            "--kubeconfig and --context are for --cluster, --policies-from-cluster or "
            "--certificates=self"
        )
    live_policies = _follow_policies(kubeconfig, context, namespace, selector) if selector else None
    sources: list[Source] = [judge] if flags.settings_file else []
    checks = [_cluster_check(live)] if live else []
    policies = judge.policies = PoliciesInForce(chosen, live_policies)
    sources.append(policies)
    checks.append(policies.check())
    with contextlib.ExitStack() as running:
        if by_itself:
            upkeep = running.enter_context(renewed(kubeconfig, context, namespace, name))
            tls_cert, tls_key = upkeep.certificate, upkeep.key
            sources.append(upkeep)
            checks.append(_upkeep_check(upkeep))
        elif tls_names or tls_ca:
            checks.append(trust_check(tls_cert, tls_key, names=tls_names, ca=tls_ca))
        config = ServerConfig(
            certificate=tls_cert,
            key=tls_key,
            client_ca=client_ca,
            host=host,
            port=port,
            health_port=health_port,
            drain=drain,
        )
        if by_itself or live_policies:
            # Small files in memory, and the first certificate of an installation should not wait;
            # neither should a policy.
            config = replace(config, reload_every=1.0)
        code = serve(
            config,
            judge,
            sources=sources,
            checks=checks,
            show=policies.show,
            beside=[followed for followed in (live, live_policies) if followed],
        )
    sys.exit(code)


def _follow(kubeconfig: str | None, context: str | None, seldon_config: str) -> "LiveFacts":
    """Return the facts of a cluster, not yet followed; raise ClusterUnavailable without one."""
    from webhook.cluster.live import LiveFacts

    return LiveFacts(open_cluster(kubeconfig, context), config_map(seldon_config))


def _follow_policies(
    kubeconfig: str | None, context: str | None, namespace: str | None, selector: str
) -> "LivePolicies":
    """Return the policies of a cluster, not yet followed; raise ClusterUnavailable without one."""
    from webhook.cluster.policies import LivePolicies

    transport = open_cluster(kubeconfig, context)
    return LivePolicies(transport, selector, exceptions_in=namespace or transport.namespace)


def _cluster_check(live: "LiveFacts") -> "Check":
    """Return the check that the facts were read once, and are being followed."""
    from webhook.server.health import Check, Status

    return Check("cluster", lambda: Status(*live.health()))


def _upkeep_check(upkeep: "Upkeep") -> "Check":
    """Return the check that API servers will believe the certificate in use."""
    from webhook.server.health import Check, Status

    return Check("trust", lambda: Status(*upkeep.health()))
