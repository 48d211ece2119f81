"""The audit as one page: no other file, no network, light and dark, on screen and on paper.

The sums are plain HTML. The objects are data: an index that is searched, and packed details, fifty
objects in one part, that are unpacked on demand. So a page of 5,000 objects is some
megabytes, and opens as fast as one of fifty.

What an object holds is text wherever it goes: escaped here, JSON in data blocks, text nodes in the
page's script, and pictures that `picture.svg` wrote. Beside that the page forbids itself every
script but its own (Content-Security-Policy, by digest) and every request.
"""

import base64
import hashlib
import zlib
from collections.abc import Iterator
from html import escape
from importlib.resources import files
from typing import Any

from webhook.audit.model import AuditContext, AuditedObject
from webhook.audit.tally import GroupCount, Tally, sorted_groups
from webhook.graph.k8s_syntax import MAX_SUBDOMAIN_LENGTH
from webhook.graph.text import escape_control_chars, shorten
from webhook.lint.result import LocatedFinding
from webhook.picture import svg
from webhook.report.json_text import encode_json
from webhook.report.security_context import ContainerSecurity
from webhook.rules.descriptors import describe

_OBJECTS_PER_CHUNK = 50
_MAX_TEXT_LENGTH = 4096
"""Characters of a text; as in `engine.messages`."""


class Writer:
    """Writes everything at the end: the sums are at the top."""

    def __init__(self, context: AuditContext) -> None:
        self._context = context
        self._index: list[dict[str, Any]] = []
        self._rules: dict[str, int] = {}
        self._chunks: list[str] = []
        self._details: list[dict[str, Any]] = []

    def add(self, audited: AuditedObject) -> str:
        """Keep the object, packed; return nothing yet."""
        result = audited.result
        found = [placed.finding.rule_id for placed in result.findings]
        exempt = [each.located.finding.rule_id for each in result.suppressed]
        actions = [placed.action for placed in result.findings]
        self._index.append(
            {
                "t": shorten(audited.title, 600),
                "n": _shown(audited.namespace),
                "v": result.verdict,
                "c": [*(actions.count(a) for a in ("deny", "warn", "audit")), len(exempt)],
                "r": [
                    self._rules.setdefault(rule, len(self._rules))
                    for rule in dict.fromkeys([*found, *exempt])
                ],
                "m": _shown(audited.team),
            }
        )
        self._details.append(_detail(audited))
        if len(self._details) == _OBJECTS_PER_CHUNK:
            self._pack()
        return ""

    def _pack(self) -> None:
        if self._details:
            packed = zlib.compress(encode_json(self._details).encode())
            self._chunks.append(base64.b64encode(packed).decode())
            self._details = []

    def finish(self, tally: Tally) -> str:
        """Return the page."""
        self._pack()
        style = _resource("page.css") + svg.STYLE + svg.DARK_STYLE
        script = _resource("page.js")
        policy = (
            f"default-src 'none'; style-src '{_digest(style)}'; script-src '{_digest(script)}'; "
            "base-uri 'none'; form-action 'none'"
        )
        title = f"Audit of {len(self._index):,} SeldonDeployments"
        return "".join(
            (
                '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
                f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
                '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
                f"<title>{title}</title>\n<style>{style}</style>\n</head>\n<body>\n<main>\n",
                f"<h1>{title}</h1>\n",
                *self._head(),
                *_cards(tally),
                '<div class="sums">\n',
                *_rules_table(tally),
                *_groups_table("Namespaces", "namespace", tally.namespaces),
                *_groups_table("Teams", "team", tally.teams),
                "</div>\n",
                *_objects_section(tally),
                *_glossary(tally),
                "</main>\n",
                f'<script type="application/json" id="index">{self._index_json(tally)}</script>\n',
                *(f'<script type="text/plain" class="chunk">{c}</script>\n' for c in self._chunks),
                f"<script>{script}</script>\n</body>\n</html>\n",
            )
        )

    def _head(self) -> Iterator[str]:
        context = self._context
        facts = [
            ("source", context.source),
            ("made", context.created_at),
            ("graphgate", context.version),
            ("settings", context.settings_version),
            ("policies", context.policy_set_version or "none"),
            ("Kubernetes", context.kubernetes_version or "not known"),
        ]
        texts = (f"{name} <code>{_text(value)}</code>" for name, value in facts)
        yield f'<p class="dim">{" · ".join(texts)}</p>\n'
        for sentence in context.missing:
            yield f'<p class="warn">facts missing: {_text(sentence)}</p>\n'

    def _index_json(self, tally: Tally) -> str:
        value = {
            "perChunk": _OBJECTS_PER_CHUNK,
            "teams": bool(tally.teams),
            "rules": [{"id": _shown(rule)} for rule in self._rules],
            "objects": self._index,
        }
        # "<" would end the block; in JSON it occurs only in strings.
        return encode_json(value).replace("<", "\\u003c")


