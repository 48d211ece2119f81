"""Users' policies from files: which files, and what is in them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from webhook.errors import PolicyError
from webhook.files import read_file
from webhook.runtime.manifest_files import manifest_files

if TYPE_CHECKING:
    from webhook.policy import PolicySet, SourceObject

TEST_SUFFIX = ".test.yaml"
"""Files of `graphgate policies test`; they are next to the policies but are not policies."""


@dataclass(frozen=True, slots=True)
class ResolvedPolicySources:
    """Where policies are to come from.

    paths     files and folders
    selector  labels of the cluster's objects; None: no cluster
    """

    paths: tuple[Path, ...]
    selector: str | None = None


def read_files(paths: Iterable[Path]) -> dict[str, bytes]:
    """Return every file that the paths name, with its content; raise PolicyError if one fails."""
    try:
        return {
            file: read_file(file)
            for path in paths
            for file in manifest_files((str(path),), mounted=True)
        }
    except OSError as error:
        raise PolicyError(f"{error.filename} cannot be read: {error.strerror}") from error


def parse_policies(
    contents: Mapping[str, bytes], objects: Mapping[str, Any] | None = None
) -> "PolicySet":
    """Return the policies in files; those that cannot be used are in its `problems`.

    objects  of the cluster, by what messages call them; a file goes before them
    Raise PolicyError, with a line for all that is wrong anywhere, if a file cannot be read.
    """
    from webhook import yamldoc
    from webhook.policy import SourceObject, load_policy_set, objects_from_file

    sources: list[SourceObject] = []
    unread: list[str] = []
    for file, content in contents.items():
        if file.endswith((TEST_SUFFIX, "kustomization.yaml")):
            continue
        parsed_file = yamldoc.read(content)
        unread += [f"{file}:{error.line}:{error.column}: {error}" for error in parsed_file.errors]
        for source in objects_from_file(file, parsed_file):
            sources.extend(_expand_list(source))
    sources.extend(SourceObject(name, value) for name, value in (objects or {}).items())
    policies = load_policy_set(sources)
    if unread:
        others = [str(each) for each in policies.problems if not each.policy_missing]
        raise PolicyError(*unread, *others)
    return policies


def _expand_list(source: "SourceObject") -> Iterable["SourceObject"]:
    """Yield the objects of a List, as `kubectl get -o yaml` writes one; else the source itself."""
    from webhook.policy import SourceObject

    value = source.value
    if not isinstance(value, dict) or value.get("kind") != "List":
        return (source,)
    return (SourceObject(source.file, item) for item in value.get("items") or ())


def summarize_problems(problems: list[str]) -> str:
    """Return one sentence about several policies that cannot be used, for one line of a status."""
    more = len(problems) - 1
    others = f" (and {more} more; graphgate policies lint shows all)" if more else ""
    return f"{problems[0]}{others}"
