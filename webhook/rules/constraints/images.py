"""The rows on image references, of containers and of the initializers that fetch models.

Source: github.com/distribution/reference (ParseNormalizedNamed), by which kubelets read them. An
API server takes any text without leading or trailing spaces.
"""

import re
from collections.abc import Iterable
from typing import Any

from webhook.graph.finding import Finding, Operation
from webhook.graph.k8s_syntax import explain_blanks
from webhook.graph.templates import find_placeholder
from webhook.rules._format import quote_value
from webhook.rules.constraints.checks import ConstraintRule, Location, ValueCheck, row

_HOST = "[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?"
_DOMAIN = re.compile(rf"(?:{_HOST}(?:\.{_HOST})*|\[[a-fA-F0-9:]+\])(?::[0-9]+)?\Z")
_COMPONENT = re.compile(r"[a-z0-9]+(?:(?:\.|__?|-+)[a-z0-9]+)*\Z")
_TAG = re.compile(r"\w[\w.-]{0,127}\Z", re.ASCII)
_DIGEST = re.compile(r"sha256:[a-f0-9]{64}\Z|sha384:[a-f0-9]{96}\Z|sha512:[a-f0-9]{128}\Z")
_IDENTIFIER = re.compile(r"[a-f0-9]{64}\Z")
_DOCKER_HUB = ("", "docker.io", "index.docker.io")
"""Where a name of one part is read as one below library/."""
_TEMPLATE = re.compile(r"\{\{|\$\{|\$\(|<[^<>]*>|\{%")
_MAX_NAME_LENGTH = 255
_MAX_REFERENCE_LENGTH = 1024
"""Of a whole reference: a name with registry, tag and digest has half of it."""


def explain_image(image: str) -> str:
    """Return what is wrong with an image reference; "" if nothing is."""
    if len(image) > _MAX_REFERENCE_LENGTH:
        return f"{_MAX_REFERENCE_LENGTH} characters at most, has {len(image)}"
    if find_placeholder(image) or _TEMPLATE.search(image):
        return "it is an unrendered template"
    if image and image.split(None, 1) != [image]:
        return explain_blanks(image)
    if "://" in image:
        return f'"{image.partition("://")[0]}://" is not part of an image reference'
    if _IDENTIFIER.match(image):
        return "64 hex digits are an identifier, not a name"
    named, at, digest = image.partition("@")
    if at and not _DIGEST.match(digest):
        return "sha256:<64 hex digits> is expected after the @"
    return _explain_named(named)


def _explain_named(named: str) -> str:
    domain, slash, rest = named.partition("/")
    if not slash or (
        "." not in domain
        and ":" not in domain
        and domain != "localhost"
        and domain == domain.lower()
    ):
        domain, rest = "", named
    path, colon, tag = rest.partition(":")
    if colon and not _TAG.match(tag):
        return f'"{tag}" is not a valid tag'
    if domain and not _DOMAIN.match(domain):
        if not _COMPONENT.match(domain):
            return f'"{domain}" is not a valid registry'
        path = f"{domain}/{path}"  # so is a registry with "_" read, and asked for the image
    for component in path.split("/"):
        if not _COMPONENT.match(component):
            return _explain_component(component)
    if domain in _DOCKER_HUB and "/" not in path:
        path = f"library/{path}"
    if len(path) > _MAX_NAME_LENGTH:
        return f"{_MAX_NAME_LENGTH} characters at most, has {len(path)}"
    return ""


def _explain_component(component: str) -> str:
    if not component:
        return "a part of the name is empty"
    if component != component.lower():
        return f'upper-case letters in "{component}" are not allowed'
    found = re.search(r"[^a-z0-9._-]", component)
    if found:
        return f'"{found[0]}" is not allowed'
    if component[0].isalnum() and component[-1].isalnum():
        return f'only one ".", "_", "__" or dashes may separate the words of "{component}"'
    return f'"{component}" must start and end with a letter or digit'


def _is_image(value: Any) -> bool:
    return type(value) is not str or not value or not explain_image(value)


def _report_image(value: str, location: Location) -> Iterable[Finding]:
    reason = explain_image(value)
    shown = quote_value(value.replace("\n", "\\n"))
    trimmed = value.strip()
    if trimmed != value and trimmed and not explain_image(trimmed):
        replace: Operation = {"op": "replace", "path": location.at().pointer, "value": trimmed}
        message = f"invalid image reference {shown}: leading or trailing {explain_blanks(value)}"
        return (Finding(location.at(), message, f"use {trimmed}", (replace,), fix_safety="safe"),)
    return (Finding(location.at(), f"invalid image reference {shown}: {reason}"),)


_check_image = ValueCheck(_is_image, _report_image)

RULES = (
    ConstraintRule(
        "malformed-image-reference",
        """Invalid image reference

    Why: an image is named by a registry, a lower-case path and a tag or digest. The API server
    takes other texts, too, but no kubelet does: the pods stay at InvalidImageName for ever.

    Fix: Use registry/path:tag in lower case.

    Bad:
        containers:
        - name: classifier
          image: https://registry.example/MyTeam/iris:1

    Good:
        containers:
        - name: classifier
          image: registry.example/my-team/iris:1
    """,
        (
            row("container", "image", _check_image),
            row("node", "storageInitializerImage", _check_image),
            row("explainer", "storageInitializerImage", _check_image),
            row("pod", "volumes[].image.reference", _check_image),
        ),
    ),
)
