"""Commands of the documentation, held against the programs that they name.

`faults_in` reads a block of shell and returns what is wrong in it, in sentences: a command or flag
that graphgate does not have, a target that the Makefile lacks, a value that the chart lacks, a file
that is not there. Whole upper-case words, `…` and what a block itself makes are placeholders.
"""

import re
import shlex
from collections.abc import Iterator
from functools import cache
from pathlib import PurePosixPath

import click
import yaml

from tests.seeds import ROOT
from webhook.cli import graphgate

# Programs whose arguments nobody here can check, beyond that a reader has them.
OTHER_PROGRAMS = frozenset(
    [
        "cd",
        "curl",
        "docker",
        "eval",
        "export",
        "git",
        "jq",
        "kind",
        "kubeconform",
        "kustomize",
        "minikube",
        "python",
        "python3",
        "pip",
        "pytest",
        "sed",
        "uvicorn",
        "base64",
        "cat",
        "echo",
    ]
)
KUBECTL_VERBS = frozenset(
    [
        "annotate",
        "api-resources",
        "apply",
        "auth",
        "cp",
        "create",
        "delete",
        "describe",
        "diff",
        "edit",
        "exec",
        "explain",
        "get",
        "label",
        "logs",
        "patch",
        "port-forward",
        "replace",
        "rollout",
        "scale",
        "wait",
    ]
)
HELM_VERBS = frozenset(
    ["get", "history", "install", "rollback", "template", "uninstall", "upgrade"]
)
_ENDS = frozenset({"|", "||", "&&", ";", "&", "(", ")", ">", ">>", "<", "2>"})
_PLACEHOLDER = re.compile(r"[A-Z][A-Z0-9_-]*|.*(?:…|[$*{<]).*|-")


def commands_in(text: str) -> Iterator[list[str]]:
    """Yield the words of each command; redirections and comments are left out."""
    for line in re.sub(r"\\\n\s*", " ", text).splitlines():
        lexer = shlex.shlex(line, posix=True, punctuation_chars="|&;<>()")
        lexer.commenters = "#"
        lexer.whitespace_split = True
        words: list[str] = []
        redirected = False
        for word in lexer:
            if word in _ENDS:
                redirected = word in {">", ">>", "<", "2>"}
                if not redirected and words:
                    yield words
                    words = []
            elif redirected:
                redirected = False
            elif words or not re.fullmatch(r"[A-Za-z_]+=.*", word):
                words.append(word)
        if words:
            yield words


def made_by(text: str) -> set[str]:
    """Return the files that a block's commands write: they need not be in the repository."""
    made = set(re.findall(r"(?<![0-9&])>\s*(\S+)", text))
    made |= set(re.findall(r"--(?:out|write-exceptions)[ =](\S+)", text))
    for words in commands_in(text):
        if words[0] == "cp":
            made.add(words[-1])
    return made


def faults_in(text: str, made: frozenset[str] = frozenset()) -> list[str]:
    """Return what is wrong in a block of shell; `made`: what earlier blocks of its page write."""
    known = made | made_by(text)
    return [fault for words in commands_in(text) for fault in _faults_of(words, known)]


def _faults_of(words: list[str], made: set[str] | frozenset[str]) -> Iterator[str]:
    program, *arguments = words
    program = PurePosixPath(program).name if program.startswith(".venv/bin/") else program
    if program == "kubectl" and arguments[:1] == ["graphgate"]:
        program, arguments = "graphgate", arguments[1:]
    match program:
        case "graphgate":
            yield from graphgate_faults(arguments)
        case "make":
            targets = [word for word in arguments if "=" not in word]
            yield from (f"make has no target {t}" for t in targets if t not in make_targets())
        case "helm":
            yield from _helm_faults(arguments)
            yield from _missing_files(arguments, made, {"--set-file"})
        case "kubectl":
            verb = next((w for w in _positional(arguments, {"-n", "--namespace"})), "")
            if verb not in KUBECTL_VERBS:
                yield f"kubectl has no verb {verb!r}"
            yield from _missing_files(arguments, made, {"-f", "-k", "--filename"})
        case "cp":
            sources = [word for word in arguments[:-1] if not word.startswith("-")]
            yield from (f"{f}: no such file" for f in sources if not _is_there(f, made))
        case _ if program not in OTHER_PROGRAMS and not _PLACEHOLDER.fullmatch(program):
            yield f"what is {program}?"


