-- json and jsonb.

== Input and output
? {'{"b": 1, "a": [1, 2.50, null, true], "a": "x"}'|'[]'|'{}'|'"text"'|'1.0'|'-1e5'|'null'|' [ 1 , 2 ] '|'{"a":{"b":{}}}'|'"\u00e9\n\""'|'1e400'}::{json|jsonb}
? {''|'abc'|'{a: 1}'|'[1,'|'{"a"}'|'{"a":1,}'|'01'|'"\u0000"'|'"\ud800"'|'nul'|'[1] 2'|'"a'|'{"a":1 "b"}'|'\'}::{json|jsonb}

== Reading from documents
CREATE TABLE d (id int, j jsonb);
INSERT INTO d VALUES (1, '{"a": {"b": [10, 20, {"c": null}]}, "n": 1.50, "t": "x", "f": false}'), (2, '[1, "two", null]'), (3, '"scalar"'), (4, null);
SELECT id, j -> 'a', j ->> 'a', j -> 0, j ->> 1, j -> -1 FROM d ORDER BY id;
SELECT id, j #> '{a,b,1}', j #>> '{a,b,2,c}', j #> '{}', j #> '{a,x}' FROM d ORDER BY id;
SELECT id, jsonb_typeof(j), j['a']['b'][0], j['n'] FROM d ORDER BY id;
SELECT id, j ? 'a', j ?| array['x', 'n'], j ?& array['a', 'n'] FROM d ORDER BY id;
SELECT id, j @> '{"n": 1.5}', j @> '[1]', '{"t":"x"}' <@ j FROM d ORDER BY id;
SELECT id, jsonb_path_query_array(j, '$.a.b[*]') FROM d ORDER BY id;
SELECT * FROM d, jsonb_each(CASE WHEN jsonb_typeof(j) = 'object' THEN j ELSE '{}' END) ORDER BY id, key;
SELECT id, e FROM d, jsonb_array_elements(CASE WHEN jsonb_typeof(j) = 'array' THEN j ELSE '[]' END) e ORDER BY id, e;
SELECT jsonb_each(j) FROM d WHERE id = 2;
SELECT jsonb_array_elements(j) FROM d WHERE id = 1;
SELECT j -> 'a' -> 'b' -> 2 -> 'c' IS NULL FROM d WHERE id = 1;
SELECT (j ->> 'n')::numeric + 1, (j ->> 't')::int FROM d WHERE id = 1;
SELECT (j -> 'n')::int, (j -> 'f')::bool, (j -> 'n')::numeric, (j -> 'n')::float8 FROM d WHERE id = 1;
SELECT (j -> 't')::int FROM d WHERE id = 1;
UPDATE d SET j['n'] = '5', j['new']['x'] = '"y"' WHERE id = 1 RETURNING j;
UPDATE d SET j = j || '{"z": 1}' WHERE id = 1 RETURNING j;

== Building documents
? {to_json|to_jsonb}({1|1.50|'text'::text|null::int|true|array[1,2]|array['a',null]|row(1,'a')|date '2024-01-02'|timestamp '2024-01-02 03:04:05'|interval '1 day'|'{"a":1}'::json|'\x41'::bytea|1.5::float8|'NaN'::float8})
? {json_build_object|jsonb_build_object}({'a', 1, 'b', null|'a', array[1,2]|})
? {json_build_object|jsonb_build_object}({'a'|null, 1|1, 2})
? {json_build_array|jsonb_build_array}({1, 'a', null, true|})
? {json_object|jsonb_object}({'{a,1,b,2}'|'{{a,1},{b,2}}'|'{a,b}', '{1,2}'|'{a}'|'{a,null}'})
? {row_to_json(row(1, 'a'))|array_to_json(array[[1,2],[3,4]])|row_to_json(x) FROM (SELECT 1 AS a, 'b' AS b) x}
? {json_agg(x)|jsonb_agg(x)|json_object_agg(x, y)|jsonb_object_agg(x, y)|jsonb_agg(x ORDER BY x DESC)} FROM (VALUES ('a', 1), ('b', 2)) v(x, y)
? {json_agg(x)|jsonb_object_agg(x, x)} FROM (SELECT 1 AS x WHERE false) v
? jsonb_object_agg(null::text, 1)
? json_array({1, 2, null|1, null NULL ON NULL|SELECT 1})
? json_object({'a': 1, 'b': null|'a': 1, 'b': null ABSENT ON NULL|'a': 1, 'a': 2 WITH UNIQUE KEYS})
? {json_scalar(1)|json_serialize('{"a": 1}')|json('{"a":1}')}
? {'{"a":1}' IS JSON|'[1]' IS JSON ARRAY|'1' IS JSON SCALAR|'x' IS JSON|'{"a":1,"a":2}' IS JSON WITH UNIQUE KEYS|'{}' IS NOT JSON OBJECT}

== Changing documents
? jsonb_set('{"a":[1,2],"b":{}}', {'{a,0}', '9'|'{a,5}', '9'|'{b,x}', '1'|'{c,x}', '1'|'{c}', '1', false|'{a,-1}', '"z"'})
? jsonb_insert('{"a":[1,2]}', {'{a,0}', '9'|'{a,0}', '9', true|'{b}', '1'|'{a,9}', '3'})
? jsonb_insert('{"a":1}', '{a}', '2')
? jsonb_set_lax('{"a":1}', '{a}', null, {'use_json_null'|'delete_key'|'return_target'|'raise_exception'})
? '{"a":1,"b":{"c":2}}'::jsonb - {'a'|'z'|array['a','b']}
? '["a","b",1]'::jsonb - {0|-1|'b'|9}
? '{"a":1}'::jsonb - 0
? '"x"'::jsonb - 'a'
? '{"a":{"b":[1,2]}}'::jsonb #- {'{a,b,0}'|'{a,z}'|'{}'}
SELECT '{"a":1}'::jsonb || '{"a":2,"b":3}';
SELECT '[1]'::jsonb || '2', '[1]'::jsonb || '[2]', '1'::jsonb || '2', '{"a":1}'::jsonb || '[1]';
SELECT '{"a":1}'::jsonb || '1';
? {jsonb_strip_nulls|json_strip_nulls}('{"a":null,"b":[null,1],"c":{"d":null}}')
? jsonb_pretty('{"a":[1,{"b":2}],"c":{}}')
? jsonb_array_length({'[1,2,[3]]'|'[]'|'{}'|'1'})
? {jsonb_object_keys|json_object_keys}('{"b":1,"a":2}')
? jsonb_object_keys('[1]')
? {jsonb_array_elements_text|json_array_elements}('[1,"a",null,{"x":1}]')

== Comparison of jsonb
? '{"a":1,"b":2}'::jsonb {=|<>|<|>} '{"b":2,"a":1.0}'::jsonb
? {'1'|'"a"'|'[1]'|'{"a":1}'|'null'|'true'}::jsonb < {'2'|'"b"'|'[]'|'{}'}::jsonb
? '{"a":1}'::json = '{"a":1}'::json
SELECT x FROM (VALUES ('3'::jsonb), ('"x"'), ('null'), ('[1,2]'), ('{"a":1}'), ('true'), ('1.5'), ('[]')) v(x) ORDER BY x;
? {'[1,[2,3]]'|'{"a":{"b":1,"c":2}}'|'"x"'}::jsonb @> {'[[2]]'|'{"a":{"b":1}}'|'"x"'|'[]'}::jsonb

== jsonpath
? jsonb_path_query('{"a":[1,2,3,{"b":4}],"t":"text"}', '{$.a[*]|$.a[1 to 2]|$.a[last]|$.*|$.a[*] ? (@ > 1)|$.a.size()|$.t.type()|$.**.b|$.x|strict $.a[*].b|$.a[0] + 5|-$.a[1]|$.a[*].double()|$.t starts with "te"|$.t like_regex "^T" flag "i"|exists($.a)}')
? jsonb_path_query('{"a":1}', 'strict $.x')
? jsonb_path_query('{"a":1}', '$.')
? {jsonb_path_exists('{"a":1}', '$.a')|jsonb_path_match('{"a":1}', '$.a == 1')|jsonb_path_query_first('[1,2]', '$[*]')|jsonb_path_query('{"a":5}', '$.a ? (@ > $x)', '{"x":3}')}
? '{"a":[1,2]}'::jsonb @? {'$.a[*] ? (@ > 1)'|'$.b'}
? '{"a":[1,2]}'::jsonb @@ {'$.a[0] == 1'|'$.a'}
? '$.a[*] ? (@.b > 1 && @.c == "x")'::jsonpath

== Records from documents
CREATE TYPE pair AS (a int, b text);
? jsonb_populate_record(null::pair, {'{"a":1,"b":"x"}'|'{"a":"5"}'|'{}'|'{"a":"x"}'|'[1]'})
SELECT * FROM jsonb_to_recordset('[{"a":1,"b":"x"},{"a":2}]') AS r(a int, b text, c date);
SELECT * FROM jsonb_to_record('{"a":[1,2],"b":{"c":1}}') AS r(a int[], b json);
SELECT * FROM json_populate_recordset(null::pair, '[{"a":1},{"b":"y"}]');
SELECT * FROM json_table('[{"a":1,"b":"x"},{"a":2}]', '$[*]' COLUMNS (n FOR ORDINALITY, a int PATH '$.a', b text PATH '$.b')) t;
? json_value('{"a":"5"}', '$.a' RETURNING {int|text})
? json_query('{"a":[1]}', '$.a')
? json_exists('{"a":1}', '$.{a|b}')
