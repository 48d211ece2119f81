"""Makes webhook/policy/schema/policyexception.json: the schema of PolicyExceptions, for editors.

It is what the API server checks them with, from their CustomResourceDefinition.
"""

import json

import yaml

from tools.generators import ROOT, notice

SOURCE = "manifests/crd/policyexceptions.yaml"
TARGET = "webhook/policy/schema/policyexception.json"


def files() -> dict[str, str]:
    """Return the file."""
    definition = yaml.safe_load((ROOT / SOURCE).read_text(encoding="utf-8"))["spec"]
    (version,) = definition["versions"]
    schema = version["schema"]["openAPIV3Schema"]
    schema["properties"] |= {
        "apiVersion": {"enum": [f"{definition['group']}/{version['name']}"]},
        "kind": {"enum": [definition["names"]["kind"]]},
    }
    head = {
        "$comment": notice(SOURCE),
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": definition["names"]["kind"],
    }
    start = json.dumps(head, ensure_ascii=False).removesuffix("}")
    return {TARGET: f"{start},\n{json.dumps(schema, indent=1, ensure_ascii=False)[1:].lstrip()}\n"}
