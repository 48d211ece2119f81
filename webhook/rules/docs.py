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

DOC_SECTIONS = ("Why", "Fix", "Bad", "Good")


MAX_TEXT_WIDTH = 80
"""Columns of prose: longer lines are hard to read."""


@dataclass(frozen=True, slots=True)
class RuleDoc:
    """The documentation of a rule, as its docstring has it."""

    title: str
    why: str
    fix: str
    bad: str
    good: str

    @property
    def remediation(self) -> str:
        """The general remediation: the first sentence of `fix`, as findings are written."""
        sentence = re.split(r"\.(?:\s|$)", self.fix)[0]
        return sentence[:1].lower() + sentence[1:]


def parse_docstring(docstring: str) -> RuleDoc:
    """Return the page in a rule's docstring; raise ValueError naming what is missing."""
    prose = inspect.cleandoc(docstring)
    title, _, rest = prose.partition("\n")
    parts = re.split(rf"^({'|'.join(DOC_SECTIONS)}):[ \t]*\n?", rest, flags=re.MULTILINE)
    sections = dict(zip(parts[1::2], parts[2::2], strict=True))
    missing = [name for name in DOC_SECTIONS if not sections.get(name, "").strip()]
    if missing:
        raise ValueError(f"the docstring lacks {', '.join(missing)}")
    return RuleDoc(
        title=title.strip(),
        why=_unwrap_paragraphs(sections["Why"]),
        fix=_unwrap_paragraphs(sections["Fix"]),
        bad=dedent(sections["Bad"]).strip("\n"),
        good=dedent(sections["Good"]).strip("\n"),
    )


def _unwrap_paragraphs(paragraphs: str) -> str:
    """Join the lines of each paragraph; keep the paragraphs apart."""
    return "\n\n".join(
        " ".join(paragraph.split()) for paragraph in re.split(r"\n\s*\n", paragraphs.strip())
    )


def render_text(rule: Rule, width: int = MAX_TEXT_WIDTH) -> str:
    """Return the page for a terminal, its prose at most 80 columns wide."""
    doc = parse_docstring(rule.docstring)
    parameters = "".join(f"  {name}: {value}\n" for name, value in rule.parameters.items())
    return (
        f"{rule.id} ({rule.action} by default, since {rule.since})\n\n"
        f"{doc.title}.\n\n"
        f"{_wrap_paragraphs(f'Why: {doc.why}', width)}\n\n"
        f"{_wrap_paragraphs(f'Fix: {doc.fix}', width)}\n\n"
        + (f"Parameters:\n{parameters}\n" if parameters else "")
        + f"Bad:\n{indent(doc.bad, '  ')}\n\nGood:\n{indent(doc.good, '  ')}\n"
    )


def render_markdown(rule: Rule) -> str:
    """Return the page for docs/rules/."""
    doc = parse_docstring(rule.docstring)
    parameters = "".join(
        f"* `{name}`, {value!r} by default\n" for name, value in rule.parameters.items()
    )
    return (
        f"# {rule.id}\n\n{doc.title}.\n\n"
        f"Default action: **{rule.action}**. Since {rule.since}.\n\n"
        f"## Why\n\n{_as_sentence(doc.why)}\n\n## Fix\n\n{doc.fix}\n\n"
        + (f"## Parameters\n\n{parameters}\n" if parameters else "")
        + f"## Bad\n\n```yaml\n{doc.bad}\n```\n\n## Good\n\n```yaml\n{doc.good}\n```\n"
    )


def _wrap_paragraphs(paragraphs: str, width: int) -> str:
    columns = min(width, MAX_TEXT_WIDTH)
    return "\n\n".join(fill(paragraph, columns) for paragraph in paragraphs.split("\n\n"))


_PLAIN_WORD = re.compile(r"[a-z]+('s)?[,:]?\s")


def _as_sentence(text: str) -> str:
    """Return a text with a capital letter, unless it begins with the name of a field."""
    return text[:1].upper() + text[1:] if _PLAIN_WORD.match(text) else text