def graphgate_faults(arguments: list[str]) -> Iterator[str]:
    """Yield what of a call of graphgate its commands do not have; "a|b" is both."""
    command: click.Command = graphgate
    context = click.Context(graphgate)
    path = "graphgate"
    words = iter(arguments)
    for word in words:
        if word == "--":
            return
        if word.startswith("-") and word != "-":
            yield from _flag_faults(command, context, path, word, words)
        elif isinstance(command, click.Group) and not _PLACEHOLDER.fullmatch(word):
            found = [command.get_command(context, name) for name in word.split("|")]
            if None in found:
                yield f"{path} has no command {word}"
                return
            command, path = next(filter(None, found)), f"{path} {word}"
            context = click.Context(command, parent=context, info_name=word)


def _flag_faults(command, context, path, word, words) -> Iterator[str]:
    flag, equals, value = word.partition("=")
    options = {
        spelling: option
        for option in command.get_params(context)
        if isinstance(option, click.Option)
        for spelling in (*option.opts, *option.secondary_opts)
    }
    if not flag.startswith("--") and len(flag) > 2:
        flag, value, equals = flag[:2], flag[2:], "="
    option = options.get(flag)
    if option is None:
        yield f"{path} has no flag {flag}"
        return
    # An option whose value may be left out takes it with "=" only here.
    if option.is_flag or option.count or getattr(option, "_flag_needs_value", False):
        return
    value = value if equals else next(words, "")
    if value == "":
        yield f"{path} {flag} needs a value"
    elif isinstance(option.type, click.Choice) and not _PLACEHOLDER.fullmatch(value):
        unknown = set(value.split("|")) - set(option.type.choices)
        yield from (f"{path} {flag} does not take {each}" for each in sorted(unknown))


@cache
def make_targets() -> frozenset[str]:
    text = (ROOT / "Makefile").read_text(encoding="utf-8")
    return frozenset(re.findall(r"^([a-z][a-z-]*):", text, re.M))


@cache
def chart_values() -> dict[str, object]:
    values: dict[str, object] = yaml.safe_load(
        (ROOT / "manifests/chart/values.yaml").read_text(encoding="utf-8")
    )
    return values


def has_value(key: str) -> bool:
    """Return whether the chart has a value of this path; what is below an empty one is free."""
    value: object = chart_values()
    for part in re.split(r"(?<!\\)\.", re.sub(r"\[\d+\]", "", key)):
        if not isinstance(value, dict) or not value:
            return value is None or value in ({}, [], "")
        if part not in value:
            return False
        value = value[part]
    return True


def _helm_faults(arguments: list[str]) -> Iterator[str]:
    verb = arguments[0] if arguments else ""
    if verb not in HELM_VERBS:
        yield f"helm has no verb {verb!r}"
    for flag, value in zip(arguments, [*arguments[1:], ""], strict=True):
        if flag in {"--set", "--set-file", "--set-string"}:
            keys = re.findall(r"(?:^|,)([A-Za-z][^=,{}]*)=", value)
            yield from (f"the chart has no value {key}" for key in keys if not has_value(key))
            if not keys:
                yield f"helm {flag} sets nothing: {value}"


def _positional(arguments: list[str], with_value: set[str]) -> Iterator[str]:
    words = iter(arguments)
    for word in words:
        if word in with_value:
            next(words, "")
        elif not word.startswith("-"):
            yield word


def _missing_files(arguments: list[str], made, flags: set[str]) -> Iterator[str]:
    for flag, value in zip(arguments, [*arguments[1:], ""], strict=True):
        if flag in flags:
            file = value.partition("=")[2] if flag == "--set-file" else value
            if not _is_there(file, made):
                yield f"{file}: no such file"


def _is_there(file: str, made) -> bool:
    if _PLACEHOLDER.fullmatch(file) or (ROOT / file).exists():
        return True
    path = PurePosixPath(file)
    return any(file == name.rstrip("/") or PurePosixPath(name) in path.parents for name in made)
