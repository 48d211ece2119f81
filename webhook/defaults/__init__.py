"""What is filled in where the author wrote nothing: one file per default.

Here: the options, the working copy of a template, each default, the patch, laying it over a
document. Pure. Not here: whether the filled pod may run (`podsecurity`), who is told (`decisions`).

    filling = fill(document, Options(), facts)     what to add, and what could not be followed
    filling = fill_pod(template, Options(), facts)  the same of a pod template that nobody wrote
    filled = apply(document, filling.operations)   the document that is judged
"""

from webhook.defaults.fill import Filling, apply, fill, fill_pod
from webhook.defaults.options import (
    HARDENED,
    Options,
    read_options,
    read_user_id,
)
from webhook.defaults.resolve import resolve
from webhook.defaults.templates import OPT_OUT, opted_out

__all__ = [
    "HARDENED",
    "OPT_OUT",
    "Filling",
    "Options",
    "apply",
    "fill",
    "fill_pod",
    "opted_out",
    "read_options",
    "read_user_id",
    "resolve",
]
