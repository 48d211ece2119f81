"""The lists in docstrings name parameters and fields that there are."""

import ast
import re

from tests.seeds import ROOT

ENTRY = re.compile(r"((?:[a-z_][a-z0-9_]*, )*[a-z_][a-z0-9_]*) {2,}\S")


def known_names(node):
    """Return what the docstring of a function or class may list."""
    if isinstance(node, ast.ClassDef):
        names = {part.name for part in node.body if isinstance(part, ast.FunctionDef)}
        for part in ast.walk(node):
            if isinstance(part, ast.AnnAssign) and isinstance(part.target, ast.Name):
                names.add(part.target.id)
            if isinstance(part, ast.Attribute) and isinstance(part.value, ast.Name):
                names.add(part.attr)
            if isinstance(part, ast.FunctionDef) and part.name == "__init__":
                names |= known_names(part)
        return names
    arguments = node.args
    every = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
    return {argument.arg for argument in every}


def listed_names():
    """Yield (where, name, whether there is one) of each entry in such a list."""
    for file in sorted((ROOT / "webhook").rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text())):
            if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                continue
            if node.name == "__str__":  # it shows what it returns
                continue
            for line in (ast.get_docstring(node) or "").splitlines():
                entry = ENTRY.match(line)
                for name in entry[1].split(", ") if entry else ():
                    where = f"{file.relative_to(ROOT)}: {node.name}"
                    yield where, name, name in known_names(node)


def test_a_list_in_a_docstring_names_what_there_is():
    listed = [*listed_names()]
    assert len(listed) > 500
    assert [(where, name) for where, name, known in listed if not known] == []
