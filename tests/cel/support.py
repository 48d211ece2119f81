"""Shorthand of the tests: an expression, checked and run."""

from functools import cache
from typing import Any

from webhook.cel.activation import Closure, CostBudget, SlotLayout
from webhook.cel.compiler import Compiler
from webhook.cel.environment import Environment, ExpressionError
from webhook.cel.functions import MUTATION_LIBRARIES
from webhook.cel.values import EvaluationError
from webhook.policy.cel_graph_library import GRAPH_LIBRARY

ENVIRONMENT = Environment({"object": "dyn"}, (*MUTATION_LIBRARIES, GRAPH_LIBRARY), patch_types=True)


@cache
def compile_expression(text: str) -> tuple[Closure, int]:
    """Return an expression's closure, and the size of its frame."""
    layout = SlotLayout({"object": 1})
    root = Compiler(ENVIRONMENT.check(text).ast, ENVIRONMENT.functions, layout).root
    return root, layout.size


def run(text: str, value: Any = None, *, steps: int = 100_000) -> Any:
    """Return what an expression gives for `object`."""
    closure, size = compile_expression(text)
    frame: list[Any] = [None] * size
    frame[0], frame[1] = CostBudget(steps), value
    return closure(frame)


def run_or_describe_error(text: str, value: Any = None) -> Any:
    """Return what an expression gives, or "error: …", or "unchecked: …"."""
    try:
        return run(text, value)
    except EvaluationError as error:
        return f"error: {error}"
    except ExpressionError as error:
        return f"unchecked: {error}"
