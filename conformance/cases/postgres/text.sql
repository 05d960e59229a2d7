-- Strings: functions, patterns, bytea, formatting.

== Case, length and trimming
? {upper|lower|initcap|length|char_length|octet_length|bit_length|reverse|md5|ascii}({'Hello World'|''|null|'äÖß'|'日本'})
? {trim|ltrim|rtrim|btrim}('  x y  ')
? {ltrim|rtrim|btrim}('xxyxx', {'x'|'xy'|''})
? trim({leading|trailing|both} 'x' from 'xxaxx')
? {lpad|rpad}('ab', {5|1|0|-1})
? {lpad|rpad}('ab', 7, {'xyz'|''})
? {left|right}('hello', {2|-2|0|10|-10})
? repeat('ab', {3|0|-1})
? chr({65|8364|0|-1|1114112})
? {concat('a', 1, null, true)|concat()|concat_ws(',', 'a', null, 'b')|concat_ws(null, 'a')}

== Substrings and positions
? substring('hello' from {2|0|-1|10})
? substring('hello' from {2|-1} for {2|0|10})
? substring('hello' from 2 for -1)
? substr('hello', {2|0|-2}, {3|100})
? substr('hello', {2|0})
? substring('foobar' from {'o.b'|'o(.)b'|'x'})
? substring('foobar' similar '%#"o_b#"%' escape '#')
? position({'l'|'z'|''} in 'hello')
? strpos('hello', {'l'|''|'lo'})
? overlay('Txxxxas' placing 'hom' from 2 for 4)
? overlay('abc' placing 'X' from {2|0|10})
? split_part('a,b,c', ',', {1|2|3|4|-1|0})
? split_part('a,b', '', 1)
? {starts_with('hello', 'he')|'hello' ^@ 'he'|'hello' ^@ 'x'}
? translate('12345', '143', 'ax')
? replace('abcabc', {'b'|''|'bc'}, {'x'|''})

== Concatenation
SELECT 'a' || 'b';
SELECT 'a' || 1;
SELECT 1 || 'a';
SELECT 'a' || null;
SELECT null || 'a';
SELECT 'a' || true;
SELECT 'a'::char(3) || 'b';
SELECT 'a' || 1.50;
SELECT array[1] || 2;
SELECT 'a'::bytea || 'b';
SELECT 'a'
  'b';
SELECT 'a' 'b';

== LIKE and SIMILAR TO
? {'abc'|'aXc'|'a%c'|''} {LIKE|ILIKE|NOT LIKE} {'a%'|'a_c'|'A%'|'%'|''|'a\%c'}
? 'a%c' LIKE 'a#%c' ESCAPE '#'
? 'a%c' LIKE 'a%c' ESCAPE ''
? 'abc' LIKE 'a' ESCAPE 'xy'
? 'abc' LIKE 'a\'
? 'abc' {SIMILAR TO|NOT SIMILAR TO} {'abc'|'a'|'a%'|'%(b)%'}
? 'abc' ~~ 'a%'
? 'abc' !~~* 'A%'
? 'abc'::bytea LIKE 'a%'
? 1 LIKE '1'

== Regular expressions
? {'abc'|'ABC'|'foobar'} {~|~*|!~|!~*} {'^a'|'b+'|'[A-C]+$'|'oo'|'\mfoo'}
? 'foobar' ~ 'o{2}'
? 'foobar' ~ '(x|oo)b'
? 'abc' ~ {'['|'('|'*'|'+'}
? 'a' ~ 'a{2,1}'
? regexp_replace('foobarbaz', {'b..'|'b(..)'|'x'}, {'X'|'[\1]'|'\&'})
? regexp_replace('foobarbaz', 'b..', 'X', {'g'|'i'|'z'})
? regexp_replace('foobarbaz', 'b', 'X', {1, 2|5|1, 0, 'i'})
? regexp_match('foobarbequebaz', {'bar.*que'|'(bar)(.*)(que)'|'x'})
? regexp_matches('foobarbequebazilbarfbonk', '(b[^b]+)(b[^b]+)', 'g')
? regexp_split_to_array('hello  world', {'\s+'|''|'x'})
? regexp_split_to_table('a,b,c', ',')
? {regexp_count('ababab', 'ab')|regexp_instr('ababab', 'b', 1, 2)|regexp_like('Abc', 'a', 'i')|regexp_substr('foobar', 'o+')}
? {regexp_count('a', 'a', 0)|regexp_instr('a', 'a', 1, 0)}
? string_to_array({'a,b,c', ','|'a,b', null|'', ','|'a,,b', ',', ''|null, ','})
? string_to_table('a,b', ',')
? array_to_string({array[1, null, 3], ','|array[1, null, 3], ',', '*'|array[]::int[], ','})

