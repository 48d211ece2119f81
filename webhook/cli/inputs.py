"""Settings, facts and files that commands read."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

from webhook.cli.options import POD_SECURITY_WORDS, SettingsFlags
from webhook.errors import SettingsError
from webhook.graph.issue import Source
from webhook.runtime.single_document import read_single_document

if TYPE_CHECKING:
    from webhook.graph.cluster_facts import Facts
    from webhook.settings.model import Settings


def load_settings(flags: SettingsFlags) -> "Settings":
    """Return the effective settings; raise SettingsError if any part cannot be used."""
    from webhook.podsecurity import parse_standard
    from webhook.settings.model import read_settings

    document, source = None, Source("settings")
    if flags.settings_file is not None:
        document, source = read_single_document(flags.settings_file)
    pod_security = None
    if flags.pod_security is not None:
        pod_security = parse_standard(flags.pod_security)
        if pod_security is None:
            raise SettingsError(
                f"invalid --pod-security {flags.pod_security!r}; {POD_SECURITY_WORDS}"
            )
    return read_settings(
        document,
        os.environ,
        default_user_id=flags.default_user_id,
        allow_root_default=flags.allow_root_default,
        operator=flags.operator,
        mode=flags.mode,
        routing=flags.routing_section,
        pod_security=pod_security,
        source=source,
    )


def reloadable_file(flags: SettingsFlags) -> Path | None:
    """Return the settings file where it can be read again; standard input cannot."""
    return None if str(flags.settings_file) == "-" else flags.settings_file


def load_facts(file: Path | None) -> "Facts":
    """Return the facts in a file; raise SettingsError if it cannot be used."""
    from webhook.graph.cluster_facts import NO_FACTS

    if file is None:
        return NO_FACTS
    from webhook.settings.facts_file import read_facts

    return read_facts(*read_single_document(file))
