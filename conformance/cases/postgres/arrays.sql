-- Arrays, ranges, multiranges, composites, enums, domains and other types.

== Array input
SELECT '{1,2,3}'::int[], '{}'::int[], '{{1,2},{3,4}}'::int[], '{NULL,1}'::int[], '[0:2]={1,2,3}'::int[];
SELECT '{1,2'::int[];
SELECT '{{1,2},{3}}'::int[];
SELECT '{1,a}'::int[];
SELECT '1,2'::int[];
SELECT '{a,"b c","d\"e",null,"null"," f "}'::text[];
SELECT array['a b', 'c"d', 'e\f', '', null, 'NULL', '{x}', 'a,b'];
SELECT array[1, 2.5, 3], array[[1,2],[3,4]], array[]::int[], array[null, 1];
SELECT array[1, 'a'];
SELECT array[];
SELECT array[[1,2],[3]];
SELECT array(SELECT x FROM generate_series(1, 3) x), array(SELECT 1 WHERE false);

== Array elements and slices
? (array[10,20,30])[{1|3|4|0|2:3|:2|2:|5:6|3:1}]
? (array[[1,2],[3,4]])[{1][2|2|1:1][2:2|1:2}]
? ('[0:2]={1,2,3}'::int[])[{0|2|3}]
? {array_length(array[1,2,3], 1)|array_length(array[]::int[], 1)|array_length(array[1], 2)|cardinality(array[[1,2],[3,4]])|array_ndims(array[[1]])|array_dims('[0:2]={1,2,3}'::int[])|array_lower('[0:2]={1,2,3}'::int[], 1)|array_upper(array[1,2], 1)}
CREATE TABLE a (id int, v int[], m text[][]);
INSERT INTO a VALUES (1, '{1,2,3}', '{{a,b},{c,d}}'), (2, '{}', null), (3, null, '{}');
UPDATE a SET v[2] = 20 WHERE id = 1 RETURNING v;
UPDATE a SET v[5] = 50 WHERE id = 1 RETURNING v;
UPDATE a SET v[1:2] = '{7,8}' WHERE id = 1 RETURNING v;
UPDATE a SET v[1] = 1 WHERE id IN (2, 3) RETURNING id, v;
SELECT id, v[1], m[1][2], m[2:2] FROM a ORDER BY id;

== Array operators and functions
? array[1,2,3] {=|<>|<|>|@>|<@|&&} {array[1,2]|array[3,2,1]|'{}'|array[1,null]}
SELECT array[1,2] || array[3], array[1] || 2, 0 || array[1], array[[1,2]] || array[3,4], null || array[1], array[1] || null::int;
? 2 = {ANY|ALL|SOME} ({array[1,2]|array[2,2]|'{}'|array[1,null]})
? 2 {<|>=} ALL (array[3,4])
? array_{append(array[1], 2)|prepend(0, array[1])|cat(array[1], array[2])|remove(array[1,2,1], 1)|replace(array[1,2,1], 1, 9)|position(array['a','b'], 'b')|position(array[1], 5)|positions(array[1,2,1], 1)|fill(7, array[2,2])|fill(0, array[2], array[0])|to_string(array[1,null], ',')|sample(array[1], 1)|reverse(array[1,2,3])|sort(array[3,1,2])}
? {trim_array(array[1,2,3], 1)|array_append(null::int[], 1)|array_shuffle(array[1])|array_remove(array[1,null], null)|trim_array(array[1], 5)}
? unnest({array[1,2]|array[[1,2],[3,4]]|'{}'::int[]})
SELECT * FROM unnest(array[1,2], array['a','b','c']) AS u(x, y);
SELECT * FROM unnest(array['a','b']) WITH ORDINALITY AS u(x, n);
SELECT generate_subscripts(array[[1,2],[3,4]], 2);
? array_agg({x|x ORDER BY x DESC|DISTINCT x|array[x, x]}) FROM (VALUES (2), (1), (null)) v(x)
? '{1,2}'::int[]::{text[]|text|int8[]|numeric[]|bool[]}
? array[1.5, 2.5]::int[]

