-- Transactions of one session.

== BEGIN, COMMIT and ROLLBACK
BEGIN;
BEGIN;
COMMIT;
COMMIT;
ROLLBACK;
START TRANSACTION ISOLATION LEVEL SERIALIZABLE, READ ONLY;
SHOW transaction_isolation;
SHOW transaction_read_only;
END;
BEGIN READ ONLY;
CREATE TABLE t (id int);
ROLLBACK;
BEGIN;
SELECT 1/0;
SELECT 1;
INSERT INTO nosuch VALUES (1);
COMMIT;
SELECT 1;
ABORT;
BEGIN ISOLATION LEVEL BOGUS;
BEGIN;
SET TRANSACTION ISOLATION LEVEL REPEATABLE READ;
SELECT 1;
SET TRANSACTION ISOLATION LEVEL SERIALIZABLE;
ROLLBACK;
SET TRANSACTION READ ONLY;
COMMIT AND CHAIN;
BEGIN;
COMMIT AND CHAIN;
SELECT 1;
ROLLBACK AND CHAIN;
ROLLBACK;

== Savepoints
CREATE TABLE t (id int PRIMARY KEY);
SAVEPOINT s;
BEGIN;
INSERT INTO t VALUES (1);
SAVEPOINT a;
INSERT INTO t VALUES (2);
SAVEPOINT b;
INSERT INTO t VALUES (1);
SELECT 1;
ROLLBACK TO b;
SELECT count(*) FROM t;
RELEASE a;
ROLLBACK TO a;
ROLLBACK TO SAVEPOINT nosuch;
ROLLBACK;
SELECT count(*) FROM t;
BEGIN;
SAVEPOINT x;
INSERT INTO t VALUES (1);
SAVEPOINT x;
INSERT INTO t VALUES (2);
ROLLBACK TO x;
SELECT count(*) FROM t;
RELEASE x;
ROLLBACK TO x;
SELECT count(*) FROM t;
RELEASE nosuch;
COMMIT;
RELEASE x;
ROLLBACK TO x;

== Several statements in one message
@mode simple
CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t VALUES (1);
INSERT INTO t VALUES (2); INSERT INTO t VALUES (1); INSERT INTO t VALUES (3);
SELECT count(*) FROM t;
BEGIN; INSERT INTO t VALUES (5); COMMIT; INSERT INTO t VALUES (6); SELECT 1/0;
SELECT id FROM t ORDER BY id;
INSERT INTO t VALUES (7); BEGIN; INSERT INTO t VALUES (8);
ROLLBACK;
SELECT id FROM t ORDER BY id;
SELECT 1; SELECT 2;
;
SELECT 1;;
SELECT 1; bogus;
-- only a comment
SELECT 'after' /* with /* a nested */ comment */;

== Cursors
CREATE TABLE t (id int);
INSERT INTO t SELECT generate_series(1, 10);
DECLARE c CURSOR FOR SELECT id FROM t ORDER BY id;
BEGIN;
DECLARE c SCROLL CURSOR FOR SELECT id FROM t ORDER BY id;
FETCH c;
FETCH 3 FROM c;
FETCH PRIOR FROM c;
FETCH FIRST FROM c;
FETCH LAST FROM c;
FETCH ABSOLUTE 5 FROM c;
FETCH RELATIVE -2 FROM c;
FETCH BACKWARD 2 FROM c;
FETCH ALL FROM c;
FETCH c;
MOVE 0 FROM c;
MOVE BACKWARD 3 FROM c;
FETCH FORWARD 1 FROM c;
FETCH nosuch;
ROLLBACK;
BEGIN;
DECLARE d NO SCROLL CURSOR FOR SELECT id FROM t ORDER BY id;
FETCH 2 FROM d;
FETCH PRIOR FROM d;
ROLLBACK;
BEGIN;
DECLARE h CURSOR WITH HOLD FOR SELECT id FROM t ORDER BY id LIMIT 3;
COMMIT;
FETCH 2 FROM h;
CLOSE h;
CLOSE h;
BEGIN;
DECLARE u CURSOR FOR SELECT id FROM t WHERE id < 3 ORDER BY id FOR UPDATE;
FETCH u;
UPDATE t SET id = 100 WHERE CURRENT OF u;
CLOSE ALL;
COMMIT;
SELECT count(*) FROM t WHERE id = 100;
SELECT name, is_holdable FROM pg_cursors;