def _resource(name: str) -> str:
    return (files("webhook.audit") / "page" / name).read_text(encoding="utf-8")


def _digest(content: str) -> str:
    digest = hashlib.sha256(content.encode()).digest()
    return f"sha256-{base64.b64encode(digest).decode()}"


def _text(text: str) -> str:
    return escape(shorten(text, _MAX_TEXT_LENGTH))


def _detail(audited: AuditedObject) -> dict[str, Any]:
    result = audited.result
    where = "" if result.file == result.object_name else f"{result.file}:{result.line}"
    return {
        "w": escape_control_chars(where),
        "e": audited.error,
        "f": [
            [*_finding(placed), shorten(placed.finding.remediation, _MAX_TEXT_LENGTH)]
            for placed in result.findings
        ],
        "x": [
            [
                *_finding(each.located),
                _shown(each.exception),
                shorten(each.reason, _MAX_TEXT_LENGTH),
                _shown(each.expires_at),
            ]
            for each in result.suppressed
        ],
        "g": "" if audited.picture is None else svg.write([audited.picture], standalone=False),
        "s": [_container(each) for each in audited.security],
    }


def _finding(placed: LocatedFinding) -> list[str]:
    finding = placed.finding
    return [
        placed.action,
        _shown(finding.rule_id),
        shorten(str(finding.path), _MAX_TEXT_LENGTH),
        shorten(finding.message, _MAX_TEXT_LENGTH),
    ]


def _container(container: ContainerSecurity) -> list[Any]:
    return [
        shorten(str(container.path), _MAX_TEXT_LENGTH),
        shorten(container.name, _MAX_TEXT_LENGTH),
        container.injected,
        [[each.field, shorten(each.value, 500), each.source] for each in container.fields],
        [[level, met] for level, met in container.levels],
    ]


def _cards(tally: Tally) -> Iterator[str]:
    denied, errors = tally.verdicts["denied"], tally.verdicts["error"]
    cards = [
        ("objects", tally.objects, ""),
        ("denied", denied, "deny" if denied else ""),
        ("allowed with warnings", tally.warned, "warn" if tally.warned else ""),
        ("allowed without warnings", tally.verdicts["allowed"] - tally.warned, "good"),
        ("findings exempt", tally.exempt, ""),
    ]
    if errors:
        cards.insert(2, ("not evaluated", errors, "deny"))
    yield '<div class="cards">\n'
    for name, number, css in cards:
        yield f'<div class="card"><b class="{css}">{number:,}</b>{name}</div>\n'
    yield "</div>\n"


def _rules_table(tally: Tally) -> Iterator[str]:
    yield "<section><h2>Rules</h2>\n"
    if not tally.rules:
        yield '<p class="good">No rule found anything.</p></section>\n'
        return
    yield '<div class="scroll"><table><thead><tr><th>rule</th>'
    yield "".join(
        f'<th class="n">{name}</th>' for name in ("deny", "warn", "audit", "exempt", "objects")
    )
    yield "</tr></thead><tbody>\n"
    for name, count in tally.sorted_rules():
        numbers = (count.deny, count.warn, count.audit, count.exempt, count.objects)
        yield f"<tr><td>{_filter_button('rule', name, name)}</td>{_numbers(numbers)}</tr>\n"
    yield "</tbody></table></div></section>\n"