== Ranges
? '{[1,5)|(1,5]|[1,1]|[1,1)|empty|(,5)|[1,)|(,)|[5,1]|[1,|1,5|[a,b]}'::int4range
? {int4range(1, 5)|int4range(1, 5, '[]')|int4range(5, 1)|int4range(null, 5)|numrange(1.5, 2.5)|daterange('2024-01-01', '2024-02-01', '[]')|tsrange('2024-01-01', null)|int8range(1, 5, 'xx')}
? int4range(1, 10) {@>|<@|&&|=|<|>|<<|>>|&<|&>|-|-} int4range(3, 7)
? int4range(1, 5) {+|*|-} int4range({3, 8|10, 12|1, 5})
? int4range(1, 10) - int4range(3, 5)
? int4range(1, 10) @> {5|10|null}
? {lower|upper|isempty|lower_inc|upper_inc|lower_inf|upper_inf}({int4range(1, 5)|'empty'::int4range|numrange(null, 2, '[]')})
? {range_merge(int4range(1, 2), int4range(5, 6))|range_intersect_agg(r)} FROM (VALUES (int4range(1, 5)), (int4range(3, 8))) v(r)
SELECT '{[1,3),[5,7)}'::int4multirange, '{[5,7),[1,6)}'::int4multirange, '{}'::int4multirange, int4multirange(int4range(1, 2), int4range(2, 3));
SELECT '{[1,3),[5,7)}'::int4multirange @> 6, '{[1,3)}'::int4multirange && '[2,4)'::int4range, unnest('{[1,3),[5,7)}'::int4multirange);
SELECT range_agg(r) FROM (VALUES (int4range(1, 3)), (int4range(2, 5)), (int4range(9, 10))) v(r);

== Enums
CREATE TYPE mood AS ENUM ('sad', 'ok', 'happy');
? {'ok'|'bad'|''|null}::mood
? 'sad'::mood {<|>|=} 'happy'
? {enum_first|enum_last|enum_range}(null::mood)
? enum_range('ok'::mood, null)
? {max|min}(m) FROM (VALUES ('ok'::mood), ('sad')) v(m)
ALTER TYPE mood ADD VALUE 'great' AFTER 'happy';
ALTER TYPE mood ADD VALUE 'meh' BEFORE 'ok';
ALTER TYPE mood ADD VALUE 'ok';
ALTER TYPE mood ADD VALUE IF NOT EXISTS 'ok';
ALTER TYPE mood RENAME VALUE 'meh' TO 'so-so';
SELECT enum_range(null::mood);
SELECT 'ok'::mood::text, 'ok'::text::mood, 'ok'::mood = 'ok', 'ok'::mood || 'x';
SELECT 'ok'::mood = 'ok'::text;
CREATE TYPE mood AS ENUM ('x');
CREATE TYPE empty AS ENUM ();
CREATE TYPE twice AS ENUM ('a', 'a');
CREATE TABLE m (v mood DEFAULT 'ok');
INSERT INTO m VALUES (DEFAULT), ('happy') RETURNING v;
DROP TYPE mood;
DROP TYPE mood CASCADE;
SELECT * FROM m;

== Domains
CREATE DOMAIN positive AS int CHECK (VALUE > 0);
CREATE DOMAIN code AS text NOT NULL DEFAULT 'none' CONSTRAINT short CHECK (length(VALUE) < 5);
? {5|0|-1|null|'7'|'x'}::positive
? {'abc'|'abcdef'|null}::code
CREATE TABLE dm (p positive, c code);
INSERT INTO dm VALUES (1, 'x');
INSERT INTO dm VALUES (0, 'x');
INSERT INTO dm VALUES (1, 'toolong');
INSERT INTO dm (p) VALUES (2) RETURNING c;
INSERT INTO dm VALUES (1, null);
UPDATE dm SET p = -1;
SELECT p + 1, pg_typeof(p), pg_typeof(p + 1) FROM dm WHERE c = 'x';
ALTER DOMAIN positive ADD CONSTRAINT small CHECK (VALUE < 100);
INSERT INTO dm VALUES (500, 'x');
ALTER DOMAIN positive DROP CONSTRAINT small;
ALTER DOMAIN positive DROP CONSTRAINT nosuch;
ALTER DOMAIN positive ADD CHECK (VALUE > 100);
DROP DOMAIN positive;
DROP DOMAIN nosuch;
DROP DOMAIN IF EXISTS nosuch;

