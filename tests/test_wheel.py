"""The wheel holds everything: run from another folder, without the checkout.

A platform that cannot be had here is simulated: what it lacks cannot be imported.
"""

import json
import os
import subprocess
import sys
import tomllib
import zipfile

import pytest
from packaging.requirements import Requirement

from tests import patience
from tests.documents_of import with_graph
from tests.seeds import ROOT
from webhook.cli.extras import EXTRA_OF, missing_extra

MODULE_OF = {"google-re2": "re2", "prometheus-client": "prometheus_client"}
POSIX_ONLY = ("fcntl", "grp", "pwd", "resource")

BLOCK = """
import os, sys

class Missing:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {names!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)

sys.meta_path.insert(0, Missing())
for name in {of_os!r}:
    delattr(os, name)
"""


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory):
    """A folder that holds the wheel's content and nothing of the checkout."""
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)],
        cwd=ROOT,
        check=True,
        capture_output=True,
        timeout=patience.SECONDS,
    )
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder / "site")
    return folder


def graphgate(folder, *arguments, stdin="", before=""):
    # The path of the unpacked wheel goes before that of the editable installation; the folder
    # before it has a sitecustomize.py that takes things away.
    path = os.pathsep.join(filter(None, (str(before), str(folder / "site"))))
    return subprocess.run(
        [sys.executable, "-m", "webhook", *arguments],
        input=stdin,
        cwd=folder,
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=False,
        timeout=patience.SECONDS,
    )


def test_the_module_that_runs_is_the_wheel_s(unpacked):
    where = subprocess.run(
        [sys.executable, "-c", "import webhook; print(webhook.__file__)"],
        cwd=unpacked,
        env={**os.environ, "PYTHONPATH": str(unpacked / "site")},
        capture_output=True,
        text=True,
        check=True,
        timeout=patience.SECONDS,
    )
    assert where.stdout.startswith(str(unpacked / "site"))


def test_rules_pages_and_schema_are_found(unpacked):
    judged = graphgate(unpacked, "check", "-o", "json", stdin=json.dumps(with_graph(modelURI="x")))
    (finding,) = json.loads(judged.stdout)["results"][0]["findings"]
    assert (finding["ruleId"], finding["remediation"]) == (
        "unknown-field",
        'did you mean "modelUri"?',
    )
    explained = graphgate(unpacked, "explain", "unknown-field")
    assert "Why:" in explained.stdout


def test_the_commands_have_both_names(unpacked):
    (points,) = (unpacked / "site").glob("*.dist-info/entry_points.txt")
    assert points.read_text().split() == [
        "[console_scripts]",
        *("graphgate", "=", "webhook.__main__:main"),
        *("kubectl-graphgate", "=", "webhook.__main__:main"),
    ]


