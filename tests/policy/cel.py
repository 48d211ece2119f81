"""Shorthand of the tests: an expression, checked and run."""

from functools import cache
from typing import Any

from webhook.policy.cel.environment import Environment, UncheckedExpression
from webhook.policy.cel.evaluate import Compiler
from webhook.policy.cel.frames import Budget, Closure, Layout
from webhook.policy.cel.functions import MUTATIONS
from webhook.policy.cel.values import EvaluationError
from webhook.policy.graph_library import GRAPH

ENVIRONMENT = Environment({"object": "dyn"}, (*MUTATIONS, GRAPH))


@cache
def compiled(text: str) -> tuple[Closure, int]:
    """Return an expression's closure, and the size of its frame."""
    layout = Layout({"object": 1})
    root = Compiler(ENVIRONMENT.check(text).checked, ENVIRONMENT.functions, layout).root
    return root, layout.size


def run(text: str, value: Any = None, *, steps: int = 100_000) -> Any:
    """Return what an expression gives for `object`."""
    closure, size = compiled(text)
    frame: list[Any] = [None] * size
    frame[0], frame[1] = Budget(steps), value
    return closure(frame)


def outcome(text: str, value: Any = None) -> Any:
    """Return what an expression gives, or "error: …", or "unchecked: …"."""
    try:
        return run(text, value)
    except EvaluationError as error:
        return f"error: {error}"
    except UncheckedExpression as error:
        return f"unchecked: {error}"
