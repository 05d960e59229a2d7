-- Integers, numeric and floating point: operators, functions, limits.

== Addition and its kin over all number types
? {1::int2|2::int4|3::int8|4.5::numeric|5.5::float4|6.5::float8} {+|-|*} {7::int2|8::int4|9::int8|1.25::numeric|2.5::float4|0.5::float8}

== Division and remainder
? {7::int2|-7::int4|7::int8|7.5::numeric|-7.5::float8} / {2::int2|2::int4|-2::int8|2.0::numeric|2::float8}
? {7|-7|7.5} % {3|-3|2.5}
? {7|7::int8|7.0|7::float8} / {0|0::int8|0.0|0::float8}
? 7 % 0
? 1.0 % 0
? -9223372036854775808 / -1
? (-2147483648)::int4 / -1
? (-32768)::int2 / (-1)::int2
? (-32768)::int2 % (-1)::int2

== Integer overflow
? 32767::int2 {+|*} 2::int2
? 2147483647 {+ 1|- -1|* 2}
? 9223372036854775807 {+ 1|- -1|* 2}
? -2147483648
? (-2147483648)::int4 - 1
? -(-2147483648)::int4
? abs((-2147483648)::int4)
? {32768|-32769|99999.5}::int2
? {2147483648|-2147483649|1e10}::int4
? {9223372036854775808|1e19|-9223372036854775809}::int8
? {'32768'|'abc'|''|' 5 '|'5.0'|'0x1F'|'0b101'|'0o17'|'1_000'|'1__0'|'-'|'+7'}::{int2|int4|int8}

== Number literals
? {1|2147483647|2147483648|9223372036854775807|9223372036854775808|1.|.5|1e3|1.5e-3|0x1F|0o17|0b101|1_000_000|1_0.5_0}
? {1a|0x|0b2|1__0|1_|0o8}

== Comparison
? {1|2.5|3::float8|4::int8} {=|<>|<|<=|>|>=} {2|2.5|3::float4}
? 1 {<=|!=} null
? null = null
? 1 IS {DISTINCT|NOT DISTINCT} FROM {1|2|null}
? 'NaN'::{numeric|float8} {=|<|>} {'NaN'|'Infinity'|1}::{numeric|float8}
? 5 BETWEEN {1|6} AND {5|10}
? 5 BETWEEN SYMMETRIC 10 AND 1
? 5 NOT BETWEEN 1 AND 3
? 5 IN ({1, 2|5|null|5, null})
? 5 NOT IN ({1, 2|5|null, 1})

