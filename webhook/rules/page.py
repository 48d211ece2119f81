"""The prose of a rule: read out of its docstring, written as text or Markdown.

A docstring looks like this; Bad and Good hold YAML, both may be any excerpt of a predictor:

    Children are written as a mapping

    Why: what goes wrong if it is allowed.

    Fix: what the author does about it.

    Bad:
        children:
          name: b

    Good:
        children:
        - name: b
"""

import inspect
import re
from dataclasses import dataclass
from textwrap import dedent, fill, indent

from webhook.rules import Rule

SECTIONS = ("Why", "Fix", "Bad", "Good")


@dataclass(frozen=True, slots=True)
class Page:
    """What is to be said of a rule. `remedy` is the first sentence of `fix`, without full stop."""

    title: str
    why: str
    fix: str
    bad: str
    good: str

    @property
    def remedy(self) -> str:
        """The general remedy: the first sentence of `fix`, as findings are written."""
        sentence = re.split(r"\.(?:\s|$)", self.fix, maxsplit=1)[0]
        return sentence[:1].lower() + sentence[1:]


def read(docstring: str) -> Page:
    """Return the page in a rule's docstring; raise ValueError naming what is missing."""
    prose = inspect.cleandoc(docstring)
    title, _, rest = prose.partition("\n")
    parts = re.split(rf"^({'|'.join(SECTIONS)}):[ \t]*\n?", rest, flags=re.MULTILINE)
    found = dict(zip(parts[1::2], parts[2::2], strict=True))
    missing = [name for name in SECTIONS if not found.get(name, "").strip()]
    if missing or not title:
        raise ValueError(f"the docstring lacks {', '.join(missing) or 'a title'}")
    return Page(
        title=title.strip(),
        why=_flow(found["Why"]),
        fix=_flow(found["Fix"]),
        bad=dedent(found["Bad"]).strip("\n"),
        good=dedent(found["Good"]).strip("\n"),
    )


def _flow(paragraphs: str) -> str:
    """Join the lines of each paragraph; keep the paragraphs apart."""
    return "\n\n".join(
        " ".join(paragraph.split()) for paragraph in re.split(r"\n\s*\n", paragraphs.strip())
    )


def as_text(rule: Rule) -> str:
    """Return the page for a terminal, 80 columns wide."""
    page = read(rule.docstring)
    parameters = "".join(f"  {name}: {value}\n" for name, value in rule.parameters.items())
    return (
        f"{rule.id} ({rule.action} by default, since {rule.since})\n\n"
        f"{page.title}.\n\n"
        f"Why: {_wrap(page.why)}\n\n"
        f"Fix: {_wrap(page.fix)}\n\n"
        + (f"Parameters:\n{parameters}\n" if parameters else "")
        + f"Bad:\n{indent(page.bad, '  ')}\n\nGood:\n{indent(page.good, '  ')}\n"
    )


def as_markdown(rule: Rule) -> str:
    """Return the page for docs/rules/."""
    page = read(rule.docstring)
    parameters = "".join(
        f"* `{name}`, {value!r} by default\n" for name, value in rule.parameters.items()
    )
    return (
        f"# {rule.id}\n\n{page.title}.\n\n"
        f"Default action: **{rule.action}**. Since {rule.since}.\n\n"
        f"## Why\n\n{page.why[:1].upper()}{page.why[1:]}\n\n## Fix\n\n{page.fix}\n\n"
        + (f"## Parameters\n\n{parameters}\n" if parameters else "")
        + f"## Bad\n\n```yaml\n{page.bad}\n```\n\n## Good\n\n```yaml\n{page.good}\n```\n"
    )


def _wrap(paragraphs: str) -> str:
    return "\n\n".join(fill(paragraph, 80) for paragraph in paragraphs.split("\n\n"))
