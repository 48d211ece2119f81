"""SVG and Mermaid in a real browser: they are drawn, and nothing in them runs."""

import pathlib

import pytest

from tests.browser import open_browser
from tests.picture.graphs import bush, hostile
from tests.picture.test_picture import draw, example
from tests.seeds import ROOT
from webhook.picture import mermaid, svg

MERMAID = ROOT / "build" / "mermaid" / "node_modules" / "mermaid" / "dist" / "mermaid.min.js"
PICTURES = {"three nodes": "transformer-chain", "185 nodes": bush(185, 5), "hostile": hostile()}

RENDER = """
const [text, done] = arguments;
mermaid.initialize({startOnLoad: false});
mermaid.render('drawn', text).then(
  (made) => { document.body.innerHTML = made.svg; done([
    document.querySelectorAll('.node').length, document.body.textContent]); },
  (error) => done([String(error), '']));
"""


@pytest.fixture(scope="module")
def browser():
    with open_browser("--window-size=1400,1000") as driving:
        yield driving


def picture_of(name):
    document = PICTURES[name]
    return example(document) if isinstance(document, str) else draw(document)


def nodes_of(picture):
    return [node for predictor in picture.predictors for node in predictor.nodes()]


@pytest.mark.parametrize("name", PICTURES)
def test_a_browser_draws_the_svg(browser, tmp_path: pathlib.Path, name):
    picture = picture_of(name)
    (tmp_path / "graph.svg").write_text(svg.write([picture]))
    browser.get((tmp_path / "graph.svg").as_uri())
    shown = browser.execute_script(
        "return [...document.querySelectorAll('rect.b')].map(b => b.getBoundingClientRect().width)"
    )
    boxes = len(nodes_of(picture)) + (picture.predictors[0].explainer is not None)
    assert len(shown) == boxes
    assert min(shown) > 100
    assert not [entry for entry in browser.get_log("browser") if "favicon" not in entry["message"]]


@pytest.mark.parametrize("name", PICTURES)
def test_texts_stay_inside_of_their_boxes(browser, tmp_path, name):
    (tmp_path / "graph.svg").write_text(svg.write([picture_of(name)]))
    browser.get((tmp_path / "graph.svg").as_uri())
    assert not browser.execute_script(
        "return [...document.querySelectorAll('g')].filter(g => {"
        "  const right = g.querySelector('rect.b').getBoundingClientRect().right;"
        "  return [...g.querySelectorAll('text')].some("
        "    t => t.getBoundingClientRect().right > right);"
        "}).map(g => g.textContent)"
    )


@pytest.mark.parametrize(("scheme", "is_dark"), [("light", False), ("dark", True)])
def test_the_svg_follows_the_colours_of_the_reader(browser, tmp_path, scheme, is_dark):
    (tmp_path / "graph.svg").write_text(svg.write([picture_of("three nodes")]))
    feature = {"name": "prefers-color-scheme", "value": scheme}
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [feature]})
    browser.get((tmp_path / "graph.svg").as_uri())
    fill = browser.execute_script("return getComputedStyle(document.querySelector('rect.b')).fill")
    assert (fill != "rgb(255, 255, 255)") == is_dark


@pytest.mark.skipif(
    not MERMAID.is_file(),
    reason="needs Mermaid (npm install --prefix build/mermaid --no-save mermaid)",
)
@pytest.mark.parametrize("name", PICTURES)
def test_mermaid_draws_the_flowchart(browser, tmp_path, name):
    picture = picture_of(name)
    script = tmp_path / "mermaid.js"
    script.write_bytes(MERMAID.read_bytes())
    (tmp_path / "page.html").write_text('<meta charset="utf-8"><script src="mermaid.js"></script>')
    browser.get((tmp_path / "page.html").as_uri())
    drawn, text = browser.execute_async_script(RENDER, mermaid.write([picture]))
    boxes = nodes_of(picture)
    others = sum(len(p.deployments) + (p.explainer is not None) for p in picture.predictors)
    assert drawn == len(boxes) + others
    assert all(node.name[:30] in text for node in boxes)
