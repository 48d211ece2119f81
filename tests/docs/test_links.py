"""Every link of the documentation leads to a file, and to a heading of it, that is there."""

from tests.docs.pages import PAGES, anchors_of, links_of, name_of
from tests.seeds import ROOT


def broken_links(text, folder):
    """Return the links of a page in `folder` that lead nowhere."""
    return [
        (line, target)
        for line, target in links_of(text)
        if not target.startswith(("http://", "https://", "mailto:"))
        and not leads_somewhere(target, text, folder)
    ]


def leads_somewhere(target, text, folder):
    path, _, anchor = target.partition("#")
    file = (folder / path).resolve()
    if path and not (file.exists() and file.is_relative_to(ROOT)):
        return False
    if not anchor or (path and file.suffix != ".md"):
        return True
    return anchor in anchors_of(file.read_text(encoding="utf-8") if path else text)


def test_every_link_leads_somewhere():
    found = {
        name_of(page): broken
        for page in PAGES
        if (broken := broken_links(page.read_text(encoding="utf-8"), page.parent))
    }
    assert found == {}


def test_links_are_found_and_those_that_lead_nowhere_are_named():
    text = "\n".join(
        [
            "# A page",
            "[a](README.md), [b](nowhere.md) and `[c](nowhere.md)`",
            "[d](#a-page) [e](#another) ![f](docs/README.md#no-such-heading)",
            "```",
            "[g](nowhere.md)",
            "```",
            "[`h`](https://example.org/nowhere)",
        ]
    )
    assert broken_links(text, ROOT) == [
        (2, "nowhere.md"),
        (3, "#another"),
        (3, "docs/README.md#no-such-heading"),
    ]


def test_anchors_are_those_of_github():
    assert anchors_of("# The `fix` of [a](b), c\n## x\n## x\n") == {"the-fix-of-a-c", "x", "x-1"}


def test_every_page_is_reached_from_the_readme():
    """By links, of pages that are reached; what nobody finds is not written for anybody."""
    reached, waiting = set(), [ROOT / "README.md"]
    while waiting:
        page = waiting.pop()
        if page in reached:
            continue
        reached.add(page)
        for _, target in links_of(page.read_text(encoding="utf-8")):
            path = target.partition("#")[0]
            if not path or "://" in path:
                continue
            linked = (page.parent / path).resolve()
            linked = linked / "README.md" if linked.is_dir() else linked
            if linked.suffix == ".md" and linked.is_file():
                waiting.append(linked)
    assert [name_of(page) for page in PAGES if page not in reached] == []
