"""All that this package takes from the rest of the project, in one place."""

from tools.control_plane import program
from tools.control_plane.binaries import Binary
from tools.control_plane.build import provide_binary
from tools.control_plane.cache import cache_folder
from tools.control_plane.errors import BuildFailedError, ControlPlaneError
from tools.control_plane.versions import GO, KUBERNETES, Module, Tool
from webhook.cel.activation import (
    MISSING,
    Closure,
    CostBudget,
    CostLimitExceededError,
    SlotLayout,
)
from webhook.cel.compiler import Compiler
from webhook.cel.environment import ExpressionError
from webhook.cel.functions import KUBERNETES_LIBRARIES
from webhook.cel.libraries.format import Format
from webhook.cel.libraries.network import CIDR, IP
from webhook.cel.libraries.quantity import Quantity
from webhook.cel.libraries.semver import Semver
from webhook.cel.libraries.url import URL
from webhook.cel.time_values import Duration, Timestamp
from webhook.cel.values import (
    EvaluationError,
    OptionalValue,
    StructValue,
    TypeValue,
    UInt,
    from_key,
    type_name,
)
from webhook.graph.cluster_facts import Facts, Namespace
from webhook.policy import load_policy_set, mutate_object, read_request
from webhook.policy.cel_graph_library import GRAPH_LIBRARY
from webhook.policy.cel_types import STRUCT_TYPES, VARIABLES_TYPE
from webhook.policy.compiler import policy_environment
from webhook.policy.match import build_namespace_object
from webhook.policy.model import SLOTS
from webhook.policy.sources import SourceObject

__all__ = [
    "CIDR",
    "GO",
    "GRAPH_LIBRARY",
    "IP",
    "KUBERNETES",
    "KUBERNETES_LIBRARIES",
    "MISSING",
    "SLOTS",
    "STRUCT_TYPES",
    "URL",
    "VARIABLES_TYPE",
    "Binary",
    "BuildFailedError",
    "Closure",
    "Compiler",
    "ControlPlaneError",
    "CostBudget",
    "CostLimitExceededError",
    "Duration",
    "EvaluationError",
    "ExpressionError",
    "Facts",
    "Format",
    "Module",
    "Namespace",
    "OptionalValue",
    "Quantity",
    "Semver",
    "SlotLayout",
    "SourceObject",
    "StructValue",
    "Timestamp",
    "Tool",
    "TypeValue",
    "UInt",
    "build_namespace_object",
    "cache_folder",
    "from_key",
    "load_policy_set",
    "mutate_object",
    "policy_environment",
    "program",
    "provide_binary",
    "read_request",
    "type_name",
]
