"""Edits of the author's text: each case is the text before, the operations, the text after."""

from typing import Any

import pytest

from webhook.graph.finding import Operation
from webhook.graph.path import Path, resolve_path
from webhook.yamldoc import (
    AnchoredTextError,
    PatchMismatchError,
    UneditableTextError,
    edit_text,
    read,
)


def edited(text: str, *operations: Operation, index: int = 0) -> str:
    return edit_text(text, read(text).documents[index], operations)


def add(path: str, value: Any) -> Operation:
    return {"op": "add", "path": path, "value": value}


def replace(path: str, value: Any) -> Operation:
    return {"op": "replace", "path": path, "value": value}


def remove(path: str) -> Operation:
    return {"op": "remove", "path": path}


def move(origin: str, path: str) -> Operation:
    return {"op": "move", "from": origin, "path": path}


def as_list(text: str, path: str) -> Operation:
    """The fix of a mapping that stands where a list is wanted."""
    value = read(text).documents[0].value
    return replace(path, [resolve_path(value, Path.from_pointer(path, value))])


BROKEN = """\
kind: SeldonDeployment
spec:
  predictors:
  - componentSpecs:
    - spec:
        containers:
        - name: step_one   # reads
          image: example/step_one:1.0
        - name: "step_two"
        - name: 'step_three'
    graph:
      name: step_one
      endpoint: {type: REST}
      # what follows
      children:  # not a list
          # the second
          name: step_two
          endpoint:
            type: REST

          # the third
          children:
              name: step_three  # the last
              script: |
                echo

                done
              # no more
              children: []
              # really
      # back here
    name: example
"""

MENDED = """\
kind: SeldonDeployment
spec:
  predictors:
  - componentSpecs:
    - spec:
        containers:
        - name: step-one   # reads
          image: example/step_one:1.0
        - name: "step-two"
        - name: 'step-three'
    graph:
      name: step-one
      endpoint: {type: REST}
      # what follows
      children:  # not a list
          # the second
          - name: step-two
            endpoint:
              type: REST

            # the third
            children:
                - name: step-three  # the last
                  script: |
                    echo

                    done
                  # no more
                  children: []
                  # really
      # back here
    name: example
"""


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_a_graph_with_two_mappings_for_lists_and_three_bad_names_is_fixed(newline: str) -> None:
    graph = "/spec/predictors/0/graph"
    containers = "/spec/predictors/0/componentSpecs/0/spec/containers"
    text = BROKEN.replace("\n", newline)
    for path in (f"{graph}/children/children", f"{graph}/children"):
        text = edited(text, as_list(text, path))
    renames = {
        "step-one": (f"{containers}/0/name", f"{graph}/name"),
        "step-two": (f"{containers}/1/name", f"{graph}/children/0/name"),
        "step-three": (f"{containers}/2/name", f"{graph}/children/0/children/0/name"),
    }
    for name, paths in renames.items():
        text = edited(text, *(replace(path, name) for path in paths))
    assert text == MENDED.replace("\n", newline)


