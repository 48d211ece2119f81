"""docs/rules/: a page for each rule, and their index, out of the rules' own docstrings."""

from tools.generators import notice
from webhook.rules import all_rules, descriptors, docs

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
        f"| rule | default | title |\n| --- | --- | --- |\n{rows}\n"
        "Findings can have other ids too: [other-ids.md](other-ids.md). `graphgate explain ID` "
        "explains any of them.\n"
    )
    return {
        **pages,
        f"{FOLDER}/README.md": _marked(index),
        f"{FOLDER}/other-ids.md": _marked(_other_ids()),
    }


def _other_ids() -> str:
    others = descriptors.other_descriptors().values()
    rows = "".join(
        f"| `{each.id}` | {each.default} | {'yes' if each.configurable else 'no'} "
        f"| {each.title} |\n"
        for each in others
    )
    return (
        "# Other ids of findings\n\n"
        "Ids that appear in findings, reports or the log and are not rules of the graph. The "
        "action "
        "of those with *yes* can be set like that of a rule: `rules: {ID: {action: …}}`, for one "
        "namespace too.\n\n"
        f"| id | default | in settings | title |\n| --- | --- | --- | --- |\n{rows}\n"
        + "\n".join(map(descriptors.render_markdown, others))
    )


def _marked(text: str) -> str:
    return f"<!-- {notice(SOURCE)} -->\n\n{text}"