== Composite types and rows
CREATE TYPE point2 AS (x int, y int);
? row(1, 2)::point2
? {'(1,2)'|'(1,)'|'(1)'|'(1,2,3)'|'1,2'|'("1","2")'|'(a,2)'}::point2
? (row(1, 2)::point2).{x|y|z|*}
? row(1, 'a') {=|<|<>} row(1, {'b'|'a'|null})
? row(1, 2) = row(1, 2, 3)
? row(1, null) IS {NULL|NOT NULL|DISTINCT FROM row(1, null)}
CREATE TABLE pts (id int, p point2);
INSERT INTO pts VALUES (1, row(1, 2)), (2, '(3,4)'), (3, null);
SELECT id, (p).x, p FROM pts ORDER BY id;
UPDATE pts SET p.x = 10 WHERE id = 1 RETURNING p;
SELECT pts FROM pts ORDER BY id;
SELECT pts.*, (pts).id FROM pts ORDER BY id;
ALTER TYPE point2 ADD ATTRIBUTE z int;
SELECT p FROM pts ORDER BY id;
SELECT p.x FROM pts;

== Booleans
? {'t'|'true'|'yes'|'on'|'1'|'f'|'no'|'off'|'0'|'tr'|'o'|'maybe'|''|' true '}::bool
? {true|false|null} {AND|OR} {true|false|null}
? NOT {true|null}
? {true|null} IS {TRUE|NOT FALSE|UNKNOWN}
? {1|0|5}::bool
? true::{int|text}
? {bool_and|bool_or|every}(x) FROM (VALUES (true), (null), (false)) v(x)
? 1 AND true
? {true > false|bool 'yes'|true::text}

== Other types
SELECT uuid_extract_version('a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'), length(gen_random_uuid()::text);
? {'192.168.1.5'|'10.0.0.0/8'|'192.168.1.5/24'|'::1'|'fe80::1/64'|'300.1.1.1'|'1.2.3'}::{inet|cidr}
? {host|masklen|network|broadcast|netmask|family|hostmask|abbrev}(inet '192.168.1.5/24')
? inet '192.168.1.5' {<<|<<=|=} inet '192.168.1.0/24'
? inet '192.168.1.5' {+ 10|- 5|& '255.0.0.0'}
? {'08:00:2b:01:02:03'|'0800.2b01.0203'|'xx'}::macaddr
? {B'101'|X'1F'|'101'::bit(5)|'10101'::bit(3)|'101'::varbit(2)|B'12'}
? B'1010' {&|#} B'0110'
? {~B'1010'|B'1010' << 1|length(B'1010')|B'1010'::int|5::bit(4)|bit_length(B'101')}
? {'1.5'|'$1,234.50'|'-5'|'abc'}::money
? {point '(1,2)' + point '(3,4)'|point '(0,0)' <-> point '(3,4)'|area(box '((0,0),(2,3))')|center(circle '<(1,2),5>')|box '((0,0),(2,2))' @> point '(1,1)'}
? {'fat:1 cat:2'|'a b'}::tsvector
? {to_tsvector('english', 'The quick foxes')|to_tsquery('english', 'fox & quick')|to_tsvector('english', 'foxes') @@ to_tsquery('english', 'fox')|plainto_tsquery('simple', 'a b')}

== More of other types
? pg_typeof({1|1.5|'a'|null|array[1]|row(1)|'a'::text|now()|1::int2})
? {xid '5'|'1/A'::pg_lsn|oid '5'|'pg_class'::regclass|'int4'::regtype|'lower(text)'::regprocedure|'nosuch'::regclass}
? {'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'|'a0eebc999c0b4ef8bb6d6bb9bd380a11'|'xyz'|''}::uuid
SELECT '{A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11}'::uuid;
? {point '(1,2)'|box '((0,0),(1,1))'|circle '<(0,0),5>'|lseg '[(0,0),(1,1)]'|path '((0,0),(1,1))'|polygon '((0,0),(1,1),(1,0))'}
SELECT row(), row(1, 'a b', null, 'c"d'), (1, 2), row(row(1, 2), 3);
