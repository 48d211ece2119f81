"""docs/pictures/layers.svg: the layers of webhook/, as import-linter holds them.

Order and groups are those of the contracts in pyproject.toml, the words those of each folder's
docstring.
"""

import ast
import tomllib
from collections.abc import Iterator
from html import escape
from itertools import groupby

from tools.generators import ROOT, notice

SOURCE = "pyproject.toml and the docstrings of webhook/"
ENTRY = ("__main__", "cli")
_STYLE = """
    :root { --ink: #1f2328; --soft: #59636e; --edge: #8c959f; --entry: #f6f8fa; --edges: #ddf4ff; --core: #dafbe1; }
    @media (prefers-color-scheme: dark) {
      :root { --ink: #e6edf3; --soft: #9198a1; --edge: #6e7681; --entry: #1c2128; --edges: #12344d; --core: #12351f; }
    }
    text { fill: var(--ink); }
    .soft { fill: var(--soft); font-size: 12.5px; }
    .mono { font-family: ui-monospace, monospace; font-size: 13px; font-weight: 600; }
    .b { font-weight: 600; }
    rect { stroke: var(--edge); stroke-width: 1.2; rx: 7; }
    .entry { fill: var(--entry); }
    .edges { fill: var(--edges); }
    .core { fill: var(--core); }
"""  # noqa: E501 — rows of CSS
GROUPS = {
    "entry": "The command: reads flags and environment",
    "edges": "Edges: do I/O, decide nothing",
    "core": "The pure core: no I/O, no clock, no logging",
}
WIDTH, ROW, HEAD, GAP = 860, 24, 34, 14


def files() -> dict[str, str]:
    """Return the picture by its path."""
    return {"docs/pictures/layers.svg": f"<!-- {notice(SOURCE)} -->\n{_draw(list(_rows()))}"}


def _rows() -> Iterator[tuple[str, str, str]]:
    """Yield group, name and sentence of each layer, the highest first."""
    config = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    contracts = config["tool"]["importlinter"]["contracts"]
    (layers,) = (each["layers"] for each in contracts if each["type"] == "layers")
    (core,) = (each["source_modules"] for each in contracts if "no I/O" in each["name"])
    for name in layers:
        pure = f"webhook.{name}" in core or name == "errors"
        yield "entry" if name in ENTRY else "core" if pure else "edges", name, _sentence(name)


def _sentence(name: str) -> str:
    """Return the first line of a module's docstring."""
    folder = ROOT / "webhook" / name
    file = folder / "__init__.py" if folder.is_dir() else folder.with_suffix(".py")
    docstring = ast.get_docstring(ast.parse(file.read_text(encoding="utf-8"))) or ""
    return docstring.partition("\n")[0].replace("`", "")


def _draw(rows: list[tuple[str, str, str]]) -> str:
    body, y = [], 8
    for group, members in groupby(rows, key=lambda row: row[0]):
        names = list(members)
        height = HEAD + ROW * len(names) + 6
        body.append(
            f'  <rect class="{group}" x="8" y="{y}" width="{WIDTH - 16}" height="{height}"/>'
        )
        body.append(f'  <text class="b" x="24" y="{y + 23}">{GROUPS[group]}</text>')
        for number, (_, name, sentence) in enumerate(names):
            line = y + HEAD + ROW * number + 15
            body.append(f'  <text class="mono" x="24" y="{line}">{name}</text>')
            body.append(f'  <text class="soft" x="150" y="{line}">{escape(sentence)}</text>')
        y += height + GAP
    listed = ", ".join(name for _, name, _ in rows)
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {y - GAP + 8}" '
            'font-family="system-ui, sans-serif" font-size="14" role="img" aria-labelledby="t d">',
            '  <title id="t">The layers of graphgate</title>',
            f'  <desc id="d">A row may import the rows below it, never one above: {listed}.</desc>',
            f"  <style>{_STYLE}  </style>",
            *body,
            "</svg>",
            "",
        ]
    )
