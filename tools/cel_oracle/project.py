"""All that this package takes from the rest of the project, in one place."""

from tools.control_plane.cache import cache_folder, only_builder
from tools.control_plane.compiling import follow
from tools.control_plane.errors import BuildFailedError, ControlPlaneError, GoMissingError
from tools.control_plane.process import die_with_parent
from tools.control_plane.toolchain import build_environment, find_go
from tools.control_plane.versions import GO, KUBERNETES
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
    "GoMissingError",
    "Namespace",
    "OptionalValue",
    "Quantity",
    "Semver",
    "SlotLayout",
    "SourceObject",
    "StructValue",
    "Timestamp",
    "TypeValue",
    "UInt",
    "build_environment",
    "build_namespace_object",
    "cache_folder",
    "die_with_parent",
    "find_go",
    "follow",
    "from_key",
    "load_policy_set",
    "mutate_object",
    "only_builder",
    "policy_environment",
    "read_request",
    "type_name",
]
