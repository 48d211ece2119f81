"""docs/graphs.md and docs/graphs/*.svg: every example drawn; and the picture of the README."""

from pathlib import Path

from tools.generators import ROOT, notice
from webhook.graph.cluster_facts import NO_FACTS
from webhook.lint.lint import find_in_object, read_document
from webhook.picture import Picture, build_picture, svg, tree
from webhook.settings.model import read_settings
from webhook.yamldoc import read

SOURCE = "tools/generators/pictures.py"
EXAMPLES = ROOT / "manifests" / "examples"
README_EXAMPLE = ROOT / "docs" / "examples" / "iris.yaml"

HEAD = """
# Pictures of inference graphs

`graphgate graph FILE` draws SeldonDeployments: predictors with their traffic, the nodes of each
graph with type, implementation and model URI, explainers, the Deployments and containers that they
run in, and every finding at the element that it concerns.

| `-o` | for |
| --- | --- |
| `tree` | a terminal (the default); in ASCII with `--ascii`, or where nothing else is shown |
| `svg` | a document or a browser; light and dark, no script and no font to load |
| `mermaid` | GitHub, GitLab and wikis that draw Mermaid |
| `dot` | Graphviz |

Several objects become one picture. Findings are those of `graphgate check` with the same flags:
`--settings`, `--policies`, `--facts`. A graph of up to six levels runs from left to right; a deeper
one runs downwards, so that long chains and 185 nodes stay readable. Deployments have a number and a
colour; a node says the number of its Deployment.

The names of Deployments are those that the reconciler makes, Seldon's own or graphgate's
(`--operator`), with the orchestrator `seldon-container-engine` in the pod that it runs in.

## A graph with errors

`graphgate graph --width 60 manifests/examples/seed/three-steps.yaml`:

```
"""

MIDDLE = """```

![the same graph as SVG](graphs/three-steps.svg)

## The examples
"""


def files() -> dict[str, str]:
    """Return the page and the pictures by path."""
    faulty = _picture(EXAMPLES / "seed" / "three-steps.yaml")
    text = f"<!-- {notice(SOURCE)} -->\n{HEAD}{tree.write(faulty, width=60)}{MIDDLE}"
    made = {
        "docs/graphs/three-steps.svg": _svg(faulty),
        "docs/pictures/iris.svg": _svg(_picture(README_EXAMPLE)),
    }
    for file in sorted(EXAMPLES.glob("*.yaml")):
        picture = _picture(file)
        made[f"docs/graphs/{file.stem}.svg"] = _svg(picture)
        name = file.stem
        text += f"\n### [{name}](../manifests/examples/{file.name})\n\n"
        text += f"![the graph of {name}](graphs/{name}.svg)\n"
    return {"docs/graphs.md": text, **made}


def _picture(file: Path) -> Picture:
    (document,) = read(file.read_text(encoding="utf-8")).documents
    settings = read_settings()
    evaluated = read_document(document, settings, NO_FACTS)
    return build_picture(evaluated, find_in_object(document, evaluated))


def _svg(picture: Picture) -> str:
    return f"<!-- {notice(SOURCE)} -->\n{svg.write([picture])}"
