"""Routes on the command line: `render` shows them, the flags say which."""

import yaml

from tests.seeds import EXAMPLES

CANARY = str(EXAMPLES / "gateway" / "canary.yaml")
GATEWAY = ("--routing", "gateway-api", "--routing-gateway", "gateways/public")


def test_render_shows_the_routes_of_the_chosen_kind(run):
    plain = run("render", CANARY)
    result = run("render", *GATEWAY, CANARY)
    assert (plain.code, result.code) == (0, 0)
    before = [each["kind"] for each in yaml.safe_load_all(plain.out)]
    after = [each["kind"] for each in yaml.safe_load_all(result.out)]
    assert after == [*before, "HTTPRoute"]


def test_hosts_and_prefix_are_flags_too(run):
    flags = ("--routing-host", "a.example.com", "--routing-host", "b.example.com")
    result = run("render", *GATEWAY, *flags, "--routing-prefix", "/models", CANARY)
    *_, route = yaml.safe_load_all(result.out)
    assert route["spec"]["hostnames"] == ["a.example.com", "b.example.com"]
    (match,) = route["spec"]["rules"][0]["matches"]
    assert match["path"]["value"] == "/models/default/iris/"


def test_each_weight_says_which_line_it_comes_from(run):
    result = run("render", "--show-source", *GATEWAY, CANARY)
    lines = [line.strip() for line in result.out.splitlines()]
    weights = [line.partition("  # ") for line in lines if line.startswith("weight:")]
    text = (EXAMPLES / "gateway" / "canary.yaml").read_text().splitlines()
    expected = [
        (f"weight: {share}", "  # ", f"line {text.index(line) + 1}: spec.predictors[{n}].traffic")
        for n, (share, line) in enumerate(((90, "      traffic: 90"), (10, "      traffic: 10")))
    ]
    assert weights == expected * 2


def test_a_flag_that_says_too_little_is_a_sentence(run):
    result = run("render", "--routing", "gateway-api", CANARY)
    assert (result.code, result.out) == (2, "")
    assert "routing.gateway must be namespace/name with kind gateway-api" in result.err