def extras():
    """Return the modules that each extra of pyproject.toml brings."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    return {
        extra: {
            MODULE_OF.get(name, name) for name in (Requirement(text).name for text in requirements)
        }
        for extra, requirements in project["optional-dependencies"].items()
        if extra not in {"all", "dev"}
    }


def without(folder, modules, of_os=()):
    folder.mkdir(parents=True)
    text = BLOCK.format(names=set(modules), of_os=tuple(of_os))
    (folder / "sitecustomize.py").write_text(text)
    return folder


@pytest.fixture(scope="module")
def plain(tmp_path_factory):
    """What `pip install graphgate` gives: no extra."""
    return without(tmp_path_factory.mktemp("plain") / "path", EXTRA_OF)


@pytest.fixture(scope="module")
def windows(tmp_path_factory):
    of_os = ("O_NONBLOCK", "O_NOCTTY", "O_CLOEXEC", "geteuid", "getegid", "fchown", "fchmod")
    modules = (*EXTRA_OF, *POSIX_ONLY)
    return without(tmp_path_factory.mktemp("windows") / "path", modules, of_os)


def test_the_table_of_extras_is_that_of_the_package():
    brought = {module: extra for extra, modules in extras().items() for module in modules}
    assert brought == EXTRA_OF


def test_what_everybody_installs_is_six_packages():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert [Requirement(text).name for text in project["dependencies"]] == [
        "orjson",
        "jsonschema-rs",
        "jsonschema",
        "PyYAML",
        "jsonpatch",
        "click",
    ]


FILES_ONLY = (
    ("check", "broken.yaml"),
    ("check", "-o", "sarif", "--settings", "settings.yaml", "broken.yaml"),
    ("fix", "--diff", "broken.yaml"),
    ("render", "right.yaml"),
    ("security", "right.yaml"),
    ("graph", "-o", "svg", "broken.yaml"),
    ("audit", "-o", "csv", "broken.yaml"),
    ("rules", "list"),
    ("schema", "seldondeployment"),
    ("schema", "policytest"),
    ("settings",),
    ("explain", "children-not-a-list"),
    ("review", "--help"),
)


@pytest.mark.parametrize("arguments", FILES_ONLY, ids=" ".join)
@pytest.mark.parametrize("platform", ["plain", "windows"])
def test_commands_on_files_need_no_extra(unpacked, request, platform, arguments):
    seed = ROOT / "manifests/examples/seed"
    (unpacked / "broken.yaml").write_bytes((seed / "three-steps.yaml").read_bytes())
    (unpacked / "right.yaml").write_bytes((seed / "minimal.yaml").read_bytes())
    (unpacked / "settings.yaml").write_bytes((ROOT / "policies/default.yaml").read_bytes())
    whole = graphgate(unpacked, *arguments)
    ran = graphgate(unpacked, *arguments, before=request.getfixturevalue(platform))
    assert (ran.stdout, ran.stderr, ran.returncode) == (
        whole.stdout,
        whole.stderr,
        whole.returncode,
    )
    assert whole.returncode in {0, 1}


@pytest.mark.skipif(os.name != "posix", reason="takes away what only POSIX has")
def test_the_page_of_an_audit_has_its_script_and_its_styles(unpacked, plain):
    (unpacked / "right.yaml").write_text(json.dumps(with_graph()))
    page = graphgate(unpacked, "audit", "-o", "html", "right.yaml", before=plain).stdout
    assert "</html>" in page
    assert '"use strict"' in page
    assert "color-scheme" in page


def test_fix_writes_where_there_are_no_owners(unpacked, windows, tmp_path):
    file = tmp_path / "broken.yaml"
    file.write_bytes((ROOT / "manifests/examples/seed/three-steps.yaml").read_bytes())
    assert graphgate(unpacked, "fix", "--write", str(file), before=windows).returncode == 0
    assert graphgate(unpacked, "check", str(file)).returncode == 0


@pytest.mark.parametrize(
    ("arguments", "extra", "what"),
    [
        (("check", "--policies", "policy.yaml", "right.yaml"), "policies", "Policies"),
        (("policies", "lint", "policy.yaml"), "policies", "Policies"),
        (("policies", "test", "."), "policies", "Policies"),
        (("serve",), "server", "The webhook, the reconciler and certificates"),
        (("certs", "init"), "server", "The webhook, the reconciler and certificates"),
        (("reconcile",), "server", "The webhook, the reconciler and certificates"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else None,
)
def test_a_missing_extra_is_one_sentence(unpacked, plain, arguments, extra, what):
    library = ROOT / "policies/library/replicas-in-production"
    (unpacked / "policy.yaml").write_bytes((library / "policy.yaml").read_bytes())
    (unpacked / "tests.yaml").write_bytes((library / "tests.yaml").read_bytes())
    ran = graphgate(unpacked, *arguments, before=plain)
    assert ran.returncode == 2
    assert ran.stdout == ""
    (line,) = ran.stderr.splitlines()
    assert line.startswith(f"graphgate: {what} require packages that are not installed (no module ")
    assert line.endswith(f"pip install 'graphgate[{extra}]'")


@pytest.mark.parametrize("command", ["facts", "diff"])
def test_a_missing_client_is_one_sentence(unpacked, plain, command):
    arguments = (command, *(("right.yaml",) if command == "diff" else ()))
    ran = graphgate(unpacked, *arguments, before=plain)
    assert ran.returncode == 2
    assert ran.stderr.splitlines()[-1].endswith("pip install 'graphgate[cluster]'")


def test_a_server_on_windows_is_said_not_to_run():
    assert missing_extra("uvloop", platform="win32") == (
        "this command does not run on Windows; use Linux, macOS or a container"
    )
    assert missing_extra("orjson") is None
