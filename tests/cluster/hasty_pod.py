"""A pod whose certificates live for seconds: python -m tests.cluster.hasty_pod JSON.

As `graphgate serve --certificates=self`, but for the lifetimes, which no flag can shorten.
"""

import json
import socket
import sys
import tempfile
from datetime import timedelta
from pathlib import Path

from webhook.admission import answer
from webhook.certificates.renewal import BACKDATE
from webhook.cluster import connect
from webhook.controller.certificate_look import Place
from webhook.controller.certificate_upkeep import Upkeep
from webhook.controller.lease import Terms
from webhook.controller.rotation import Lifetimes
from webhook.decisions.settings import read_settings
from webhook.graph.facts import NOTHING_KNOWN
from webhook.server.config import ServerConfig
from webhook.server.health import Check, Status
from webhook.server.run import serve


def lifetime(seconds: float) -> timedelta:
    """Return the lifetime of what is renewed after `seconds`: two thirds, from an hour ago."""
    return BACKDATE / 2 + timedelta(seconds=seconds) * 3 / 2


def main(argument: str) -> int:
    """Serve until a signal."""
    given = json.loads(argument)
    transport = connect(kubeconfig=given["kubeconfig"], context=None, environment={})
    settings = read_settings(None, {})
    lifetimes = Lifetimes(
        authority=lifetime(given["authority"]),
        server=lifetime(given["server"]),
        overlap=timedelta(seconds=given["overlap"]),
    )
    with (
        tempfile.TemporaryDirectory() as folder,
        Upkeep(
            transport,
            Place(transport.namespace, given["name"]),
            Path(folder),
            identity=f"{socket.gethostname()}-{given['number']}",
            lifetimes=lifetimes,
            terms=Terms(duration=5.0, deadline=3.0, pause=given["pause"]),
            pause=given["pause"],
        ) as upkeep,
    ):
        config = ServerConfig(
            certificate=upkeep.certificate,
            key=upkeep.key,
            host="127.0.0.1",
            port=0,
            health_port=0,
            reload_every=0.1,
            drain=0.5,
        )
        return serve(
            config,
            lambda body, endpoint: answer(body, endpoint, settings, NOTHING_KNOWN),
            sources=[upkeep],
            checks=[Check("trust", lambda: Status(*upkeep.health()))],
        )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