# Each case: the text before, the operations, the text after.
CASES: dict[str, tuple[str, list[Operation], str]] = {
    "a scalar keeps its quotes": (
        "a: 'x'  # c\nb: \"y\"\nc: {d: 'z'}\n",
        [replace("/a", "it's"), replace("/b", 'say "b"'), replace("/c/d", "1")],
        "a: 'it''s'  # c\nb: \"say \\\"b\\\"\"\nc: {d: '1'}\n",
    ),
    "a scalar gets quotes where it needs them": (
        "a: x\nb: x\nc: x\nd: x\ne: x\nf: x\n",
        [
            replace("/a", "yes"),
            replace("/b", "1.0"),
            replace("/c", "k: v"),
            replace("/d", ""),
            replace("/e", "a\nb"),
            replace("/f", "repo/image:1.0-rc"),
        ],
        'a: "yes"\nb: "1.0"\nc: "k: v"\nd: ""\ne: "a\\nb"\nf: repo/image:1.0-rc\n',
    ),
    "a scalar may become another kind of scalar": (
        'a: "1"\nb: x # c\nc: ~\n',
        [replace("/a", 1), replace("/b", None), replace("/c", True)],
        "a: 1\nb: null # c\nc: true\n",
    ),
    "a scalar of several lines becomes one line": (
        "a: one\n  two\nb: |  # c\n  one\n  two\n\n# d\nc: 'x\n\n  y'\n",
        [replace("/a", "A"), replace("/b", "B"), replace("/c", "C")],
        "a: A\nb: B\n\n# d\nc: 'C'\n",
    ),
    "an empty value is filled": (
        "a:  # c\nb:\nc:\n-\n- x\n",
        [replace("/a", 1), replace("/b", {"d": {"e": 1}}), replace("/c/0", [1, {"f": 2}])],
        "a: 1  # c\nb:\n  d:\n    e: 1\nc:\n- - 1\n  - f: 2\n- x\n",
    ),
    "an empty value with a comment is filled below it": (
        "spec:\n    securityContext: # to do\n    x: 1",
        [replace("/spec/securityContext", {"runAsNonRoot": True})],
        "spec:\n    securityContext: # to do\n        runAsNonRoot: true\n    x: 1",
    ),
    "a null that is written out is filled": (
        "a: null # c\nb: ~",
        [replace("/a", {"x": 1}), replace("/b", [1])],
        "a: # c\n  x: 1\nb:\n- 1",
    ),
    "a block becomes a scalar": (
        "a: # c\n  # d\n  x: 1\n  y: 2 # e\n# f\nb:\n- 1\n- 2\n",
        [replace("/a", "z"), replace("/b", [])],
        "a: z # c\n# f\nb: []\n",
    ),
    "a mapping that is replaced keeps what stays the same": (
        "a:\n  # keep\n  x: 1 # one\n  u: 2 # two\n  z: 3\n",
        [replace("/a", {"x": 1, "u": 5, "w": {"v": []}})],
        "a:\n  # keep\n  x: 1 # one\n  u: 5 # two\n  w:\n    v: []\n",
    ),
    "a key is added below the last one": (
        "a:\n  b: 1  # c\n  # d\ne: 2\n",
        [add("/a/f", "x"), add("/a/g", {"h": [{"i": 1, "j": [2]}]}), add("/k", 3)],
        "a:\n  b: 1  # c\n  f: x\n  g:\n    h:\n    - i: 1\n      j:\n      - 2\n  # d\ne: 2\n"
        "k: 3\n",
    ),
    "a key is added to a mapping that begins behind a dash": (
        "a:\n  - b: 1\n  -   c: 2\n",
        [add("/a/0/d", {"e": 1}), add("/a/1/f", [1])],
        "a:\n  - b: 1\n    d:\n      e: 1\n  -   c: 2\n      f:\n        - 1\n",
    ),
    "a key is added behind a block of text": (
        "a:\n  b: |+\n    text\n\nc: 1\n",
        [add("/a/d", 2)],
        "a:\n  b: |+\n    text\n\n  d: 2\nc: 1\n",
    ),
    "a key is added at the end of a file without a last line break": (
        "a:\n  b: 1",
        [add("/a/c", 2), add("/d", 3)],
        "a:\n  b: 1\n  c: 2\nd: 3",
    ),
    "keys that look like something else are quoted": (
        "a: 1\n",
        [add("/yes", 1), add("/1", 2), add("/x~1y z", 3), add("/seldon.io~1no-engine", "true")],
        'a: 1\n"yes": 1\n"1": 2\nx/y z: 3\nseldon.io/no-engine: "true"\n',
    ),
    "empty brackets grow in the style around them": (
        "resources: {}  # none\nchildren: []\nflow: {a: {}, b: []}\n",
        [
            add("/resources/limits", {"cpu": 1}),
            add("/children/-", {"name": "x"}),
            add("/flow/a/c", 1),
            add("/flow/b/0", {"d": "e"}),
        ],
        "resources:  # none\n  limits:\n    cpu: 1\nchildren:\n- name: x\n"
        "flow: {a: {c: 1}, b: [{d: e}]}\n",
    ),
    "a key is added between brackets": (
        "a: {b: 1}\nc: {\"d\": 1,}\ne: {\n  f: 1, # g\n  h: 2  # i\n}\nj: {\n  k: 1,\n}\n",
        [add("/a/x", {"u": [1]}), add("/c/x", "u"), add("/e/x", "u"), add("/j/x", "u")],
        'a: {b: 1, x: {u: [1]}}\nc: {"d": 1, "x": "u",}\n'
        "e: {\n  f: 1, # g\n  h: 2,  # i\n  x: u\n}\nj: {\n  k: 1,\n  x: u,\n}\n",
    ),
    "an item is added": (
        "a:\n- x  # c\n# d\n- y\nb: [1, 2]\nc:\n  - - 1\n",
        [add("/a/0", {"p": 1, "q": 2}), add("/a/2", "z"), add("/a/-", "end"), add("/b/1", 9),
         add("/b/-", 3), add("/c/0/0", 0), add("/c/0/-", [7])],
        "a:\n- p: 1\n  q: 2\n- x  # c\n- z\n# d\n- y\n- end\nb: [1, 9, 2, 3]\n"
        "c:\n  - - 0\n    - 1\n    - - 7\n",
    ),
    "a key is removed with its comment and the lines of its value": (
        "# a\na: 1  # one\n# b\nb:\n  c: 1\n  # in b\n  d: 2\n# e\ne: 3\n",
        [remove("/b"), remove("/a")],
        "# a\n# b\n# e\ne: 3\n",
    ),
    "the first key behind a dash is removed": (
        "- a: 1 # one\n  b: 2\n- c: 1\n  # keep\n  d: 2\n",
        [remove("/0/a"), remove("/1/c")],
        "- b: 2\n-\n  # keep\n  d: 2\n",
    ),
    "an item is removed": (
        "a:\n  - x: 1\n    y: 2\n  # keep\n  - z\nb:\n- - 1\n  - 2\nc: [1, 2, 3]\n",
        [remove("/a/0"), remove("/b/0/0"), remove("/c/2"), remove("/c/0")],
        "a:\n  # keep\n  - z\nb:\n- - 2\nc: [2]\n",
    ),
    "the last one leaves empty brackets": (
        "a:\n  b: 1\nc:\n- 1\nd: {e: 1}\nf: [1]\ng:\n- h: 1\n",
        [remove("/a/b"), remove("/c/0"), remove("/d/e"), remove("/f/0"), remove("/g/0/h")],
        "a: {}\nc: []\nd: {}\nf: []\ng:\n- {}\n",
    ),
    "the last key of a document leaves empty brackets": (
        "# c\na: 1\n",
        [remove("/a")],
        "# c\n{}\n",
    ),
    "a key that is written twice is removed twice": (
        "a: 1\nb: 2\na: 3\n",
        [remove("/a")],
        "b: 2\n",
    ),
    "a key is renamed in its place": (
        "a:\n  b:  # c\n    d: 1\n  e: 2\nf: {'g': 1, h: 2}\n",
        [move("/a/b", "/a/x"), move("/f/g", "/f/y z"), move("/f/h", "/f/true")],
        "a:\n  x:  # c\n    d: 1\n  e: 2\nf: {'y z': 1, \"true\": 2}\n",
    ),
    "a renamed key takes the place of another": (
        "a: 1\nb: 2\nc: 3\n",
        [move("/a", "/c")],
        "c: 1\nb: 2\n",
    ),
    "a value moves elsewhere": (
        "a:\n  b: {c: 1}\n  x: 1\nd:\n    e: 2\n",
        [move("/a/b", "/d/f")],
        "a:\n  x: 1\nd:\n    e: 2\n    f: {c: 1}\n",
    ),
    "what moves keeps its text and the comments right above it": (
        "a:\n  # one\n\n  # two\n  # three\n  b:  # c\n  # d\n  - 'x' # e\n\n"
        "  - |\n    y\n     z\n  k: 1\nd:\n    e: 2\n",
        [move("/a/b", "/d/f")],
        "a:\n  # one\n\n  k: 1\nd:\n    e: 2\n    # two\n    # three\n    f:  # c\n    # d\n"
        "    - 'x' # e\n\n    - |\n      y\n       z\n",
    ),
    "what moves behind a dash keeps its text": (
        "a:\n- b: 1\n  c:\n    d: 1  # d\n",
        [add("/a/0/e", {}), move("/a/0/c", "/a/0/e/c")],
        "a:\n- b: 1\n  e:\n    c:\n      d: 1  # d\n",
    ),
    "what moves out of brackets is written anew": (
        "a: {b: [1], c: 2}\nd:\n  e: 1\n",
        [move("/a/b", "/d/b")],
        "a: {c: 2}\nd:\n  e: 1\n  b:\n  - 1\n",
    ),
    "what moves into brackets is written anew": (
        "a:\n  # c\n  b:\n  - 1  # d\n  k: 1\nd: {e: 1}\n",
        [move("/a/b", "/d/b")],
        "a:\n  k: 1\nd: {e: 1, b: [1]}\n",
    ),
    "what moves into a list is written anew": (
        "a:\n  b: {c: 1}  # d\n  k: 1\nd:\n- 1\n",
        [move("/a/b", "/d/0")],
        "a:\n  k: 1\nd:\n- c: 1\n- 1\n",
    ),
    "what is written further left than its key is written anew": (
        "a:\n    b: 'x\n  y'\n    k: 1\nd:\n    e: 2\n",
        [move("/a/b", "/d/b")],
        "a:\n    k: 1\nd:\n    e: 2\n    b: x y\n",
    ),
    "an alias is copied where it would come before its anchor": (
        "d:\n  e: 1\na: &a\n  x: 1\nb:\n  c: *a\n  k: 1\n",
        [move("/b/c", "/d/c")],
        "d:\n  e: 1\n  c:\n    x: 1\na: &a\n  x: 1\nb:\n  k: 1\n",
    ),
    "a mapping between brackets becomes a list": (
        "children: {name: x, children: {name: z}} # c\n",
        [replace("/children/children", [{"name": "z"}])],
        "children: {name: x, children: [{name: z}]} # c\n",
    ),
    "a mapping behind a dash becomes a list": (
        "- a: 1\n  b: 2\n",
        [replace("/0", [{"a": 1, "b": 2}])],
        "- - a: 1\n    b: 2\n",
    ),
    "only one document of a stream changes": (
        "a: 1\n--- # c\na: 1\n---\na: 1\n",
        [replace("/a", 2)],
        "a: 2\n--- # c\na: 1\n---\na: 1\n",
    ),
    "an item of a List changes in its place": (
        "kind: List\nitems:\n- a: 1 # x\n- a: 2\n",
        [add("/b", {"c": 1}), replace("/a", 5)],
        "kind: List\nitems:\n- a: 5 # x\n  b:\n    c: 1\n- a: 2\n",
    ),
    "an alias is replaced, and its anchor stays": (
        "a: &a x\nb: *a\nc: [*a, 1]\n",
        [replace("/b", "z"), remove("/c/0")],
        "a: &a x\nb: z\nc: [1]\n",
    ),
    "a key is added beside a merge": (
        "a: &a {x: 1}\nb:\n  <<: *a\n",
        [add("/b/u", 2)],
        "a: &a {x: 1}\nb:\n  <<: *a\n  u: 2\n",
    ),
    "a test changes nothing": ("a:   1\n", [{"op": "test", "path": "/a", "value": 1}], "a:   1\n"),
    "JSON on one line stays on one line": (
        '{"a": {"b": 1}, "c": [], "d": {}}',
        [add("/a/x", {"y": "é"}), add("/c/-", 1), add("/d/e", None), remove("/a/b"),
         replace("/a/x/y", "\n")],
        '{"a": {"x": {"y": "\\n"}}, "c": [1], "d": {"e": null}}',
    ),
    "JSON over several lines gets lines": (
        '{\n\t"a": {\n\t\t"b": 1\n\t},\n\t"c": [\n\t\t"d",\n\t\t"e"\n\t]\n}\n',
        [add("/a/x", {"y": [1]}), add("/c/-", {"f": 1}), remove("/c/0"), add("/g", [])],
        '{\n\t"a": {\n\t\t"b": 1,\n\t\t"x": {\n\t\t\t"y": [\n\t\t\t\t1\n\t\t\t]\n\t\t}\n\t},\n'
        '\t"c": [\n\t\t"e",\n\t\t{\n\t\t\t"f": 1\n\t\t}\n\t],\n\t"g": []\n}\n',
    ),
    "the last line of JSON takes the comma in front with it": (
        '{\n  "a": 1,\n  "b": {\n    "c": 2\n  }\n}\n',
        [remove("/b")],
        '{\n  "a": 1\n}\n',
    ),
    "a mapping in JSON becomes a list": (
        '{\n  "children": {\n    "name": "x"\n  }\n}\n',
        [replace("/children", [{"name": "x"}])],
        '{\n  "children": [{\n    "name": "x"\n  }]\n}\n',
    ),
}  # fmt: skip