== Quoting and formatting
? {quote_ident|quote_literal|quote_nullable}({'abc'|'a b'|'A'|'it''s'|'a\b'|'select'|''|null})
? format({'Hello %s', 'x'|'%I.%I', 'a b', 'c'|'%L', 'it''s'|'%L', null|'%s', null|'%%'|'%1$s %1$s', 'x'|'%2$s %1$s', 'a', 'b'|'%10s', 'x'|'%-10s.', 'x'|'%*s', 5, 'x'})
? format({'%s'|'%z', 'x'|'%', 'x'|'%I', null|'%3$s', 'a'})
? {E'a\nb'|E'\x41'|E'\u0041'|E'\101'|U&'\0041'|U&'d!0061t' UESCAPE '!'|'a''b'|$$it's$$|$x$y$x$}
? E'\u0000'
? {E'\xZZ'|E'\uD800'|U&'\00'}
? {to_ascii('x')|unistr('\0041')|normalize('é', NFD) = 'é'|'é' IS NFC NORMALIZED}
? {string_agg(x, ',')|string_agg(x, ',' ORDER BY x DESC)} FROM (VALUES ('b'), ('a'), (null)) v(x)

== char, varchar and name
? {'abc'|'ab'|'abcdef'}::{char(3)|varchar(3)|char|"char"|name|bpchar}
? 'abc  '::char(5) = 'abc'
? 'abc  '::char(5)::text || '|'
? length('abc  '::char(5))
? 'abc'::varchar(0)
? 'abc'::char(10485761)
CREATE TABLE c (a char(3), v varchar(3));
INSERT INTO c VALUES ('abcd', 'x');
INSERT INTO c VALUES ('x', 'abcd');
INSERT INTO c VALUES ('abc   ', 'abc   ');
INSERT INTO c VALUES ('a', 'b');
SELECT a, v, a || '.', length(a) FROM c ORDER BY a;

== bytea
? {'\x414243'|'abc'|'a\\b'|'\101'|'\x4'|'\xzz'|''}::bytea
? {length|octet_length|md5|bit_length}('\x4142'::bytea)
? encode('\x41ff00'::bytea, {'hex'|'base64'|'escape'|'bogus'})
? decode({'41ff', 'hex'|'Qf8A', 'base64'|'A\377', 'escape'|'zz', 'hex'|'Q', 'base64'})
? {get_byte('\x4142'::bytea, 1)|get_bit('\x41'::bytea, 0)|set_byte('\x4142'::bytea, 0, 255)|set_bit('\x00'::bytea, 7, 1)}
? {get_byte('\x41'::bytea, 5)|get_bit('\x41'::bytea, 99)}
? substring('\x41424344'::bytea from 2 for 2)
? {sha224|sha256|sha384|sha512}('abc'::bytea)
? convert_from('\xc3a9'::bytea, {'UTF8'|'LATIN1'|'bogus'})
? convert_to('é', {'UTF8'|'LATIN1'})
? convert_from('\xff'::bytea, 'UTF8')
SET bytea_output = 'escape';
? '\x41005c'::bytea
RESET bytea_output;
? {crc32('abc'::bytea)|crc32c('abc'::bytea)|reverse('\x0102'::bytea)}

== Comparison and order of strings
? {'a'|'B'|'aa'|''} {<|=|>} {'b'|'A'}
? 'a' COLLATE "C" < 'B'
? 'a' COLLATE nosuch
? 'a' COLLATE "C" < 'b' COLLATE "POSIX"
? {max(x)|min(x)} FROM (VALUES ('b'), ('a'), ('Z')) v(x)
SELECT x FROM (VALUES ('b'), ('a'), ('Z'), ('é'), ('z'), (' '), ('10'), ('9')) v(x) ORDER BY x;
SELECT x FROM (VALUES ('b'), (null), ('a')) v(x) ORDER BY x DESC NULLS LAST;
