"""Whether a type is assignable to another one, and what that binds type parameters to.

Source: the type checker of google/cel-go (checker/types.go), which kube-apiserver uses; `dyn`
goes with every type, null with everything that has no literal but numbers, strings and booleans.
"""

from webhook.cel.types import CelType, substitute

Bindings = dict[CelType, CelType]
"""What type parameters are bound to."""


class Unifier:
    """The bindings of one expression; they grow with each question that is answered with yes."""

    def __init__(self) -> None:
        self.bindings: Bindings = {}
        self._parameters = 0

    def new_parameter(self) -> CelType:
        """Return a type parameter that is bound to nothing."""
        self._parameters += 1
        return CelType("parameter", f"_var{self._parameters}")

    def resolve(self, type_: CelType, *, free_as_dyn: bool = False) -> CelType:
        """Return a type with what is known of its parameters."""
        return substitute(self.bindings, type_, free_as_dyn=free_as_dyn)

    def is_assignable(self, left: CelType, right: CelType) -> bool:
        """Return whether two types agree; if so, keep what that says of their parameters."""
        return self.are_assignable((left,), (right,))

    def are_assignable(self, left: tuple[CelType, ...], right: tuple[CelType, ...]) -> bool:
        """Return whether two lists of types agree, one by one."""
        trial = dict(self.bindings)
        if _lists_agree(trial, left, right):
            self.bindings = trial
            return True
        return False


def more_general(left: CelType, right: CelType) -> CelType:
    """Return that one of two types that agree which says less."""
    return left if _is_no_more_specific(left, right) else right


def _lists_agree(bindings: Bindings, left: tuple[CelType, ...], right: tuple[CelType, ...]) -> bool:
    return len(left) == len(right) and all(
        _agree(bindings, first, second) for first, second in zip(left, right, strict=True)
    )


def _agree(bindings: Bindings, left: CelType, right: CelType) -> bool:
    if right.kind == "parameter":
        agrees, was_bound = _bind(bindings, left, right)
        if agrees or was_bound:
            return agrees
    if left.kind == "parameter":
        return _bind(bindings, right, left)[0]
    if left.is_dynamic or right.is_dynamic:
        return True
    if left.kind == "null" or right.kind == "null":
        other = right if left.kind == "null" else left
        return other.kind in ("null", "opaque", "struct", "time", "wrapper")
    if left.kind == "wrapper" or right.kind == "wrapper":
        return left.name == right.name
    if left.kind == "type":
        return right.kind == "type"
    return (
        left.kind == right.kind
        and left.name == right.name
        and _lists_agree(bindings, left.parameters, right.parameters)
    )


def _bind(bindings: Bindings, type_: CelType, parameter: CelType) -> tuple[bool, bool]:
    """Return whether a parameter may be bound to a type, and whether it was bound before."""
    if type_ == parameter:
        return True, True
    bound = bindings.get(parameter)
    if bound is None:
        if _occurs(bindings, parameter, type_):
            return False, False
        bindings[parameter] = type_
        return True, False
    if type_ == bound:
        return True, True
    if not _agree(bindings, type_, bound):
        return False, True
    general = more_general(type_, bound)
    if not _occurs(bindings, parameter, general):
        bindings[parameter] = general
    return True, True


def _occurs(bindings: Bindings, parameter: CelType, type_: CelType) -> bool:
    if type_ == parameter:
        return True
    if type_.kind == "parameter":
        return type_ in bindings and _occurs(bindings, parameter, bindings[type_])
    return any(_occurs(bindings, parameter, inner) for inner in type_.parameters)


def _is_no_more_specific(left: CelType, right: CelType) -> bool:
    if left.kind in ("dyn", "parameter"):
        return True
    if right.kind in ("dyn", "parameter") or left.kind != right.kind:
        return False
    if left.kind == "type":
        return True
    return (
        left.name == right.name
        and len(left.parameters) == len(right.parameters)
        and all(map(_is_no_more_specific, left.parameters, right.parameters))
    )
