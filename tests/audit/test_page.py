"""The HTML page in a real browser: search, filters, links, nothing from elsewhere, nothing runs."""

import base64
import json

import pytest

from tests.audit.test_audit import BAD, GOOD, WARNED, audit, named
from tests.browser import open_browser
from tests.documents_of import minimal
from tests.picture.graphs import hostile


@pytest.fixture(scope="module")
def browser():
    with open_browser("--window-size=1300,1000") as driving:
        yield driving


@pytest.fixture
def show(browser, tmp_path):
    """Open the page of some objects; return what runs a script in it."""

    def show(*documents, fragment=""):
        (tmp_path / "audit.html").write_text(audit(*documents, output="html")[0])
        browser.get_log("browser"), browser.get_log("performance")  # of the page before
        browser.get("about:blank")
        browser.get((tmp_path / "audit.html").as_uri() + fragment)
        return browser.execute_script

    return show


ROWS = "return [...document.querySelectorAll('#rows tr.object button')].map(b => b.textContent)"
SET = """
const [id, value] = arguments;
const element = document.getElementById(id);
element.value = value;
element.dispatchEvent(new Event('input'));
"""
DETAIL = """
const done = arguments[arguments.length - 1];
const row = [...document.querySelectorAll('#rows tr.object')].find(
  r => r.querySelector('button').textContent === arguments[0]);
row.querySelector('button').click();
const detail = row.nextElementSibling;
detail.ready.then(() => done(detail.innerText));
"""


def test_objects_to_look_at_come_first(show):
    assert show(GOOD, WARNED, BAD)(ROWS) == ["shop/bad", "risk/warned", "shop/good"]


@pytest.mark.parametrize(
    ("field", "value", "expected"),
    [
        ("search", "shop", ["shop/bad", "shop/good"]),
        ("search", "missing-container", ["shop/bad"]),
        ("search", "ADS warned", ["risk/warned"]),
        ("verdict", "denied", ["shop/bad"]),
        ("verdict", "warned", ["risk/warned"]),
        ("rule", "unknown-field", ["risk/warned"]),
        ("namespace", "/shop", ["shop/bad", "shop/good"]),
        ("team", "ads", ["shop/bad", "risk/warned"]),
    ],
)
def test_the_list_is_searched_and_filtered(show, field, value, expected):
    run = show(GOOD, WARNED, BAD)
    run(SET, field, value)
    assert run(ROWS) == expected
    count = run("return document.getElementById('count').textContent")
    assert count == f"{len(expected)} of 3 objects"
    run("document.getElementById('reset').click()")
    assert len(run(ROWS)) == 3


def test_a_sum_is_a_filter(show):
    run = show(GOOD, WARNED, BAD)
    run("document.querySelector('button[data-filter=rule][data-value=missing-container]').click()")
    assert run(ROWS) == ["shop/bad"]


def test_an_opened_object_shows_findings_graph_and_security(show, browser):
    show(GOOD, WARNED, BAD)
    text = browser.execute_async_script(DETAIL, "shop/bad")
    assert 'no container named "nope" in this predictor' in text
    assert "runAsNonRoot" in text
    assert browser.execute_script("return document.querySelectorAll('.graph rect.deny').length")
    assert browser.execute_script("return location.hash") == "#shop%2Fbad"


def test_a_link_opens_its_object(show, browser):
    show(GOOD, WARNED, BAD, fragment="#risk%2Fwarned")
    expanded = "return [...document.querySelectorAll('[aria-expanded=true]')].map(b => b.innerText)"
    assert browser.execute_script(expanded) == ["risk/warned"]


def test_nothing_of_an_object_is_markup(show, browser):
    run = show(
        hostile(), named(minimal(), "<img src=x onerror=alert(1)>", "</script>", team="'\"<")
    )
    titles = run(ROWS)
    assert any("<img src=x" in title for title in titles)
    for title in titles:
        browser.execute_async_script(DETAIL, title)
    assert (
        run("return document.querySelectorAll('img, a, iframe, object, embed, base').length") == 0
    )
    assert run("return document.querySelectorAll('script').length") == 3
    assert not browser.get_log("browser")


def test_the_page_asks_nobody_for_anything(show, browser):
    show(GOOD, BAD)
    requests = [
        message["params"]["request"]["url"]
        for entry in browser.get_log("performance")
        for message in [json.loads(entry["message"])["message"]]
        if message["method"] == "Network.requestWillBeSent"
    ]
    assert [url for url in requests if not url.startswith(("file:", "about:", "data:"))] == []


def test_scripts_that_are_not_its_own_do_not_run(show):
    run = show(GOOD)
    run("const s = document.createElement('script'); s.textContent = 'window.ran = 1';"
        "document.body.append(s)")  # fmt: skip
    assert run("return window.ran") is None


@pytest.mark.parametrize(("scheme", "background"), [("light", 255), ("dark", 13)])
def test_the_page_follows_the_colours_of_the_reader(show, browser, scheme, background):
    feature = {"name": "prefers-color-scheme", "value": scheme}
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [feature]})
    colour = show(GOOD)("return getComputedStyle(document.body).backgroundColor")
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})
    assert colour.startswith(f"rgb({background},")


def test_every_object_is_printed_in_light_colours(show, browser):
    documents = [named(minimal(), f"model-{number}") for number in range(450)]
    run = show(*documents)
    assert len(run(ROWS)) == 200
    feature = {"name": "prefers-color-scheme", "value": "dark"}
    printed = {"media": "print", "features": [feature]}
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", printed)
    colour = run("return getComputedStyle(document.body).backgroundColor")
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "", "features": []})
    assert colour == "rgb(255, 255, 255)"
    run("window.addEventListener('afterprint', () => 0);"
        "window.printed = 0; window.addEventListener('beforeprint', () => {"
        "window.printed = document.querySelectorAll('#rows tr.object').length})")  # fmt: skip
    pdf = browser.execute_cdp_cmd("Page.printToPDF", {"printBackground": True})
    assert base64.b64decode(pdf["data"]).startswith(b"%PDF")
    assert run("return window.printed") == 450


def test_more_objects_than_fit_come_on_demand(show):
    run = show(*(named(minimal(), f"model-{number}") for number in range(450)))
    run("document.getElementById('next').click()")
    assert len(run(ROWS)) == 400


COVERED = """
const row = [...document.querySelectorAll('#rows tr.object')].find(
  r => r.querySelector('button').textContent.endsWith('model-100'));
const filter = document.querySelector('.filter').getBoundingClientRect();
return row.getBoundingClientRect().top < Math.floor(filter.bottom) - 1;
"""


@pytest.mark.parametrize("width", [1300, 500])
def test_an_object_that_a_link_opens_is_not_covered(show, browser, width):
    documents = [named(minimal(), f"model-{number}") for number in range(150)]
    browser.set_window_size(width, 1000)
    try:
        assert show(*documents, fragment="#models%2Fmodel-100")(COVERED) is False
    finally:
        browser.set_window_size(1300, 1000)
