import pytest

from webhook.graph.templates import find_placeholder


@pytest.mark.parametrize(
    ("text", "placeholder"),
    [
        ("${NAME}", "${NAME}"),
        ("a-${NAME:-x}-b", "${NAME:-x}"),
        ("$NAME", "$NAME"),
        ("{{ .Release.Name }}-main", "{{ .Release.Name }}"),
        ("{% if x %}a{% endif %}", "{% if x %}"),
        ("<% name %>", "<% name %>"),
        ("<image>", "<image>"),
        ("<your image here>", "<your image here>"),
        ("{image}:1", "{image}"),
        ("#{TOKEN}#", "#{TOKEN}"),
        ("a-@name@", "@name@"),
        ("[[ .Name ]]-b", "[[ .Name ]]"),
        ("%NAME%", "%NAME%"),
        ("__NAME__", "__NAME__"),
    ],
)
def test_a_placeholder_is_found(text, placeholder):
    assert find_placeholder(text) == placeholder


@pytest.mark.parametrize(
    "text",
    [
        *("", "classifier", "$(POD_NAME)", "a < b > c", '{"a": 1}', "100$", "{}", "<", "{{", "a{"),
        *("r/x@sha256:abc", "gs://b/a%20b%20c", "a@b.example", "__init__", "[0]", "[[", "%A%"),
    ],
)
def test_other_text_holds_none(text):
    assert find_placeholder(text) == ""
