"""Asks the kubectl on this machine what it makes of YAML, and writes kubectl.json beside this file.

    python -m tests.yamldoc.record_kubectl

The tests compare `read` with the file; they need no kubectl. Run this again after adding a row to
ROWS or to see what a newer kubectl does.
"""

import json
import subprocess
from pathlib import Path
from typing import Any

HEAD = "apiVersion: example.org/v1\nkind: Example\nmetadata: {name: a}\n"

SCALARS = [
    "yes", "on", "y", "Y", "True", "TRUE", "tRUE", "NO", "n", "N", "no", "off", "False", "FALSE",
    "~", "null", "Null", "NULL", "nULL", "''", '""', "0777", "0o17", "0O17", "08", "09.5",
    "-0777", "+0777", "1e3", "1E3", "1e+3", "1.5e3", "1e-3", "1e400", "-1e400", "1e-400", "1e21",
    "1e20", "22:22", "1:30", "2026-11-22", "2026-11-22T10:00:00Z", "0x1F", "0X1f", "-0x1F",
    "+0x1F", "0b11", "0B11", "-0b11", "+0b11", "0b12", "0o8", "1_000", "1__0", "1_", "0_7",
    "0x_1F", "1_000.5", ".5_0", ".5__0", "._5", ".5_", ".1e1_0", ".1e400", ".5", "+.5", "-.5",
    "1.", "1.0", ".", ".e3", "1.e3", "+1", "-1", "-0", "-0.0", "+0", "0.0", "0", "00", "000",
    "0_", "_0", "+_1", "-", "+", "1_e3", "1e_3", "1_.5", "0b", "0x", "0o", ".inf", ".Inf",
    "-.inf", "+.inf", ".nan", ".NaN", ".iNf", "inf", "nan", "9223372036854775807",
    "9223372036854775808", "-9223372036854775808", "-9223372036854775809", "+9223372036854775808",
    "18446744073709551615", "18446744073709551616", "0xFFFFFFFFFFFFFFFF", "0xFFFFFFFFFFFFFFFFFF",
    "-0x8000000000000001", "0777777777777777777777777", "123456789012345678901234567890",
    "1.7976931348623157e308", "0.1", "100000000000000000000.0", "0x1p3", "1e", "1e3x", "<<", "=",
    "a:b", "foo#bar", "it's", 'a"b"', "'yes'", '"1"', "'1e3'", '"\\x41\\e\\0"', '"\\U0001F600"',
    '"\\N\\_\\L\\P"', '"a\\/b"', '"\\ud83d\\ude00"', '"\\q"', "@x", "`x", "%x", "*nope",
    "*.example.com", "&&", "|", "[a", "{a", "[a,,b]", "{{.Values.x}}", '\'"\'', "'it''s'",
]  # fmt: skip

PHRASES = [
    "!!str 1", "!!str yes", '!!int "1"', "!!int 1.5", "!!int x", "!!int", "!!str", "!!float 1",
    '!!float "1.5"', "!!float x", '!!bool "yes"', "!!bool 1", '!!null ""', "!!null x",
    "!!null null", "!!binary aGk=", '!!binary "!"', "!!binary /w==", "!!timestamp 2026-11-22",
    "!!timestamp x", "!foo bar", "!foo 1", "!!foo 1", "!!set {a, b}", "!!omap [a: 1]", "!!map [a]",
    "!!str {a: 1}", "! 12", '! "12"', "&a ! 12", "!<tag:yaml.org,2002:str> 5",
    "!<tag:yaml.org,2002:int> 5", "!x!foo a", "foo #bar", '"a" b', "a: b", "- a", "a:", "? x",
    '"tab\tin"', "plain\ttab", '"x', "'x", "&a",
    "{1: x}", "{true: x}", "{yes: x}", "{on: x}", "{y: x}", "{null: x}", "{~: x}", '{"null": x}',
    "{1.0: x}", "{1.5: x}", "{1e3: x}", "{1000000.0: x}", "{0.1: x}", "{16777217.0: x}",
    "{1e-5: x}", "{1e-4: x}", "{1e20: x}", "{100000.0: x}", "{123456.0: x}", "{1234567.0: x}",
    "{0x10: x}", "{0777: x}", "{18446744073709551615: x}", "{18446744073709551616: x}",
    "{1e300: x}", "123456789012345678.0", "9007199254740993.0",
    "1e18", "9.3e18", "{.inf: x}", "{-.inf: x}", "{.nan: x}", "{-0.0: x}", "{2026-11-22: x}",
    "{3.14159265358979: x}", "{[a]: x}", "{{a: b}: x}", "{? [a] : b}", "{!!binary aGk=: x}",
    '{!!int "5": x}', "{!foo 1: x}", "{!!float 1: x}", "{!!null x: y}", "{!!str : x}",
    "{a: 1, a: 2}", '{1: a, "1": a}', "{a, b: 1}", "{a:1}", '{"a":1}', "{a: }", "{? a : b}",
    "{a: 1, }", "[a: 1, b]", "[a, ]", "[\n\t1]", "{a: 1 b: 2}",
    "{<<: {a: 1}, b: 2}", "{b: 2, <<: {b: 1}}", "{<<: {b: 1}, b: 2}",
    "{<<: [{a: 1}, {a: 2, c: 3}]}", "{<<: [[{a: 1}]]}", "{<<: }", "{<<: x}", '{"<<": x}',
    "{!!merge <<: {a: 1}}", "[&a x, *a]", "[&a x, &a z, *a]", "&a [*a]", "{&k a: 1, *k : 2}",
    "[&a [1], {<<: *a}]", "[&a {b: 1}, {<<: *a, c: 2}, {c: 2, <<: [*a]}]",
    '"a\n  b"', "'c\n\n  d'", "a\n  b\n\n  c", "|\n  a\n  b\n", "|+\n  a\n\n", "|-\n  a\n",
    ">-\n  a\n  b\n\n  c\n   d\n", "|2\n    a\n   b\n", "\n- 1\n- 2", "\n  a: 1\n b: 2",
    "\n   a: 1\n  b: 2", "\n\ta: 1", "\n-\ta", "\n-\ta: 1", "1\t# c", "1\n\t\nw: 1", "1\n\t# c\n",
    "\n  <<: {a: 1}\n  a: 2", "a\x85w: 1", "a\u2028w: 1", "a\x80", "a\x7f", "a\x00", "a\x01",
    "a\ufffe", "a\ufeffb", "\U0001f600", "{'" + "k" * 1030 + "': 1}", "it's", "C:\\dir",
]  # fmt: skip

