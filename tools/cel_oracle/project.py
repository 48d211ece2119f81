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
from webhook.cel.environment import Environment, ExpressionError
from webhook.cel.functions import KUBERNETES_LIBRARIES, MUTATION_LIBRARIES
from webhook.cel.libraries.format import Format
from webhook.cel.libraries.network import CIDR, IP
from webhook.cel.libraries.quantity import Quantity
from webhook.cel.libraries.semver import Semver
from webhook.cel.libraries.url import URL
from webhook.cel.time_values import Duration, Timestamp
from webhook.cel.values import EvaluationError, OptionalValue, TypeValue, UInt, type_name
from webhook.graph.cluster_facts import Facts, Namespace
from webhook.policy import load_policy_set, mutate_object, read_request
from webhook.policy.cel_graph_library import GRAPH_LIBRARY
from webhook.policy.compiler import _declarable_type as declarable_type  # of a variable
from webhook.policy.match import build_namespace_object
from webhook.policy.model import SLOTS
from webhook.policy.request import REQUEST_FIELDS
from webhook.policy.sources import SourceObject

__all__ = [
    "CIDR",
    "GO",
    "GRAPH_LIBRARY",
    "IP",
    "KUBERNETES",
    "KUBERNETES_LIBRARIES",
    "MISSING",
    "MUTATION_LIBRARIES",
    "REQUEST_FIELDS",
    "SLOTS",
    "URL",
    "BuildFailedError",
    "Closure",
    "Compiler",
    "ControlPlaneError",
    "CostBudget",
    "CostLimitExceededError",
    "Duration",
    "Environment",
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
    "Timestamp",
    "TypeValue",
    "UInt",
    "build_environment",
    "build_namespace_object",
    "cache_folder",
    "declarable_type",
    "die_with_parent",
    "find_go",
    "follow",
    "load_policy_set",
    "mutate_object",
    "only_builder",
    "read_request",
    "type_name",
]
