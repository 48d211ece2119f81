"""Expressions that hold, every function among them: here, and in the API server itself.

`test_cel` runs them; `tests/apiserver/test_policy_language.py` asks a real API server the same.
"""

# ruff: noqa: E501 — an expression is one line

TRUE_EXPRESSIONS = r"""
1 < 2.5 && 2.5 > 1 && 1u < 2 && 1 <= 1.0
5 / 2 == 2 && -5 / 2 == -2 && 5 % 3 == 2 && -5 % 3 == -2
1 + 1 == 2 && 1.5 + 1.5 == 3.0 && 1u + 1u == 2u && 'a' + 'b' == 'ab' && [1] + [2] == [1, 2]
2 * 3 == 6 && 7 - 9 == -2 && -(3) == -3
dyn(1) == 1.0 && dyn(1u) == 1 && dyn('1') != 1
!(1 == 2) && (true || 1 / 0 == 1) && !(false && 1 / 0 == 1) && (1 / 0 == 1 || true)
true ? 1 == 1 : 1 / 0 == 1
'a' in ['a', 'b'] && 2 in [1, 2] && 'k' in {'k': 1} && !('x' in {'k': 1})
[1, 2][1] == 2 && {'a': 1}['a'] == 1 && {'a': 1}.a == 1
size('äb') == 2 && 'ab'.size() == 2 && size([1]) == 1 && {'a': 1}.size() == 1 && size(b'ab') == 2
int('-12') == -12 && int(1.9) == 1 && int(3u) == 3 && int(timestamp('1970-01-01T00:01:00Z')) == 60
uint('7') == 7u && double('1.5') == 1.5 && double(2) == 2.0
string(1) == '1' && string(1.5) == '1.5' && string(true) == 'true' && string(2u) == '2'
string(1.0) == '1' && string(b'abc') == 'abc' && bytes('a') == b'a' && bool('true')
string(timestamp('2024-02-29T12:00:00.25Z')) == '2024-02-29T12:00:00.25Z'
string(duration('90s')) == '90s' && string(ip('::1')) == '::1'
string(cidr('10.0.0.0/8')) == '10.0.0.0/8'
type(1) == int && type('a') == string && type([1]) == list && type(null) == null_type
type(timestamp('2024-01-01T00:00:00Z')) == google.protobuf.Timestamp
'abc'.startsWith('ab') && 'abc'.endsWith('bc') && 'abc'.contains('b') && 'abc'.matches('^a.c$')
timestamp('2024-02-29T00:00:00Z') + duration('24h') == timestamp('2024-03-01T00:00:00Z')
timestamp('2024-01-01T00:00:10Z') - timestamp('2024-01-01T00:00:00Z') == duration('10s')
timestamp('2024-01-01T02:00:00+02:00') == timestamp('2024-01-01T00:00:00Z')
timestamp('2024-12-31T23:59:58.123Z').getFullYear() == 2024
timestamp('2024-12-31T23:59:58.123Z').getMonth() == 11
timestamp('2024-12-31T23:59:58.123Z').getDate() == 31
timestamp('2024-12-31T23:59:58.123Z').getDayOfMonth() == 30
timestamp('2024-12-31T23:59:58.123Z').getDayOfYear() == 365
timestamp('2024-12-31T23:59:58.123Z').getDayOfWeek() == 2
timestamp('2024-12-31T23:59:58.123Z').getHours() == 23
timestamp('2024-12-31T23:59:58.123Z').getHours('+02:00') == 1
timestamp('2024-12-31T23:59:58.123Z').getMinutes() == 59
timestamp('2024-12-31T23:59:58.123Z').getSeconds() == 58
timestamp('2024-12-31T23:59:58.123Z').getMilliseconds() == 123
duration('1h30m').getHours() == 1 && duration('1h30m').getMinutes() == 90
duration('1.5s').getSeconds() == 1 && duration('1.5s').getMilliseconds() == 1500
duration('1h') > duration('59m') && duration('-1m') < duration('0')
[1, 2].all(x, x > 0) && [1, 2].exists(x, x == 2) && [1, 2, 1].exists_one(x, x == 2)
[1, 2].map(x, x * 2) == [2, 4] && [1, 2].filter(x, x > 1) == [2]
[1, 2].map(x, x > 1, x * 10) == [20]
{'a': 1}.all(k, k == 'a') && {'a': 1}.map(k, k) == ['a']
has({'a': 1}.a) && !has({'a': 1}.b)
[1, 0].exists(x, 1 / x == 1) && ![0, 1].all(x, 1 / x == 2)
[1, 2, 2].isSorted() && ![2, 1].isSorted() && [1, 2].sum() == 3 && [1.5, 1.5].sum() == 3.0
[3, 1].min() == 1 && [3, 1].max() == 3 && [1, 2, 1].indexOf(1) == 0
[1, 2, 1].lastIndexOf(1) == 2 && [1].indexOf(7) == -1 && [1].lastIndexOf(7) == -1
[1, 2, 1].distinct() == [1, 2] && [[1], [2]].flatten() == [1, 2]
[[[1]], [[2]]].flatten(2) == [1, 2] && [1, 2, 3].slice(1, 2) == [2]
[3, 1, 2].sort() == [1, 2, 3] && ['bb', 'a'].sortBy(w, w.size()) == ['a', 'bb']
[1, 2].reverse() == [2, 1] && [1, 2].first().value() == 1 && [1, 2].last().value() == 2
lists.range(3) == [0, 1, 2] && ![].first().hasValue()
'a1b22'.find('[0-9]+') == '1' && 'a1b22'.findAll('([0-9])+') == ['1', '22']
'a1b22'.findAll('[0-9]+', 1) == ['1'] && 'abc'.find('x') == ''
quantity('1Gi').compareTo(quantity('1024Mi')) == 0 && quantity('1').isGreaterThan(quantity('999m'))
quantity('1k').isLessThan(quantity('1Ki')) && quantity('500m').add(quantity('500m')) == quantity('1')
quantity('2').sub(1) == quantity('1') && quantity('2').add(1).asInteger() == 3
quantity('1.5').asApproximateFloat() == 1.5 && !quantity('1.5').isInteger() && quantity('2').isInteger()
sign(quantity('-1')) == -1 && isQuantity('1e3') && !isQuantity('1 Gi') && quantity('1e3') == quantity('1k')
url('https://example.com:80/a%20b?q=1&q=2').getScheme() == 'https'
url('https://example.com:80/').getHost() == 'example.com:80'
url('https://example.com:80/').getHostname() == 'example.com'
url('https://[::1]:80/').getHostname() == '::1' && url('https://[::1]:80/').getPort() == '80'
url('https://example.com/').getPort() == ''
url('https://example.com/a%20b?q=1').getEscapedPath() == '/a%20b'
url('https://example.com/?q=1&q=2&r=').getQuery() == {'q': ['1', '2'], 'r': ['']}
isURL('https://example.com') && isURL('/absolute/path') && !isURL('relative') && !isURL('')
ip('10.0.0.1').family() == 4 && ip('::1').family() == 6 && isIP('1.2.3.4') && !isIP('1.2.3')
ip.isCanonical('::1') && !ip.isCanonical('0:0:0:0:0:0:0:1')
ip('0.0.0.0').isUnspecified() && ip('127.0.0.1').isLoopback() && ip('8.8.8.8').isGlobalUnicast()
ip('224.0.0.1').isLinkLocalMulticast() && ip('fe80::1').isLinkLocalUnicast()
!isIP('::ffff:1.2.3.4') && !isIP('fe80::1%eth0') && !isIP('01.2.3.4')
cidr('10.0.0.0/8').containsIP('10.1.2.3') && cidr('10.0.0.0/8').containsIP(ip('10.1.2.3'))
cidr('10.0.0.0/8').containsCIDR('10.1.0.0/16') && !cidr('10.1.0.0/16').containsCIDR('10.0.0.0/8')
cidr('10.0.0.0/8').containsCIDR(cidr('10.0.0.0/9')) && cidr('10.0.0.0/8').prefixLength() == 8
cidr('10.1.2.3/8').masked() == cidr('10.0.0.0/8') && cidr('10.1.2.3/8').ip() == ip('10.1.2.3')
isCIDR('::/0') && !isCIDR('10.0.0.0') && !isCIDR('10.0.0.0/33') && !isCIDR('10.0.0.0/08')
!format.dns1123Label().validate('a-b').hasValue() && format.dns1123Label().validate('A').hasValue()
!format.dns1123Subdomain().validate('a.b').hasValue() && format.dns1123Subdomain().validate('a..b').hasValue()
!format.dns1035Label().validate('a1').hasValue() && format.dns1035Label().validate('1a').hasValue()
!format.dns1123LabelPrefix().validate('a-').hasValue() && format.dns1123Label().validate('a-').hasValue()
!format.dns1123SubdomainPrefix().validate('a.b-').hasValue() && !format.dns1035LabelPrefix().validate('a-').hasValue()
!format.qualifiedName().validate('a.b/C_d').hasValue() && format.qualifiedName().validate('a/b/c').hasValue()
!format.labelValue().validate('').hasValue() && format.labelValue().validate('a b').hasValue()
!format.uri().validate('https://a').hasValue() && format.uri().validate('a').hasValue()
!format.uuid().validate('0123abcd-0000-0000-0000-000000000000').hasValue() && format.uuid().validate('x').hasValue()
!format.byte().validate('YWJj').hasValue() && format.byte().validate('###').hasValue()
!format.date().validate('2024-02-29').hasValue() && format.date().validate('2023-02-29').hasValue()
!format.datetime().validate('2024-02-29T00:00:00Z').hasValue() && format.datetime().validate('x').hasValue()
format.named('dns1123Label').hasValue() && !format.named('no-such').hasValue()
semver('1.2.3').isLessThan(semver('1.10.0')) && semver('1.0.0-rc.1').isLessThan(semver('1.0.0'))
semver('2.0.0').isGreaterThan(semver('1.9.9')) && semver('1.0.0').compareTo(semver('1.0.0')) == 0
semver('1.2.3').major() == 1 && semver('1.2.3').minor() == 2 && semver('1.2.3').patch() == 3
semver('v1.2', true) == semver('1.2.0') && isSemver('1.0.0-a+b') && !isSemver('1.0') && isSemver('v1', true)
'abc'.charAt(1) == 'b' && 'abc'.charAt(3) == '' && 'abcb'.indexOf('b') == 1 && 'abcb'.indexOf('b', 2) == 3
'abcb'.lastIndexOf('b') == 3 && 'abcb'.lastIndexOf('b', 2) == 1 && ['a', 'b'].join('-') == 'a-b'
['a', 'b'].join() == 'ab' && 'aaa'.replace('a', 'b') == 'bbb' && 'aaa'.replace('a', 'b', 2) == 'bba'
'a,b,c'.split(',') == ['a', 'b', 'c'] && 'a,b,c'.split(',', 2) == ['a', 'b,c'] && 'ab'.split('') == ['a', 'b']
'abc'.substring(1) == 'bc' && 'abc'.substring(0, 1) == 'a' && ' a '.trim() == 'a'
'Ab'.lowerAscii() == 'ab' && 'Ab'.upperAscii() == 'AB' && strings.quote('a"b') == '"a\\"b"'
'%s %d %.2f %b %x %X %o %%'.format(['a', 1, 1.5, true, 255, 255, 8]) == 'a 1 1.50 1 ff FF 10 %'
'%s'.format([[1, 2]]) == '[1, 2]' && '%s'.format([{'a': null}]) == '{"a":null}'
'%s'.format([['a', 'b']]) == '["a", "b"]' && '%s %s'.format([[1.5], 1.5]) == '[1.500000] 1.5'
'%.2f'.format([1234.5]) == '1,234.50' && '%.2e'.format([1234.5]) == '1.234500\u00d710\u2070\u00b3'
string(1e21) == '1e+21' && string(1e-7) == '1e-07' && string(123456789.0) == '1.23456789e+08' && string(0.1) == '0.1'
string(0.0001) == '0.0001' && string(999999.0) == '999999' && string(1000000.0) == '1e+06' && '%s'.format([int]) == 'int'
sets.contains([1, 2], [2]) && sets.equivalent([1, 1], [1]) && sets.intersects([1], [1, 2])
!sets.contains([1], [2]) && !sets.intersects([1], [2]) && !sets.equivalent([1], [2])
optional.of(1).hasValue() && optional.of(1).value() == 1 && !optional.none().hasValue()
!optional.ofNonZeroValue(0).hasValue() && optional.ofNonZeroValue('a').value() == 'a'
optional.of(1).or(optional.of(2)).value() == 1 && optional.none().or(optional.of(2)).value() == 2
optional.none().orValue(3) == 3 && optional.of(1).optMap(x, x + 1).value() == 2
optional.unwrap([optional.of(1), optional.none()]) == [1] && [optional.of(2)].unwrapOpt() == [2]
optional.of(1).optFlatMap(x, optional.of(x + 1)).value() == 2 && {'a': 1}.?b.orValue(2) == 2
{'a': {'b': 1}}.?a.b.orValue(0) == 1 && {'a': {'b': 1}}.?a.c.orValue(0) == 0 && [1][?3].orValue(9) == 9
{?'a': optional.of(1), ?'b': {'x': 1}.?y} == {'a': 1} && [?optional.none(), 1] == [1]
{'a': 1}.all(k, v, k == 'a' && v == 1) && [5].exists(i, v, i == 0 && v == 5) && [5].existsOne(i, v, v == 5)
[5, 6].transformList(i, v, i + v) == [5, 7] && [5, 6].transformList(i, v, i > 0, v) == [6]
{'a': 1}.transformMap(k, v, v + 1) == {'a': 2} && {'a': 'b'}.transformMapEntry(k, v, {v: k}) == {'b': 'a'}
jsonpatch.escapeKey('a/b~c') == 'a~1b~0c'
"""