== Bits of integers
? {5|-5::int2|5::int8} {&|#} {3|6}
SELECT 5 | 3;
? ~{5|-1|5::int2|5::int8}
? {1|-8|1::int8} {<<|>>} {2|33}
? 5.5 & 3

== Numeric keeps its scale
? {1.10|1.100 + 0|2.0 * 3.00|1.0 / 3|10.0 / 3.00|1 / 3.0|100000000000000000000 * 3|1.5 - 1.5|-0.0|0.1 + 0.2}
? {1e400|1e-400|1e1000}::numeric
? 12345.6789::numeric({6|9,2|9,4|4,2|3,-2|2,5})
? {99.995|99.994|-99.995|100}::numeric(4,2)
? 1::numeric({0|1001|5,1001|-1})
? {'NaN'|'Infinity'|'-Infinity'|'inf'|'1e5'|'1e'|'.'|'1.2.3'|' 1.5 '|'1_000.5'|'0x10'}::numeric
? 'Infinity'::numeric {+ 1|- 'Infinity'|* 0|/ 'Infinity'|* -1}

== Rounding
? {round|trunc}({1.5|2.5|-1.5|1234.567|0.5})
? {round|trunc}({1.5|2.5|-2.5|0.4999}::float8)
? {round|trunc}(1234.5678, {2|0|-2|5|-5})
? {ceil|floor|ceiling}({1.2|-1.2|5}::{numeric|float8})
? {1.5|2.5|-1.5|-2.5|0.5}::{int4|int8}
? {1.5|2.5|-1.5|-2.5|0.5}::float8::{int4|int8}
? round(1.5::float8, 1)

== Floats print shortest
? {0.1|1.5|1e15|1e16|1e-5|1e-4|123456789.123456789|1.7976931348623157e308|4.9e-324|100|-0.0|3.4028235e38}::float8
? {0.1|1.5|1e6|1e7|1e-5|16777217|3.4028235e38}::float4
? {1e309|'1e309'|'-1e400'|'1e-400'}::float8
? {'NaN'|'inf'|'-infinity'|'abc'|''|'1e'|'0x1p4'}::{float4|float8}
? 0.1::float4::float8
? 1e39::float4
? 0.1::float8 + 0.2::float8
SET extra_float_digits = 0;
? {0.1::float8 + 0.2|1/3::float8|0.1::float4}
SET extra_float_digits = -3;
RESET extra_float_digits;
? 1e308::float8 * 10
? 1e-308::float8 / 1e10
? 1e-320::float8 * 1e-10

== Mathematical functions
? {sqrt|cbrt|exp|ln|log}({4|2.5|0.5}::{float8|numeric})
? {sqrt|ln|log}({-1|0}::{float8|numeric})
? log(2, {8|10.5})
? log({1|0|-2}::numeric, 8)
? power({2|2.5|-2}, {3|0.5|-1})
? power({2|0|-8}::float8, {0.5|-1|3}::float8)
? {2|2.0|2::float8} ^ {3|-1|0.5}
? {sin|cos|tan|asin|acos|atan|sinh|cosh|tanh}(0.5)
? {sind|cosd|tand|asind|acosd|atand}({0|0.5|1})
? {asin|acos}(2)
? atan2({1|-1}, {2|0})
? {degrees|radians}({1|180})
? {pi()|e()}
? {abs|sign}({-5|5|0|-2.5|-2.5::float8|-5::int8|-5::int2})
? mod({10|10.5|-10}, {3|4})
? div({10|10.5|-7}, {3|2})
? {gcd|lcm}({12|0|-12|9223372036854775807}, {18|0})
? factorial({0|5|20|-1})
? width_bucket({5|0|10|-1|5.35}, 0, 10, 5)
? width_bucket(5, {0, 0, 5|0, 10, 0})
? width_bucket(5, array[1,3,5,7])
? {scale|min_scale|trim_scale}({1.1200|5|0.00})
? {numeric_inc(1.5)|float8um(2.5)|int4pl(1, 2)|int4abs(-4)}
? {greatest|least}({1, 2, 3|1, null, 2.5|null, null|'b', 'a'})
? {erf|erfc|gamma|lgamma}({0.5|2}::float8)
? bit_count({5::bit(8)|'\xff'::bytea})

== Numbers as text
? to_char({1234.5|-1234.5|0|0.05|12345678}, '{9999.99|9,999.00|FM9999.99|0000|S9999|9999MI|PR999999|L9999|9999V99|RN|FMRN|EEEE|9.99EEEE|"text"999|999th|FM999TH|$9999|B999}')
? to_char(485::int8, '999')
? to_char(-485::float8, '9999.9')
? to_number({'1,234.5', '9,999.9'|'-12', 'S99'|'12-', '99MI'|'abc', '99'|'$12', 'L99'})
? {to_hex|to_bin|to_oct}({255|-1|255::int8|0})
? {12345|-5}::text
? to_char(1e10, '9.9EEEE')

== Functions that do not exist say so
? {nosuch(1)|abs('x'::text)|sqrt(true)|round('a'::text, 2)|power(1)|mod(1.5::float8, 2::float8)|lower(5)|length(5)}
? 'a' + 1
? 'a'::text + 1
? true + 1
? 1 + true
SELECT 1 || 2;
? -'abc'::text
? @ -5
SELECT |/ 16.0;
SELECT ||/ 27.0;
? 5 !
? 1 === 2