A = HEAD + "v: 1\n"
B = HEAD.replace("name: a", "name: b") + "v: 2\n"
J = '{"apiVersion":"example.org/v1","kind":"Example","metadata":{"name":"a"},"v":%s}'
LIST = "apiVersion: v1\nkind: List\nitems:\n"
ITEM = "- {apiVersion: example.org/v1, kind: Example, metadata: {name: a}, v: 1}\n"

STREAMS = [
    A + "---\n" + B, "---\n" + A, A + "--- # c\n" + B, A + "---\t\n" + B, A + "...\n---\n" + B,
    "---\n---\n# c\n---\n" + A + "---\n", "# c\n", "", "null\n---\n" + A, "~\n",
    "\ufeff" + A, A + "---\n\ufeff" + B, "\ufeff" + J % 1, A.replace("\n", "\r"),
    (A + "---\n" + B).replace("\n", "\r\n"), A + "v: 2\n",
    J % 1, J % "1.0", J % "-0", J % '{"a":1,"a":2}', J % r'"a\/b\ud83d\ude00"', J % r'"\ud800x"',
    J % "123456789012345678901234567890", J % ('{"' + "k" * 1100 + '":1}'),
    J % 1 + J % 2, J % 1 + "\n" + J % 2, A + "---\n" + J % 2,
    "\t" + (J % 1).replace(":", ":\t").replace(",", ",\n\t"),
    LIST + ITEM + ITEM.replace("v: 1", "v: 2"), LIST.replace(":\n", ": []\n"),
    A + "items:\n" + ITEM, HEAD + "items: [{metadata: {name: a}}]\n",
    HEAD.replace("Example", "ExampleList")
    + "items: [{kind: 5, apiVersion: '', metadata: {name: a}}]\n",
]  # fmt: skip


def ask_kubectl(text: str) -> list[Any] | None:
    """What kubectl reads, without the annotation it was told to make; None if it refuses."""
    command = ["kubectl", "annotate", "--local", "-o", "json", "-f", "-", "x=y", "--overwrite"]
    done = subprocess.run(command, input=text.encode(), capture_output=True, check=False)
    if done.returncode:
        return None
    out, at = done.stdout.decode(), 0
    found: list[Any] = []
    while at < len(out.rstrip()):
        # What 64 bits do not hold, kubectl holds as a float.
        decoder = json.JSONDecoder(
            parse_int=lambda s: int(s) if -(2**63) <= int(s) < 2**63 else float(s)
        )
        value, at = decoder.raw_decode(out, at)
        at += len(out[at:]) - len(out[at:].lstrip())
        found += value["items"] if value["kind"] == "List" else [value]
    for value in found:
        del value["metadata"]["annotations"]
    return found


def main() -> None:
    """Write the file."""
    version = subprocess.run(
        ["kubectl", "version", "--client", "-o", "json"], capture_output=True, check=True
    )
    values = {}
    for source in [*SCALARS, *PHRASES]:
        read = ask_kubectl(f"{HEAD}v: {source}\n")
        values[source] = None if read is None else {k: read[0][k] for k in read[0] if k in "vw"}
    streams = [[text, ask_kubectl(text)] for text in STREAMS]
    recorded = {
        "kubectl": json.loads(version.stdout)["clientVersion"]["gitVersion"].partition("-")[0],
        "values": values,
        "streams": streams,
    }
    text = json.dumps(recorded, indent=1, ensure_ascii=True) + "\n"
    Path(__file__).with_name("kubectl.json").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
