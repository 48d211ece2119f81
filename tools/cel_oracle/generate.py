"""Generated expressions: every operator, macro and library, on values of the right and wrong type.

In: how many, and a seed; the same seed gives the same cases. Out: cases. A production is a type
and a text with holes, "{int}" for an expression of that type; a hole is filled with another type
now and then, and with `object.…` whose type no checker knows. "‹" and "›" are braces.
"""

# ruff: noqa: E501 — a production is on one line

import random
import re
from collections.abc import Iterator

from tools.cel_oracle.process import Case
from tools.cel_oracle.rows import objects

_WRONG = 0.08
"""How often a hole is filled with an expression of any type."""
_LEAF = 0.35
"""How often a hole is filled with a literal or a field although it could be more."""
_DEPTH = 3

_LEAVES = {
    "bool": "true ;; false ;; object.yes ;; object.no ;; has(object.text) ;; has(object.nope.a)",
    "int": "0 ;; 1 ;; 2 ;; -1 ;; 5 ;; 9223372036854775807 ;; object.one ;; object.minus ;; object.big"
    " ;; size(object.list) ;; object.spec.replicas",
    "uint": "0u ;; 1u ;; 18446744073709551615u ;; uint(object.one) ;; 3u",
    "double": "0.0 ;; 1.0 ;; 1.5 ;; -2.5 ;; 1e19 ;; object.half ;; object.whole ;; 0.1",
    "string": "'' ;; 'a' ;; 'abc' ;; 'a,b' ;; 'Ä' ;; object.text ;; object.blank ;; object.comma"
    " ;; object.metadata.name ;; '1' ;; '12' ;; object.number ;; 'b'",
    "bytes": "b'' ;; b'a' ;; b'\\xff' ;; bytes(object.text)",
    "null": "null ;; object.nothing",
    "ints": "[1, 2, 3] ;; [] ;; [2, 1, 2] ;; object.list ;; object.none ;; lists.range(3)",
    "strings": "['a', 'b'] ;; ['b', 'a', 'b'] ;; [] ;; object.texts ;; ['']",
    "list": "object.mixed ;; object.nested ;; object.items ;; object.nulls ;; object.doubles"
    " ;; [[1], [2, 3]] ;; [true, false] ;; [null] ;; [1.5, 0.5] ;; [{'a': 1}] ;; []",
    "map": "{'a': 1} ;; {} ;; object.map ;; object.void ;; object.deep ;; object.metadata.labels"
    " ;; {1: 'a'} ;; {true: 1} ;; {'a': {'b': null}} ;; object.keys ;; object.items[0]",
    "duration": "duration('1h') ;; duration('0s') ;; duration('-1.5s') ;; duration(object.span)",
    "timestamp": "timestamp('2024-02-29T12:30:45.5Z') ;; timestamp(0) ;; timestamp(object.time)",
    "quantity": "quantity('1') ;; quantity('1.5Gi') ;; quantity('-500m') ;; quantity(object.amount)",
    "ip": "ip('10.1.2.3') ;; ip('::1') ;; ip(object.address)",
    "cidr": "cidr('10.0.0.0/8') ;; cidr('::/0') ;; cidr(object.range)",
    "url": "url('https://a.b:80/c%20d?x=1') ;; url('/a') ;; url(object.web)",
    "semver": "semver('1.2.3') ;; semver('1.0.0-rc.1') ;; semver('v1', true) ;; semver(object.release)",
    "optional": "optional.of(1) ;; optional.none() ;; object.?one ;; object.?nope ;; object.?text"
    " ;; object.?deep.?a ;; object.list[?0] ;; object.list[?9] ;; {'a': 1}.?b",
    "type": "int ;; string ;; list ;; type(object) ;; type(object.one) ;; null_type",
}
_ANY = "object.one ;; object.text ;; object.nothing ;; object.list ;; object.map ;; object.yes"
_ANY += (
    " ;; object.half ;; object.nope ;; object.deep.a.b ;; object.mixed[1] ;; dyn(1u) ;; dyn('a')"
)
_ANY += " ;; object.deep.n.x ;; object.text.x ;; dyn(null) ;; dyn([1]) ;; object.items[2].n"

