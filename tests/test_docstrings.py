"""Lists in docstrings name parameters and fields that exist; texts use the words of the field."""

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


HOUSE_WORDS = re.compile(
    r"""(?<!here\ )\b(?:is|are|was)\ no\ (?!longer\b|more\b|better\b|other\b|wider\b)\w
    |\bjudge[sd]?\b|\bjudging\b(?!\ import)|\bmend(?:s|ed|ing)?\b|\bremed(?:y|ies)\b|\btold\b
    |\bone's\ own\b|\bstands?\ for\b|\bat\ hand\b|\bpass(?:es|ed)\ over\b|\banew\b|\bheeds?\b""",
    re.VERBOSE | re.IGNORECASE,
)
"""A private or archaic word, for which the field has another: evaluate, fix, "is not a", report."""

CODE = re.compile(r"^```.*?^```|`[^`\n]*`", re.MULTILINE | re.DOTALL)


def texts():
    """Yield (where, text) of each file of the package, and of the prose of each page."""
    for file in sorted((ROOT / "webhook").rglob("*.py")):
        yield str(file.relative_to(ROOT)), file.read_text()
    pages = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
    for page in sorted(set(pages) - {ROOT / "CHANGELOG.md"}):
        yield str(page.relative_to(ROOT)), CODE.sub(" ", page.read_text())


def test_no_text_has_a_house_word():
    found = [(where, word[0]) for where, text in texts() for word in HOUSE_WORDS.finditer(text)]
    assert found == []


def test_a_house_word_is_found():
    for text in ("that is no name", "it judges", "Told so", "what an object stands for"):
        assert HOUSE_WORDS.search(text)
    for text in ("there is no name", "it is no longer used", "standard", "amended"):
        assert not HOUSE_WORDS.search(text)