@pytest.mark.parametrize(("text", "operations", "expected"), CASES.values(), ids=CASES)
def test_an_edit_touches_only_its_lines(
    text: str, operations: list[Operation], expected: str
) -> None:
    assert edited(text, *operations) == expected


@pytest.mark.parametrize(("text", "operations", "expected"), CASES.values(), ids=CASES)
def test_an_edit_keeps_windows_line_endings(
    text: str, operations: list[Operation], expected: str
) -> None:
    assert edited(text.replace("\n", "\r\n"), *operations) == expected.replace("\n", "\r\n")


SHARED = "a: &a\n  x: 1\nb: *a\nc:\n  <<: *a\n  y: 2\nd: {<<: {z: 1}}\ne: [&s 1, *s]\n"


@pytest.mark.parametrize(
    "operation",
    [
        replace("/a/x", 2),
        add("/a/z", 2),
        remove("/a"),
        replace("/a", 1),
        replace("/b/x", 2),
        add("/b/z", 2),
        replace("/c/x", 2),
        remove("/c/x"),
        move("/c/x", "/c/z"),
        replace("/d/z", 2),
        replace("/e/0", 2),
        replace("/e", []),
    ],
    ids=str,
)
def test_what_an_anchor_shares_is_not_touched(operation: Operation) -> None:
    with pytest.raises(AnchoredTextError):
        edited(SHARED, operation)