_PRODUCTIONS = """
bool {any} == {any} ;; {any} != {any} ;; {int} < {int} ;; {any} < {any} ;; {string} <= {string}
bool {double} > {int} ;; {any} >= {any} ;; {uint} < {int} ;; {duration} > {duration}
bool {bool} && {bool} ;; {bool} || {bool} ;; !{bool} ;; {bool} ? {bool} : {bool} ;; {any} in {any}
bool {int} in {ints} ;; {string} in {strings} ;; {string} in {map} ;; {any} in {list}
bool has(object.{name}) ;; has(object.{name}.{name}) ;; has(object.deep.{name}.{name})
bool {string}.startsWith({string}) ;; {string}.endsWith({string}) ;; {string}.contains({string})
bool {string}.matches({pattern}) ;; {optional}.hasValue() ;; bool({string}) ;; bool({any})
bool {ints}.all(x, x > {int}) ;; {ints}.exists(x, x == {int}) ;; {list}.exists_one(x, x == {any})
bool {list}.all(x, {bool}) ;; {map}.exists(x, x == {any}) ;; {any}.all(x, x == {any})
bool {any}.exists(i, x, x == {any}) ;; {map}.all(i, x, {bool}) ;; {list}.existsOne(i, x, i == {int})
bool {ints}.isSorted() ;; {strings}.isSorted() ;; {list}.isSorted() ;; sets.contains({ints}, {ints})
bool sets.intersects({any}, {any}) ;; sets.equivalent({list}, {list}) ;; isQuantity({string})
bool {quantity}.isGreaterThan({quantity}) ;; {quantity}.isLessThan({any}) ;; {quantity}.isInteger()
bool isIP({string}) ;; {ip}.isLoopback() ;; {cidr}.containsIP({ip}) ;; {cidr}.containsIP({string})
bool {cidr}.containsCIDR({cidr}) ;; isCIDR({string}) ;; isURL({string}) ;; isSemver({string})
bool {semver}.isLessThan({semver}) ;; {semver}.isGreaterThan({semver}) ;; ip.isCanonical({string})
bool format.dns1123Label().validate({string}).hasValue() ;; {timestamp} < {timestamp}
bool type({any}) == {type} ;; {list}.map(x, {bool}).exists(y, y) ;; {bool} ? {any} : {any}
bool object.items.all(x, x.n > {int}) ;; object.items.exists(x, has(x.n) && x.n == {int})
bool {any} && {any} ;; {any} || {any} ;; !{any} ;; (({bool}) || {any} == {any})
int {int} + {int} ;; {int} - {int} ;; {int} * {int} ;; {int} / {int} ;; {int} % {int} ;; -{int}
int size({string}) ;; {ints}.size() ;; {list}.size() ;; {map}.size() ;; size({any}) ;; int({any})
int int({double}) ;; int({string}) ;; int({uint}) ;; int({timestamp}) ;; {ints}.sum() ;; {ints}.max()
int {ints}.min() ;; {ints}.indexOf({int}) ;; {list}.lastIndexOf({any}) ;; {string}.indexOf({string})
int {string}.lastIndexOf({string}) ;; {string}.indexOf({string}, {int}) ;; {any}.indexOf({any})
int {quantity}.compareTo({quantity}) ;; {quantity}.asInteger() ;; sign({quantity}) ;; {ip}.family()
int {cidr}.prefixLength() ;; {semver}.major() ;; {semver}.compareTo({semver})
int {timestamp}.getFullYear() ;; {timestamp}.getHours('+02:00') ;; {timestamp}.getDayOfWeek()
int {duration}.getMinutes() ;; {duration}.getMilliseconds() ;; {ints}[{int}] ;; {any}[{any}]
int {bool} ? {int} : {int} ;; {optional}.orValue({int}) ;; {optional}.value()
uint {uint} + {uint} ;; {uint} - {uint} ;; {uint} * {uint} ;; {uint} / {uint} ;; uint({any})
double {double} + {double} ;; {double} - {double} ;; {double} * {double} ;; {double} / {double}
double -{double} ;; double({int}) ;; double({string}) ;; double({any})
double {quantity}.asApproximateFloat()
string {string} + {string} ;; string({any}) ;; string({int}) ;; string({double}) ;; string({bytes})
string {string}.charAt({int}) ;; {string}.substring({int}) ;; {string}.substring({int}, {int})
string {string}.replace({string}, {string}) ;; {string}.replace({string}, {string}, {int})
string {string}.lowerAscii() ;; {string}.upperAscii() ;; {string}.trim() ;; strings.quote({string})
string {strings}.join({string}) ;; {strings}.join() ;; {string}.find({pattern}) ;; {any}.trim()
string '{verb}'.format([{any}]) ;; '%s-%s'.format([{any}, {any}]) ;; '{verb} {verb}'.format({list})
string {url}.getHost() ;; {url}.getScheme() ;; {url}.getPort() ;; {url}.getEscapedPath()
string string({duration}) ;; string({timestamp}) ;; string({quantity}) ;; string({ip})
string {optional}.orValue({string}) ;; {bool} ? {string} : {any} ;; jsonpatch.escapeKey({string})
string format.{format}().validate({string}).orValue(['ok'])[0]
bytes {bytes} + {bytes} ;; bytes({string})
ints {ints} + {ints} ;; {ints}.map(x, x * {int}) ;; {ints}.filter(x, x > {int}) ;; {ints}.distinct()
ints {ints}.sort() ;; {ints}.reverse() ;; {ints}.slice({int}, {int}) ;; lists.range(size({list}))
ints [{int}, {int}] ;; {ints}.sortBy(x, -x) ;; {ints}.transformList(i, x, i + x)
strings {string}.split({string}) ;; {string}.split({string}, {int}) ;; {string}.findAll({pattern})
strings {strings} + {strings} ;; {strings}.map(x, x + {string}) ;; {strings}.sort()
strings {string}.findAll({pattern}, {int}) ;; {strings}.distinct() ;; object.items.map(x, x.name)
list {list} + {list} ;; [{any}, {any}] ;; [{list}, {list}].flatten() ;; {list}.map(x, {any})
list {any}.map(x, x) ;; {any}.filter(x, {bool}) ;; {list}.flatten() ;; {list}.distinct() ;; {any}.sort()
list {list}.filter(x, x == {any}) ;; {any}.map(x, {bool}, x) ;; {list}.slice({int}, {int})
list [?{optional}, {any}] ;; {any}.flatten() ;; {any}.reverse() ;; {list}.sortBy(x, {any})
list {any}.transformList(i, x, x) ;; {map}.map(k, k) ;; [{optional}]
map ‹'a': {any}› ;; ‹'a': {any}, 'b': {any}› ;; ‹{string}: {any}› ;; ‹{any}: 1› ;; ‹{int}: {int}›
map ‹?'a': {optional}› ;; ‹'k': {optional}› ;; {list}.transformMap(i, x, x) ;; {url}.getQuery()
map {map}.transformMap(k, v, v) ;; {map}.transformMapEntry(k, v, ‹k: {any}›)
null {bool} ? null : {any}
duration {duration} + {duration} ;; {timestamp} - {timestamp} ;; {duration} - {duration}
duration duration({string}) ;; duration({any}) ;; [{duration}].sum()
timestamp {timestamp} + {duration} ;; {timestamp} - {duration} ;; timestamp({any}) ;; timestamp({int})
quantity {quantity}.add({quantity}) ;; {quantity}.sub({int}) ;; quantity({string}) ;; quantity({any})
ip {cidr}.ip() ;; ip({string})
cidr {cidr}.masked() ;; cidr({any})
optional optional.of({any}) ;; optional.ofNonZeroValue({any}) ;; {optional}.or({optional})
optional {optional}.optMap(x, {any}) ;; {optional}.optFlatMap(x, {optional}) ;; {map}.?{name}
optional {any}.?{name} ;; {any}[?{any}] ;; object.?{name}.?{name} ;; {map}[?{string}] ;; {list}[?{int}]
optional {optional}.?{name} ;; {ints}.first() ;; {list}.last() ;; {any}.or({any})
optional object.?{name}.{name} ;; format.named({string}) ;; {any}.?{name}.?{name}
type type({any}) ;; type({optional})
any {any}.{name} ;; object.{name}.{name} ;; {any}[{any}] ;; {map}[{any}] ;; {list}[{int}] ;; dyn({any})
any {optional}.orValue({any}) ;; {optional}.value() ;; {any}.orValue({any}) ;; {bool} ? {any} : {any}
any object[{string}] ;; {any} + {any} ;; {any} - {any} ;; {map}.{name} ;; {any}.max() ;; {any}.sum()
any {any}.hasValue() ;; {any} * {any} ;; {any} / {any} ;; -{any} ;; {any} % {any} ;; {any}.first()
"""

