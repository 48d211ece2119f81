"""Reading manifests, and judging them by Kubernetes' published types."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import kubernetes_validate
import yaml

from tools.generators.manifests import IMAGE_PLACEHOLDER

ROOT = Path(__file__).resolve().parents[2]
MANIFESTS = ROOT / "manifests"

Object = dict[str, Any]


def load(path: Path) -> list[Object]:
    """Return the documents of a YAML file, without empty ones, with an image set."""
    text = path.read_text(encoding="utf-8")
    return parse(text.replace(IMAGE_PLACEHOLDER, "graphgate:0.1.0"))


def parse(text: str) -> list[Object]:
    """Return the documents of a YAML text, without empty ones."""
    return [document for document in yaml.safe_load_all(text) if document is not None]


def only(objects: Iterable[Object], kind: str) -> Object:
    """Return the one object of a kind."""
    (found,) = (o for o in objects if o["kind"] == kind)
    return found


def schema_errors(document: Object) -> str:
    """Return what Kubernetes' published types have against an object; empty: nothing.

    Strict: an unknown field is a fault too. Raises if Kubernetes has no such kind.
    """
    version = kubernetes_validate.latest_version()
    try:
        kubernetes_validate.validate(document, version, strict=True)
    except kubernetes_validate.ValidationError as error:
        return f"{'.'.join(map(str, error.path))}: {error.message}"
    return ""