@pytest.mark.parametrize(
    ("text", "operation"),
    [
        ("a: 1\n", remove("")),
        ("? a\n: b\n", add("/c", 1)),
        ("a: !!map\n  b: 1\n", replace("/a", [{"b": 1}])),
    ],
    ids=str,
)
def test_an_edit_is_right_or_refused(text: str, operation: Operation) -> None:
    document = read(text).documents[0]
    try:
        after = read(edit_text(text, document, [operation]))
    except (UneditableTextError, PatchMismatchError):
        return
    assert after.errors == ()


def test_a_document_of_another_text_is_refused() -> None:
    document = read("a: 1\n").documents[0]
    with pytest.raises(UneditableTextError, match="not the one that this document was read from"):
        edit_text("a: 2\n", document, [replace("/a", 3)])


def test_the_documents_before_an_edited_one_stay_valid() -> None:
    text = "a: 1\n---\na: 2\n---\na: 3\n"
    parsed_file = read(text)
    for document in reversed(parsed_file.documents):
        text = edit_text(text, document, [add("/b", document.value["a"])])
    assert text == "a: 1\nb: 1\n---\na: 2\nb: 2\n---\na: 3\nb: 3\n"


@pytest.mark.parametrize(
    ("operation", "sentence"),
    [
        (replace("/x", 1), "operation 1 of 1 of the patch, replace /x, does not fit the document"),
        (remove("/a/b"), "operation 1 of 1 of the patch, remove /a/b, does not fit the document"),
        (add("/a/b/c", 1), "operation 1 of 1 of the patch, add /a/b/c, does not fit the document"),
        (add("/a", float("nan")), "the patch contains a value that JSON cannot hold"),
    ],
)
def test_a_patch_that_does_not_fit_is_named(operation: Operation, sentence: str) -> None:
    with pytest.raises(PatchMismatchError) as caught:
        edited("a: 1\n", operation)
    assert str(caught.value) == sentence
