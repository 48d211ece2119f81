"""All functions: CEL's own and the libraries that Kubernetes loads, as one table."""

from collections.abc import Iterable

from webhook.cel.libraries.comprehensions import COMPREHENSIONS
from webhook.cel.libraries.format import FORMAT
from webhook.cel.libraries.jsonpatch import JSONPATCH
from webhook.cel.libraries.lists import LISTS, LISTS_EXTENSION
from webhook.cel.libraries.network import NETWORK
from webhook.cel.libraries.optional import OPTIONAL
from webhook.cel.libraries.quantity import QUANTITY
from webhook.cel.libraries.regex import REGEX
from webhook.cel.libraries.semver import SEMVER
from webhook.cel.libraries.sets import SETS
from webhook.cel.libraries.strings import STRINGS
from webhook.cel.libraries.url import URLS
from webhook.cel.signatures import Library
from webhook.cel.stdlib import STANDARD_FUNCTIONS
from webhook.cel.values import Function

KUBERNETES_LIBRARIES: tuple[Library, ...] = (
    LISTS,
    REGEX,
    URLS,
    OPTIONAL,
    QUANTITY,
    SETS,
    STRINGS,
    NETWORK,
    FORMAT,
    COMPREHENSIONS,
    SEMVER,
    LISTS_EXTENSION,
)
"""What every expression in Kubernetes may use, by the minor that brought it."""

MUTATION_LIBRARIES: tuple[Library, ...] = (*KUBERNETES_LIBRARIES, JSONPATCH)
"""What mutations may use besides."""


def build_function_table(libraries: Iterable[Library]) -> dict[str, Function]:
    """Return the implementations by name; a name that libraries share goes by its argument."""
    functions: dict[str, Function] = dict(STANDARD_FUNCTIONS)
    by_receiver: dict[str, dict[type, Function]] = {}
    for library in libraries:
        for name, function in library.functions.items():
            if library.receiver_type is not None and name in functions:
                by_receiver.setdefault(name, {})[library.receiver_type] = function
            else:
                functions[name] = function
    for name, by_type in by_receiver.items():
        functions[name] = _dispatch_by_type(by_type, functions[name])
    return functions


def _dispatch_by_type(by_type: dict[type, Function], default: Function) -> Function:
    def call(*arguments: object) -> object:
        return by_type.get(type(arguments[0]), default)(*arguments)

    return call
