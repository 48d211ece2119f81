"""Which fields of the object an expression reads, and whether it can do without them.

object.spec.predictors.all(p, …)        reads spec.predictors, and fails where it is missing
object.spec.?predictors.orValue([])     reads it as optional
"""

from collections.abc import Iterator
from dataclasses import dataclass

from webhook.cel.checked_ast import Call, Constant, Expr, Ident, Select, walk

_ROOTS = ("object", "oldObject")


@dataclass(frozen=True, slots=True)
class FieldRead:
    """One field that is read. `is_optional`: by has() or `.?`, so it may be missing."""

    root: str
    fields: tuple[str, ...]
    is_optional: bool

    def __str__(self) -> str:
        return ".".join((self.root, *self.fields))


def find_reads(expr: Expr) -> Iterator[FieldRead]:
    """Yield every field of object and oldObject that an expression names."""
    for node in walk(expr):
        read = _as_read(node)
        if read is not None and read.fields:
            yield read


def _as_read(node: Expr) -> FieldRead | None:
    """Return the chain of fields that a node is; None where it is not one."""
    fields: list[str] = []
    is_optional = False
    while True:
        match node:
            case Ident(name=name):
                if name not in _ROOTS:
                    return None
                return FieldRead(name, tuple(reversed(fields)), is_optional)
            case Select(operand=operand, field=field, test_only=test_only):
                is_optional |= test_only
                fields.append(field)
                node = operand
            case Call(
                function="_?._" | "_[?_]" | "_[_]" as function,
                arguments=(operand, Constant(value=str() as field)),
            ):
                is_optional |= function != "_[_]"
                fields.append(field)
                node = operand
            case _:
                return None