== Prepared statements
PREPARE p (int, text) AS SELECT $1 + 1, $2 || 'x';
EXECUTE p(1, 'a');
EXECUTE p(1);
EXECUTE p('x', 'a');
EXECUTE p(null, null);
PREPARE p AS SELECT 1;
PREPARE q AS SELECT $1::int, $2;
EXECUTE q(1, 2);
SELECT name, parameter_types FROM pg_prepared_statements ORDER BY name;
DEALLOCATE p;
EXECUTE p(1, 'a');
DEALLOCATE nosuch;
DEALLOCATE ALL;
PREPARE bad AS SELECT nosuch;
PREPARE r AS SELECT $1;
EXECUTE r('x');
PREPARE t2 AS SELECT $2::int;
DISCARD ALL;
EXECUTE r('x');

== Parameters of the extended protocol
SELECT $1::int + 1;  --$ 5
SELECT $1 || 'x';  --$ "a b"
SELECT $1::int, $2::text, $3::bool;  --$ 1, x, true
SELECT $1;  --$ untyped
SELECT $1::int;  --$ null
SELECT $1::int;  --$ abc
SELECT $1 + $2;  --$ 1, 2
SELECT 1 + $1;  --$ 2
SELECT $1::int;
SELECT $1, $3;  --$ 1, 2, 3
SELECT * FROM generate_series(1, $1) LIMIT $2;  --$ 5, 2
SELECT $1 = ANY ($2::int[]);  --$ 2, "{1,2}"
SELECT $1 IN (1, 2);  --$ 2
SELECT coalesce($1, 5);  --$ null
SELECT CASE WHEN $1 THEN 1 ELSE 2 END;  --$ true
SELECT $1::date, $2::jsonb -> 'a', $3::uuid;  --$ 2024-02-29, "{\"a\": 1}", a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11
SELECT lower($1), length($2);  --$ ABC, abc
SELECT $1 LIKE $2;  --$ abc, a%
SELECT now() - $1 > '0';  --$ "1 day"

== Settings
SHOW server_version_num;
SHOW work_mem;
SHOW datestyle;
SHOW timezone;
SHOW client_encoding;
SHOW search_path;
SHOW transaction_isolation;
SHOW max_connections;
SHOW nosuch;
SET work_mem = '64MB';
SHOW work_mem;
SET work_mem = 'abc';
SET work_mem = '-5';
SET work_mem TO DEFAULT;
SET nosuch = 1;
SET my.setting = 'x';
SHOW my.setting;
SELECT current_setting('my.setting'), current_setting('my.other', true);
SELECT current_setting('nosuch');
SELECT set_config('my.setting', 'y', false), set_config('work_mem', '8MB', true);
SET search_path = nosuch, public;
SHOW search_path;
SELECT current_schema(), current_schemas(false);
RESET search_path;
RESET ALL;
SET enable_seqscan = maybe;
SET enable_seqscan = off;
SET max_connections = 5;
SET statement_timeout = '5s';
SHOW statement_timeout;
SET statement_timeout = 1500;
SHOW statement_timeout;
SET client_min_messages = warning;
DROP TABLE IF EXISTS nosuch;
RESET client_min_messages;
DROP TABLE IF EXISTS nosuch;
SET standard_conforming_strings = on;
SET application_name = 'me';
SHOW application_name;
SET DateStyle = 'ISO, DMY';
SELECT '01/02/2024'::date;

== COPY
@mode simple
CREATE TABLE t (id int, v text, n numeric);
COPY t FROM STDIN;
main! copydata "1\ta\t1.5\n2\t\\N\t\\N\n"
main! copydata "3\ttab\\there\t0\n"
main! copydone
SELECT * FROM t ORDER BY id;
COPY t FROM STDIN WITH (FORMAT csv, HEADER);
main! copydata "id,v,n\n4,\"quoted, \"\"text\"\"\",2\n5,,\n"
main! copydone
COPY t TO STDOUT;
COPY t TO STDOUT WITH (FORMAT csv, HEADER);
COPY (SELECT id, v FROM t WHERE id < 3 ORDER BY id) TO STDOUT WITH (DELIMITER '|', NULL 'none');
COPY t (id) FROM STDIN;
main! copydata "abc\n"
main! copydone
COPY t FROM STDIN;
main! copydata "1\t2\n"
main! copydone
COPY t FROM STDIN;
main! copydata "1\t2\t3\t4\n"
main! copydone
COPY t FROM STDIN;
main! copyfail "changed my mind"
COPY nosuch FROM STDIN;
COPY t (nosuch) FROM STDIN;
COPY t TO STDOUT WITH (FORMAT bogus);
SELECT count(*) FROM t;
