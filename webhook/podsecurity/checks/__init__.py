"""The checks of the Pod Security Standards: one file per check, found by being here.

A file is named by upstream's id in snake case and holds one `CHECK`. Adding a file adds a check.
"""

from importlib import import_module
from pkgutil import iter_modules

from webhook.podsecurity.check import Check

CHECKS: tuple[Check, ...] = tuple(
    import_module(f"{__name__}.{module.name}").CHECK for module in iter_modules(__path__)
)
"""Every check, in the order of file names."""
