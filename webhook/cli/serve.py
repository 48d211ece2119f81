"""`graphgate serve`: the admission webhook."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from webhook.cli._options import SettingsFlags, load_settings, read_bytes, settings_options
from webhook.errors import InvalidSettings

if TYPE_CHECKING:
    from webhook.admission import Answer
    from webhook.decisions.settings import Settings


class Judge:
    """The engine with the settings in force; also the source that reads them anew.

    A settings file that cannot be used leaves the last good settings in force, and /readyz?verbose
    and the metrics say so.
    """

    name = "settings"

    def __init__(self, flags: SettingsFlags) -> None:
        self._flags = flags
        self._content = self._bytes()
        self.settings: Settings = load_settings(self._flags)
        self._warm_up()

    def __call__(self, body: bytes, endpoint: Literal["mutate", "validate"]) -> "Answer":
        """Answer one review."""
        from webhook.admission import answer
        from webhook.graph.facts import NOTHING_KNOWN

        return answer(body, endpoint, self.settings, NOTHING_KNOWN)

    def _warm_up(self) -> None:
        """Compile the schema and bind the rules now, and not while an API server waits."""
        from webhook.decisions.decide import decide
        from webhook.graph.facts import NOTHING_KNOWN

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
    "--drain",
    type=click.FloatRange(min=0),
    default=10.0,
    show_default=True,
    help="Seconds of answering on after SIGTERM.",
)
@settings_options
def serve_command(
    host: str,
    port: int,
    health_port: int,
    tls_cert: Path,
    tls_key: Path,
    client_ca: Path | None,
    drain: float,
    flags: SettingsFlags,
) -> None:
    """Serve the admission webhook over TLS, until SIGTERM."""
    from webhook.server.config import ServerConfig
    from webhook.server.run import serve

    judge = Judge(flags)
    config = ServerConfig(
        certificate=tls_cert,
        key=tls_key,
        client_ca=client_ca,
        host=host,
        port=port,
        health_port=health_port,
        drain=drain,
    )
    sys.exit(serve(config, judge, sources=[judge] if flags.settings_file else []))