def _groups_table(title: str, kind: str, groups: dict[str, GroupCount]) -> Iterator[str]:
    if not groups:
        return
    yield f'<section><h2>{title}</h2>\n<div class="scroll"><table><thead><tr><th>{kind}</th>'
    yield "".join(
        f'<th class="n">{name}</th>' for name in ("objects", "denied", "warned", "findings")
    )
    yield "</tr></thead><tbody>\n"
    for name, count in sorted_groups(groups):
        numbers = (count.objects, count.denied, count.warned, count.findings)
        button = _filter_button(kind, _group_value(kind, name), name or "(none)")
        yield f"<tr><td>{button}</td>{_numbers(numbers)}</tr>\n"
    yield "</tbody></table></div></section>\n"


def _shown(name: str) -> str:
    """Return the name of a namespace or team as the page has it, in the index and in filters."""
    return shorten(name, MAX_SUBDOMAIN_LENGTH)


def _group_value(kind: str, name: str) -> str:
    """Return what a filter has for a group; of namespaces "" is one too, so they have a mark."""
    return f"/{_shown(name)}" if kind == "namespace" else _shown(name)


def _filter_button(kind: str, value: str, text: str) -> str:
    return (
        f'<button class="link" data-filter="{kind}" data-value="{escape(value)}">'
        f"{_text(text)}</button>"
    )


def _numbers(numbers: tuple[int, ...]) -> str:
    return "".join(f'<td class="n">{number:,}</td>' for number in numbers)


def _objects_section(tally: Tally) -> Iterator[str]:
    yield '<h2 id="objects">Objects</h2>\n'
    yield (
        "<noscript><p>The list of objects needs JavaScript, which is in this page. "
        "<code>graphgate audit -o csv</code> writes the same as a table.</p></noscript>\n"
    )
    yield '<div class="filter">\n<input id="search" type="search" placeholder="Search (press /)" '
    yield 'aria-label="Search names, teams and rules">\n'
    verdicts = (("denied", "denied"), ("warned", "with warnings"), ("allowed", "allowed"))
    yield _select("verdict", "every verdict", [*verdicts, ("error", "not evaluated")])
    yield _select("rule", "every rule", [(name, name) for name, _ in tally.sorted_rules()])
    yield _select(
        "namespace",
        "every namespace",
        [(_group_value("namespace", name), name or "(none)") for name in sorted(tally.namespaces)],
    )
    yield _select("team", "every team", [(_shown(name), name) for name in sorted(tally.teams)])
    yield '<button id="reset">Reset</button>\n<button id="print">Print with details</button>\n'
    yield '<span id="count" class="dim" role="status"></span>\n</div>\n'
    yield (
        '<p id="printed" hidden>Only the first 500 objects have their details here; filter the '
        "list to print those of others.</p>\n"
    )
    yield '<table id="list"><colgroup><col><col class="verdict">'
    yield '<col class="count">' * 4 + ('<col class="team">' if tally.teams else "") + "<col>"
    yield "</colgroup><thead><tr><th>object</th><th>verdict</th>"
    yield "".join(f'<th class="n">{name}</th>' for name in ("deny", "warn", "audit", "exempt"))
    yield f"{'<th>team</th>' if tally.teams else ''}<th>rules</th></tr></thead>"
    yield '<tbody id="rows"></tbody></table>\n'
    yield '<div class="more"><button id="next" hidden>Show more</button></div>\n'


def _select(name: str, everything: str, options: list[tuple[str, str]]) -> str:
    choices = "".join(
        f'<option value="{escape(value)}">{_text(text)}</option>' for value, text in options
    )
    hidden = " hidden" if not options else ""
    return (
        f'<select id="{name}" aria-label="{name}"{hidden}><option value="">{everything}</option>'
        f"{choices}</select>\n"
    )


def _glossary(tally: Tally) -> Iterator[str]:
    if not tally.rules:
        return
    yield "<h2>Rules</h2>\n<dl>\n"
    for name, _ in tally.sorted_rules():
        descriptor = describe(name)
        if descriptor is not None:
            yield (
                f"<dt><code>{_text(name)}</code> {_text(descriptor.title)}</dt>"
                f"<dd>Why: {_text(descriptor.why)}<br>Fix: {_text(descriptor.fix)}</dd>\n"
            )
    yield "</dl>\n"
