"""policies/*.yaml, the profiles as complete settings files, and the schema of such files."""

import json

from tools.generators import notice
from webhook.settings.model import PROFILES, read_settings
from webhook.settings.schema import settings_schema
from webhook.settings.writer import write_settings

SOURCE = "webhook/settings/ and webhook/rules/"

_PROFILE_DESCRIPTIONS = {
    "default": "what graphgate does without a settings file: it only fills in a user id.",
    "hardened": "templates without security settings comply with the Pod Security level "
    "restricted.",
}


def files() -> dict[str, str]:
    """Return each profile, and the schema, by path."""
    profiles = {
        f"policies/{name}.yaml": write_settings(
            read_settings(
                {"apiVersion": "graphgate.io/v1alpha1", "kind": "Settings", "profile": name}
            ),
            f"# {notice(SOURCE)}\n# The profile {name}: {_PROFILE_DESCRIPTIONS[name]}\n"
            "# Copy it, change it, and pass it with --settings. Everything else keeps its "
            "default.\n"
            "# yaml-language-server: $schema=settings.schema.json\n",
        )
        for name in PROFILES
    }
    schema = json.dumps(
        {"$comment": notice(SOURCE), **settings_schema()}, indent=2, ensure_ascii=False
    )
    one_line_head = schema.replace("{\n  ", "{ ", 1)
    return {**profiles, "policies/settings.schema.json": f"{one_line_head}\n"}
