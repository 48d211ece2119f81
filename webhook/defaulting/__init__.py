"""What is filled in where the author wrote nothing: one file per default.

Here: the options, the working copy of a template, each default, the patch, laying it over a
document. Pure. Not here: whether the defaulted pod may run (`podsecurity`), what is reported
(`engine`).

    filling = fill(document, Options(), facts)     what to add, and what could not be followed
    filling = fill_pod(template, Options(), facts)  the same of a pod template that nobody wrote
    filled = apply(document, filling.operations)   the document that is evaluated
"""

from webhook.defaulting.defaulter import (
    DefaultingResult,
    apply_add_operations,
    default_object,
    default_pod,
)
from webhook.defaulting.options import (
    HARDENED_OPTIONS,
    DefaultingOptions,
    read_options,
    read_user_id,
)
from webhook.defaulting.resolve import resolve_options
from webhook.defaulting.walk import SECURITY_DEFAULTS_ANNOTATION, has_opted_out

__all__ = [
    "HARDENED_OPTIONS",
    "SECURITY_DEFAULTS_ANNOTATION",
    "DefaultingOptions",
    "DefaultingResult",
    "apply_add_operations",
    "default_object",
    "default_pod",
    "has_opted_out",
    "read_options",
    "read_user_id",
    "resolve_options",
]
