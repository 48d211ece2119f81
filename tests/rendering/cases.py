"""The fixtures: documents with the objects that they stand for.

fixtures/NAME/input.yaml      a SeldonDeployment; its first line says what the case shows
fixtures/NAME/given.yaml      optional: `options` and `facts`, where they are not the defaults
fixtures/NAME/expected.yaml   every object, whole, each behind the place it comes from
"""

from dataclasses import dataclass
from functools import cache
from pathlib import Path as File
from typing import Any

import yaml

from webhook.graph.cluster_facts import Facts
from webhook.graph.parse import parse
from webhook.rendering.options import OrchestratorOptions, RenderOptions
from webhook.rendering.render import Rendered, render

FIXTURES = File(__file__).parent / "fixtures"
CASES = sorted(folder.name for folder in FIXTURES.iterdir())


@dataclass(frozen=True, slots=True)
class Case:
    """One fixture, read."""

    document: dict[str, Any]
    options: RenderOptions
    facts: Facts

    def rendered(self) -> tuple[Rendered, ...]:
        """Return the objects of the case's document."""
        return render(parse(self.document), self.options, self.facts)


@cache
def _read(name: str) -> tuple[str, str]:
    folder = FIXTURES / name
    given = folder / "given.yaml"
    return (folder / "input.yaml").read_text(), given.read_text() if given.exists() else ""


def load_case(name: str) -> Case:
    """Return the fixture, freshly made."""
    document, given = (yaml.safe_load(text) for text in _read(name))
    given = given or {}
    options = dict(given.get("options", {}))
    if "orchestrator" in options:
        options["orchestrator"] = OrchestratorOptions(**options["orchestrator"])
    return Case(document, RenderOptions(**options), Facts(**given.get("facts", {})))


def expected_text(objects: tuple[Rendered, ...]) -> str:
    """Return the text of expected.yaml."""
    return "".join(
        f"---\n# from {rendered.trace(())}\n"
        + yaml.dump(rendered.object, sort_keys=False, width=100, allow_unicode=True)
        for rendered in objects
    )
