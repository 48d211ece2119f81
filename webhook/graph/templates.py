"""Text that a template engine has not filled in yet: ${NAME}, {{ .Values.name }}, <image>."""

import re

_PLACEHOLDER = re.compile(
    # An opening ends at the next one, or each of many would look for its end through all that
    # follows.
    r"\{\{(?:(?!\{\{).){0,120}?\}\}"  # Helm, Jinja
    r"|\{%(?:(?!\{%).){0,120}?%\}|<%(?:(?!<%).){0,120}?%>"  # Jinja; ERB
    r"|[$#]\{[^{}]*\}|\{[A-Za-z_][\w.-]*\}"  # envsubst, Azure Pipelines, Python
    r"|\$[A-Za-z_]\w*"  # shell; $(NAME) is Kubernetes' own
    r"|\[\[(?:(?!\[\[).){0,120}?\]\]"  # Go with other delimiters
    r"|@[A-Za-z_][\w.-]*@"  # Maven and autoconf
    r"|%[A-Z][A-Z_]{2,}%|__[A-Z][A-Z0-9_]*__"  # Windows; tokens to be replaced
    r"|<[A-Za-z_][\w .:/-]*>",  # <image>, for a person to fill in
    re.DOTALL,
)
_VARIABLE = re.compile(r"\$\([A-Za-z_][\w.-]*\)")
"""$(NAME): kustomize, Azure Pipelines. Kubernetes reads it itself in what a container is started
with."""
_MAX_SEARCHED = 512
"""Characters: a name, image or address is never longer."""


def find_placeholder(text: str) -> str:
    """Return the first placeholder of a template in `text`; "" if there is none."""
    match = _PLACEHOLDER.search(text, 0, _MAX_SEARCHED)
    return match[0] if match else ""


def find_unrendered(text: str) -> str:
    """Return the same for a text that Kubernetes takes as it is: $(NAME) is a placeholder, too."""
    match = _VARIABLE.search(text, 0, _MAX_SEARCHED)
    return find_placeholder(text) or (match[0] if match else "")


def how_to_render(placeholder: str) -> str:
    """Return the remediation for a placeholder that was not filled in."""
    if placeholder.startswith("{{"):
        return "render it first, for example with helm template"
    if placeholder.startswith("<") and not placeholder.startswith("<%"):
        return f"replace {placeholder} by a value"
    return "render the template first"
