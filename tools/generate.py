"""Write every generated file, or say which are stale: `python -m tools.generate [--check] [NAME…]`.

What is generated is for `tools.generators`: this module only finds them, writes and compares.
A file that says in its first line that it is generated, and that no generator makes any more, is
left over: it is removed, or named by --check.
"""

import importlib
import pathlib
import pkgutil
import sys
from collections.abc import Callable, Iterable, Iterator

import click

from tools import generators
from tools.generators import MARK, ROOT
from webhook.rules import all_rules

# Where generated files may lie, and of which kinds: everything else is not looked into.
FOLDERS = ("webhook", "policies", "manifests", "certs", "docs", "benchmarks", "tests")
KINDS = frozenset({".json", ".md", ".yaml", ".yml", ".txt", ".svg"})
# Generators whose files others read, in this order: rules are found through the index, and the
# manifests are rendered from the chart, its schema included.
READ_BY_OTHERS = ("rule_index", "chart_values_schema")


def generator_names() -> list[str]:
    """Return the names of all generators, sorted."""
    return sorted(module.name for module in pkgutil.iter_modules(generators.__path__))


def generate_files(selected: Iterable[str]) -> dict[str, str]:
    """Return what the generators of these names make together: path to text.

    Raises RuntimeError if two of them claim one path, or a text does not say where it is from.
    """
    texts: dict[str, str] = {}
    for name in selected:
        module = importlib.import_module(f"{generators.__name__}.{name}")
        files: Callable[[], dict[str, str]] = module.files
        for path, text in files().items():
            if path in texts:
                raise RuntimeError(f"{path}: made by two generators, one of them {name}")
            if not is_generated(text):
                raise RuntimeError(f"{path}: its first line does not say that it is generated")
            texts[path] = text
    return texts


def is_generated(text: str) -> bool:
    """Return whether the first line says so."""
    return MARK in text.partition("\n")[0]


def stale_files(texts: dict[str, str], root: pathlib.Path = ROOT) -> list[str]:
    """Return the paths under `root` whose content is not what `texts` says, sorted."""
    return [path for path, text in sorted(texts.items()) if _read(root / path) != text]


def left_over_files(texts: dict[str, str], root: pathlib.Path = ROOT) -> list[str]:
    """Return the paths of generated files under `root` that `texts` does not name, sorted."""
    return sorted(
        relative
        for path in _candidates(root)
        if (relative := path.relative_to(root).as_posix()) not in texts
        and MARK.encode() in _first_line(path)
    )


def _candidates(root: pathlib.Path) -> Iterator[pathlib.Path]:
    for folder in FOLDERS:
        for path in (root / folder).rglob("*"):
            if path.suffix in KINDS and path.is_file():
                yield path


def _first_line(path: pathlib.Path) -> bytes:
    with path.open("rb") as file:
        return file.readline(1000)  # a notice is far shorter


def _read(path: pathlib.Path) -> str | None:
    return path.read_text(encoding="utf-8") if path.is_file() else None


def _write(texts: dict[str, str]) -> None:
    for path in stale_files(texts):
        target = ROOT / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(texts[path], encoding="utf-8", newline="\n")
        print(f"wrote {path}")


@click.command()
@click.option("--check", is_flag=True, help="Write nothing; name each stale file and exit with 1.")
@click.argument("generator", nargs=-1, type=click.Choice(generator_names()))
def main(*, check: bool, generator: tuple[str, ...]) -> None:
    """Write every generated file, or only those of the named generators."""
    selected = generator or generator_names()
    if not check:
        for name in READ_BY_OTHERS:
            if name in selected:
                _write(generate_files([name]))
                all_rules.cache_clear()
    texts = generate_files(selected)
    changed = stale_files(texts)
    superfluous = [] if generator else left_over_files(texts)
    if check:
        for path in changed:
            print(f"stale: {path}", file=sys.stderr)
        for path in superfluous:
            print(f"left over: {path}", file=sys.stderr)
        if changed or superfluous:
            print("run: make generate", file=sys.stderr)
            sys.exit(1)
        print(f"{len(texts)} generated files are current")
        return
    _write(texts)
    for path in superfluous:
        (ROOT / path).unlink()
        print(f"removed {path}")


if __name__ == "__main__":
    main()
