"""From the text of an expression to its syntax tree, macros expanded.

In: a text. Out: a tree whose nodes have ids and offsets.
Source: google/cel-spec doc/langdef.md, "Syntax"; cel-go's grammar with its optional syntax.
"""

from webhook.cel.checked_ast import (
    Call,
    Constant,
    Expr,
    Ident,
    ListLiteral,
    MapLiteral,
    Select,
    StructLiteral,
)
from webhook.cel.lexer import CelSyntaxError, Token, tokenize
from webhook.cel.literals import number_value, text_value
from webhook.cel.macro_expansion import TreeBuilder, expand_macro

MAX_NESTING = 100
"""Levels of nested brackets. kube-apiserver's parser stops at 250; each level takes some five
of Python's 1,000 frames."""

_BINARY = {
    "*": (6, "_*_"), "/": (6, "_/_"), "%": (6, "_%_"),
    "+": (5, "_+_"), "-": (5, "_-_"),
    "<": (4, "_<_"), "<=": (4, "_<=_"), ">": (4, "_>_"), ">=": (4, "_>=_"),
    "==": (4, "_==_"), "!=": (4, "_!=_"), "in": (4, "@in"),
    "&&": (3, "_&&_"), "||": (2, "_||_"),
}  # fmt: skip
"""Binary operators: precedence and function."""

_KEYWORDS = {"true": True, "false": False, "null": None}
_RESERVED = frozenset(
    {"as", "break", "const", "continue", "else", "for", "function", "if", "import", "let", "loop"}
    | {"package", "namespace", "return", "var", "void", "while"}
)


def parse(text: str) -> tuple[Expr, dict[int, int]]:
    """Return the tree, and offsets in the text by node; raise CelSyntaxError."""
    return _Parser(text).parse()


