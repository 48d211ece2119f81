"""All that this package takes from the rest of the project, in one place."""

from tests.cluster.control_plane.cache import cache_folder, only_builder
from tests.cluster.control_plane.compiling import follow
from tests.cluster.control_plane.errors import BuildFailed, ControlPlaneError, GoMissing
from tests.cluster.control_plane.process import die_with_parent
from tests.cluster.control_plane.toolchain import build_environment, find_go
from tests.cluster.control_plane.versions import GO, KUBERNETES
from webhook.graph.facts import Facts, Namespace
from webhook.policy import from_objects, load, mutate, read_request
from webhook.policy.cel.environment import Environment, UncheckedExpression
from webhook.policy.cel.evaluate import Compiler
from webhook.policy.cel.frames import MISSING, Budget, Closure, Layout, OverBudget
from webhook.policy.cel.functions import KUBERNETES as LIBRARIES
from webhook.policy.cel.functions import MUTATIONS as LIBRARIES_OF_MUTATIONS
from webhook.policy.cel.libraries.format import Format
from webhook.policy.cel.libraries.network import CIDR, IP
from webhook.policy.cel.libraries.quantity import Quantity
from webhook.policy.cel.libraries.semver import Semver
from webhook.policy.cel.libraries.url import URL
from webhook.policy.cel.times import Duration, Timestamp
from webhook.policy.cel.values import EvaluationError, Optional, TypeValue, UInt, name_of_type
from webhook.policy.compiling import _declared as declared_type  # what a variable is declared as
from webhook.policy.graph_library import GRAPH
from webhook.policy.match import namespace_object
from webhook.policy.policy import SLOTS
from webhook.policy.request import FIELDS

__all__ = [
    "CIDR",
    "FIELDS",
    "GO",
    "GRAPH",
    "IP",
    "KUBERNETES",
    "LIBRARIES",
    "LIBRARIES_OF_MUTATIONS",
    "MISSING",
    "SLOTS",
    "URL",
    "Budget",
    "BuildFailed",
    "Closure",
    "Compiler",
    "ControlPlaneError",
    "Duration",
    "Environment",
    "EvaluationError",
    "Facts",
    "Format",
    "GoMissing",
    "Layout",
    "Namespace",
    "Optional",
    "OverBudget",
    "Quantity",
    "Semver",
    "Timestamp",
    "TypeValue",
    "UInt",
    "UncheckedExpression",
    "build_environment",
    "cache_folder",
    "declared_type",
    "die_with_parent",
    "find_go",
    "follow",
    "from_objects",
    "load",
    "mutate",
    "name_of_type",
    "namespace_object",
    "only_builder",
    "read_request",
]