_WORDS = {
    "name": "a ;; b ;; n ;; s ;; text ;; one ;; list ;; map ;; deep ;; nothing ;; nope ;; name ;; yes",
    "pattern": "'a' ;; '^[a-c]+$' ;; '' ;; '[0-9]+' ;; '(' ;; '(a)|b' ;; 'a*' ;; object.text ;; '.'",
    "verb": "%s ;; %d ;; %f ;; %.1f ;; %e ;; %x ;; %X ;; %o ;; %b ;; %%",
    "format": "dns1123Label ;; dns1123Subdomain ;; labelValue ;; qualifiedName ;; uri ;; uuid ;; date",
}
_HOLE = re.compile(r"\{(\w+)\}")


def _split(text: str) -> list[str]:
    return [part.strip() for part in text.split(" ;; ")]


def _productions() -> dict[str, list[str]]:
    made: dict[str, list[str]] = {}
    for line in _PRODUCTIONS.strip().splitlines():
        name, _, rest = line.partition(" ")
        made.setdefault(name, []).extend(_split(rest))
    return made


PRODUCTIONS = _productions()
LEAVES = {name: _split(text) for name, text in (_LEAVES | {"any": _ANY}).items()}
WORDS = {name: _split(text) for name, text in _WORDS.items()}
TYPES = sorted(LEAVES.keys() - {"any"})