class _Parser:
    """One pass over the tokens, by precedence."""

    def __init__(self, text: str) -> None:
        self.tokens = tokenize(text)
        self.index = 0
        self.depth = 0
        self.builder = TreeBuilder()

    def parse(self) -> tuple[Expr, dict[int, int]]:
        expr = self._expression()
        if self.token.kind != "end":
            raise self._unexpected()
        return expr, self.builder.offsets

    @property
    def token(self) -> Token:
        return self.tokens[self.index]

    def _take(self, text: str) -> Token | None:
        """Return the next word and go on if it is this sign; else None."""
        token = self.token
        if token.text != text or token.kind not in ("sign", "name"):
            return None
        self.index += 1
        return token

    def _expect(self, text: str) -> Token:
        token = self._take(text)
        if token is None:
            raise self._unexpected()
        return token

    def _unexpected(self) -> CelSyntaxError:
        token = self.token
        if token.kind == "end":
            return CelSyntaxError("unexpected end of the expression", token.start)
        return CelSyntaxError(f'unexpected "{token.text}"', token.start)

    def _expression(self) -> Expr:
        self.depth += 1
        if self.depth > MAX_NESTING:
            raise CelSyntaxError(f"nested more than {MAX_NESTING} levels deep", self.token.start)
        condition = self._binary(2)
        question = self._take("?")
        if question is not None:
            then = self._binary(2)
            self._expect(":")
            otherwise = self._expression()
            condition = self.builder.call("_?_:_", condition, then, otherwise, at=question.start)
        self.depth -= 1
        return condition

    def _binary(self, least: int) -> Expr:
        left = self._unary()
        while True:
            token = self.token
            strength, function = _BINARY.get(token.text, (0, ""))
            if strength < least or token.kind not in ("sign", "name"):
                return left
            if function in ("_&&_", "_||_"):
                left = self._logical(left, token.text, function, strength)
                continue
            self.index += 1
            right = self._binary(strength + 1)
            left = self.builder.call(function, left, right, at=token.start)

    def _logical(self, first: Expr, sign: str, function: str, strength: int) -> Expr:
        """Return a chain of && or || as a balanced tree, so that it does not count as nesting."""
        operands, offsets = [first], []
        while (token := self._take(sign)) is not None:
            offsets.append(token.start)
            operands.append(self._binary(strength + 1))
        while len(operands) > 1:
            pairs = range(0, len(operands) - 1, 2)
            joined: list[Expr] = [
                self.builder.call(function, operands[n], operands[n + 1], at=offsets[n])
                for n in pairs
            ]
            if len(operands) % 2:
                joined.append(operands[-1])
            operands, offsets = joined, offsets[1::2]
        return operands[0]

    def _unary(self) -> Expr:
        token = self.token
        if token.kind != "sign" or token.text not in ("!", "-"):
            return self._member()
        count = 0
        while self._take(token.text):
            count += 1
            if token.text == "-" and self.token.kind in ("int", "float"):
                break
        if token.text == "-" and self.token.kind in ("int", "float"):
            count -= 1  # the last one is the number's sign
        operand = self._member(sign="-" if token.text == "-" else "")
        if count % 2 == 0:
            return operand
        return self.builder.call("!_" if token.text == "!" else "-_", operand, at=token.start)

    def _member(self, sign: str = "") -> Expr:
        expr = self._primary(sign)
        while True:
            if dot := self._take("."):
                expr = self._selection(expr, dot)
            elif bracket := self._take("["):
                function = "_[?_]" if self._take("?") else "_[_]"
                key = self._expression()
                self._expect("]")
                expr = self.builder.call(function, expr, key, at=bracket.start)
            else:
                return expr

    def _selection(self, operand: Expr, dot: Token) -> Expr:
        optional = self._take("?")
        name = self._name()
        bracket = None if optional else self._take("(")
        if bracket is None:
            if not optional:
                return Select(self.builder.new_id(dot.start), operand, name.text, test_only=False)
            field = Constant(self.builder.new_id(name.start), name.text)
            return self.builder.call("_?._", operand, field, at=dot.start)
        arguments = self._arguments()
        call = Call(self.builder.new_id(bracket.start), name.text, operand, arguments)
        return expand_macro(self.builder, call) or call

    def _name(self) -> Token:
        token = self.token
        if token.kind == "quoted":
            raise CelSyntaxError('names in backticks are not supported; use ["…"]', token.start)
        if token.kind != "name" or token.text in _KEYWORDS or token.text == "in":
            raise self._unexpected()
        self.index += 1
        return token

    def _arguments(self) -> tuple[Expr, ...]:
        if self._take(")"):
            return ()
        arguments = [self._expression()]
        while self._take(","):
            arguments.append(self._expression())
        self._expect(")")
        return tuple(arguments)

    def _primary(self, sign: str) -> Expr:
        token = self.token
        if token.kind in ("int", "uint", "float"):
            self.index += 1
            # A sign before an uint is an operator: "-1u" has no overload.
            value = number_value(token, sign if token.kind != "uint" else "")
            return Constant(self.builder.new_id(token.start), value)
        if token.kind == "string":
            self.index += 1
            return Constant(self.builder.new_id(token.start), text_value(token))
        if token.kind == "name" and token.text in _KEYWORDS:
            self.index += 1
            return Constant(self.builder.new_id(token.start), _KEYWORDS[token.text])
        if self._take("("):
            expr = self._expression()
            self._expect(")")
            return expr
        if self._take("["):
            return self._list(token)
        if self._take("{"):
            return self._map(token)
        return self._identifier()

    def _identifier(self) -> Expr:
        leading = self._take(".")
        struct = self._struct(leading)
        if struct is not None:
            return struct
        name = self._name()
        if name.text in _RESERVED:
            raise CelSyntaxError(f"reserved identifier: {name.text}", name.start)
        text = f".{name.text}" if leading else name.text
        bracket = self._take("(")
        if bracket is None:
            return Ident(self.builder.new_id(name.start), text)
        arguments = self._arguments()
        call = Call(self.builder.new_id(bracket.start), text, None, arguments)
        return expand_macro(self.builder, call) or call

    def _struct(self, leading: Token | None) -> Expr | None:
        """Return `a.b.C{field: value}`, None if the next tokens are something else."""
        index, names = self.index, []
        while self.tokens[index].kind == "name":
            names.append(self.tokens[index].text)
            index += 1
            if self.tokens[index].text != ".":
                break
            index += 1
        brace = self.tokens[index]
        if not names or brace.text != "{" or brace.kind != "sign" or names[0] in _KEYWORDS:
            return None
        start = self.token.start
        self.index = index + 1
        fields: list[tuple[int, str, Expr, bool]] = []
        while not self._take("}"):
            optional = self._take("?") is not None
            name = self._name()
            self._expect(":")
            number = self.builder.new_id(name.start)
            fields.append((number, name.text, self._expression(), optional))
            if not self._take(","):
                self._expect("}")
                break
        type_name = ("." if leading else "") + ".".join(names)
        return StructLiteral(self.builder.new_id(start), type_name, tuple(fields))

    def _list(self, bracket: Token) -> Expr:
        elements: list[Expr] = []
        optional: set[int] = set()
        while not self._take("]"):
            if elements or not self._is_lone_comma("]"):
                if self._take("?"):
                    optional.add(len(elements))
                elements.append(self._expression())
            if not self._take(","):
                self._expect("]")
                break
        return ListLiteral(self.builder.new_id(bracket.start), tuple(elements), frozenset(optional))

    def _map(self, brace: Token) -> Expr:
        entries: list[tuple[Expr, Expr, bool]] = []
        while not self._take("}"):
            if entries or not self._is_lone_comma("}"):
                optional = self._take("?") is not None
                key = self._expression()
                self._expect(":")
                entries.append((key, self._expression(), optional))
            if not self._take(","):
                self._expect("}")
                break
        return MapLiteral(self.builder.new_id(brace.start), tuple(entries))

    def _is_lone_comma(self, closing: str) -> bool:
        """Return whether the next tokens are `[,]`, which the grammar allows."""
        return self.token.text == "," and self.tokens[self.index + 1].text == closing
