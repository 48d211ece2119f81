"""docs/rules/: a page for each rule, and their index, out of the rules' own docstrings."""

from tools.generators import notice
from webhook.rules import all_rules, docs

FOLDER = "docs/rules"
SOURCE = "webhook/rules/"


def files() -> dict[str, str]:
    """Return every page by its path."""
    pages = {f"{FOLDER}/{rule.id}.md": _marked(docs.render_markdown(rule)) for rule in all_rules()}
    rows = "".join(
        f"| [{rule.id}]({rule.id}.md) | {rule.action} | "
        f"{docs.parse_docstring(rule.docstring).title} |\n"
        for rule in all_rules()
    )
    index = (
        "# Rules\n\n"
        "*deny*: Kubernetes would refuse the object or what is made of it, or the graph cannot "
        "run, or the document contradicts itself. *warn*: it runs, but probably not as it was "
        "meant. A settings file changes the action of a rule; nothing in an object can.\n\n"
        f"| rule | default | title |\n| --- | --- | --- |\n{rows}"
    )
    return {**pages, f"{FOLDER}/README.md": _marked(index)}


def _marked(text: str) -> str:
    return f"<!-- {notice(SOURCE)} -->\n\n{text}"