class _Writer:
    """Writes expressions; `seed` decides which."""

    def __init__(self, seed: int) -> None:
        self.dice = random.Random(seed)

    def write(self, kind: str, depth: int) -> str:
        """Return an expression of a type, or of another now and then."""
        dice = self.dice
        if kind in WORDS:
            return dice.choice(WORDS[kind])
        if dice.random() < _WRONG:
            kind = dice.choice([*TYPES, "any"])
        elif kind == "any" and dice.random() < 0.5:
            kind = dice.choice(TYPES)
        if depth <= 0 or kind not in PRODUCTIONS or dice.random() < _LEAF:
            return dice.choice(LEAVES[kind])
        return self.fill(dice.choice(PRODUCTIONS[kind]), depth)

    def fill(self, text: str, depth: int) -> str:
        """Fill the holes of a production."""

        def put(hole: re.Match[str]) -> str:
            written = self.write(hole[1], depth - 1)
            return f"({written})" if _composed(written) else written

        return _HOLE.sub(put, text).replace("‹", "{").replace("›", "}")

    def expression(self) -> str:
        """Return one expression, all productions alike."""
        kind = self.dice.choice([*PRODUCTIONS, "bool", "bool", "bool", "any"])
        return self.fill(self.dice.choice(PRODUCTIONS[kind]), self.dice.randint(1, _DEPTH))


def _composed(text: str) -> bool:
    """Return whether an expression needs parentheses inside another: it has an operator or a sign."""
    return " " in text or text.startswith(("-", "!"))


def cases(count: int, seed: int) -> Iterator[Case]:
    """Yield cases, no two of them alike; a third of the variables of a policy are typed."""
    named = objects()
    writer = _Writer(seed)
    seen: set[str] = set()
    while len(seen) < count:
        case: Case = {"kind": "value", "expression": writer.expression()}
        if writer.dice.random() < 0.1:
            case["variables"] = [{"name": "v", "expression": case["expression"]}]
            case["expression"] = writer.dice.choice(
                ["variables.v", "has(variables.v)", "variables.?v", "type(variables.v)"]
            )
        text = f"{case['expression']} {case.get('variables')}"
        if text not in seen:
            seen.add(text)
            yield case | {"object": named["everything"], "request": named["create"]}
