-- Several sessions: what one sees of another, who waits for whom, and how it ends.

== Uncommitted changes are not seen
CREATE TABLE t (id int PRIMARY KEY, v int);
INSERT INTO t VALUES (1, 10), (2, 20);
a> BEGIN;
a> UPDATE t SET v = 11 WHERE id = 1;
b> SELECT * FROM t ORDER BY id;
a> SELECT * FROM t ORDER BY id;
a> INSERT INTO t VALUES (3, 30);
b> SELECT count(*) FROM t;
a> COMMIT;
b> SELECT * FROM t ORDER BY id;
a> BEGIN;
a> DELETE FROM t;
b> SELECT count(*) FROM t;
a> ROLLBACK;
b> SELECT count(*) FROM t;

== Read committed takes a snapshot for each statement
CREATE TABLE t (id int PRIMARY KEY, v int);
INSERT INTO t VALUES (1, 10);
a> BEGIN ISOLATION LEVEL READ COMMITTED;
a> SELECT v FROM t;
b> UPDATE t SET v = 20;
a> SELECT v FROM t;
b> INSERT INTO t VALUES (2, 0);
a> SELECT count(*) FROM t;
a> COMMIT;

== Repeatable read keeps its snapshot
CREATE TABLE t (id int PRIMARY KEY, v int);
INSERT INTO t VALUES (1, 10);
a> BEGIN ISOLATION LEVEL REPEATABLE READ;
a> SELECT v FROM t;
b> UPDATE t SET v = 20;
b> INSERT INTO t VALUES (2, 0);
a> SELECT * FROM t ORDER BY id;
a> UPDATE t SET v = 30 WHERE id = 1;
a> SELECT 1;
a> ROLLBACK;
a> BEGIN ISOLATION LEVEL REPEATABLE READ;
b> UPDATE t SET v = 25 WHERE id = 1;
a> SELECT v FROM t WHERE id = 1;
a> COMMIT;

== A second writer waits for the first
CREATE TABLE t (id int PRIMARY KEY, v int);
INSERT INTO t VALUES (1, 10);
a> BEGIN;
a> UPDATE t SET v = v + 1 WHERE id = 1;
b>> UPDATE t SET v = v + 100 WHERE id = 1;
b<-
a> COMMIT;
b<
SELECT v FROM t;
a> BEGIN;
a> UPDATE t SET v = 0 WHERE id = 1;
b>> UPDATE t SET v = v + 1 WHERE id = 1 RETURNING v;
a> ROLLBACK;
b<

== A waiting writer looks again at the row
CREATE TABLE t (id int PRIMARY KEY, v int);
INSERT INTO t VALUES (1, 10), (2, 20);
a> BEGIN;
a> UPDATE t SET v = 15 WHERE id = 1;
b>> UPDATE t SET v = 99 WHERE v = 10;
a> COMMIT;
b<
SELECT * FROM t ORDER BY id;
a> BEGIN;
a> DELETE FROM t WHERE id = 1;
b>> UPDATE t SET v = 0 WHERE id = 1;
a> COMMIT;
b<
a> BEGIN;
a> UPDATE t SET id = 3 WHERE id = 2;
b>> DELETE FROM t WHERE id = 2;
a> COMMIT;
b<
SELECT * FROM t ORDER BY id;

== Repeatable read fails instead
CREATE TABLE t (id int PRIMARY KEY, v int);
INSERT INTO t VALUES (1, 10);
a> BEGIN;
a> UPDATE t SET v = 11;
b> BEGIN ISOLATION LEVEL REPEATABLE READ;
b> SELECT v FROM t;
b>> UPDATE t SET v = 12;
a> COMMIT;
b<
b> SELECT 1;
b> COMMIT;
a> BEGIN;
a> DELETE FROM t;
b> BEGIN ISOLATION LEVEL REPEATABLE READ;
b> SELECT v FROM t;
b>> SELECT v FROM t FOR UPDATE;
a> COMMIT;
b<
b> ROLLBACK;
a> INSERT INTO t VALUES (1, 1);
a> BEGIN;
a> UPDATE t SET v = 5;
b> BEGIN ISOLATION LEVEL REPEATABLE READ;
b> SELECT v FROM t;
b>> UPDATE t SET v = 6;
a> ROLLBACK;
b<
b> COMMIT;
SELECT v FROM t;

== Unique keys wait for the other transaction
CREATE TABLE t (id int PRIMARY KEY, v text);
a> BEGIN;
a> INSERT INTO t VALUES (1, 'a');
b>> INSERT INTO t VALUES (1, 'b');
a> COMMIT;
b<
a> BEGIN;
a> INSERT INTO t VALUES (2, 'a');
b>> INSERT INTO t VALUES (2, 'b');
a> ROLLBACK;
b<
a> BEGIN;
a> INSERT INTO t VALUES (3, 'a');
b>> INSERT INTO t VALUES (3, 'b') ON CONFLICT (id) DO UPDATE SET v = t.v || excluded.v RETURNING v;
a> COMMIT;
b<
a> BEGIN;
a> INSERT INTO t VALUES (4, 'a');
b>> INSERT INTO t VALUES (4, 'b') ON CONFLICT DO NOTHING;
a> COMMIT;
b<
a> BEGIN;
a> DELETE FROM t WHERE id = 1;
b>> INSERT INTO t VALUES (1, 'again');
a> COMMIT;
b<
SELECT * FROM t ORDER BY id;

== FOR UPDATE in its kinds
CREATE TABLE t (id int PRIMARY KEY, v int);
INSERT INTO t VALUES (1, 10), (2, 20), (3, 30);
a> BEGIN;
a> SELECT * FROM t WHERE id = 1 FOR UPDATE;
b> SELECT * FROM t WHERE id = 1;
b> SELECT * FROM t WHERE id = 1 FOR UPDATE NOWAIT;
b> SELECT * FROM t ORDER BY id FOR UPDATE SKIP LOCKED;
b> SELECT * FROM t ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED;
b> SELECT id FROM t WHERE id = 1 FOR SHARE NOWAIT;
b> SELECT id FROM t WHERE id = 1 FOR KEY SHARE NOWAIT;
b>> SELECT v FROM t WHERE id = 1 FOR UPDATE;
a> UPDATE t SET v = 11 WHERE id = 1;
a> COMMIT;
b<
a> BEGIN;
a> SELECT id FROM t WHERE id = 2 FOR SHARE;
b> SELECT id FROM t WHERE id = 2 FOR SHARE NOWAIT;
b> SELECT id FROM t WHERE id = 2 FOR NO KEY UPDATE NOWAIT;
b> SELECT id FROM t WHERE id = 2 FOR KEY SHARE NOWAIT;
a> ROLLBACK;
a> BEGIN;
a> SELECT id FROM t WHERE id = 3 FOR NO KEY UPDATE;
b> SELECT id FROM t WHERE id = 3 FOR KEY SHARE NOWAIT;
b> SELECT id FROM t WHERE id = 3 FOR SHARE NOWAIT;
a> COMMIT;
a> SELECT count(*) FROM t FOR UPDATE;
a> SELECT DISTINCT v FROM t FOR UPDATE;
a> SELECT v FROM t GROUP BY v FOR UPDATE;
a> SELECT 1 FOR UPDATE;
a> SELECT * FROM t a JOIN t b USING (id) ORDER BY id FOR UPDATE OF a;
a> SELECT * FROM t FOR UPDATE OF nosuch;

== A queue with SKIP LOCKED
CREATE TABLE jobs (id serial PRIMARY KEY, state text DEFAULT 'new');
INSERT INTO jobs SELECT FROM generate_series(1, 5);
a> BEGIN;
a> UPDATE jobs SET state = 'busy' WHERE id = (SELECT id FROM jobs WHERE state = 'new' ORDER BY id FOR UPDATE SKIP LOCKED LIMIT 1) RETURNING id;
b> BEGIN;
b> UPDATE jobs SET state = 'busy' WHERE id = (SELECT id FROM jobs WHERE state = 'new' ORDER BY id FOR UPDATE SKIP LOCKED LIMIT 1) RETURNING id;
c> BEGIN;
c> DELETE FROM jobs WHERE id IN (SELECT id FROM jobs WHERE state = 'new' ORDER BY id FOR UPDATE SKIP LOCKED LIMIT 2) RETURNING id;
d> SELECT id FROM jobs ORDER BY id FOR UPDATE SKIP LOCKED;
a> COMMIT;
b> ROLLBACK;
c> COMMIT;
d> SELECT * FROM jobs ORDER BY id;

== A deadlock is broken
CREATE TABLE t (id int PRIMARY KEY, v int);
INSERT INTO t VALUES (1, 0), (2, 0);
a> SET deadlock_timeout = '10s';
b> SET deadlock_timeout = '20ms';
a> BEGIN;
b> BEGIN;
a> UPDATE t SET v = 1 WHERE id = 1;
b> UPDATE t SET v = 2 WHERE id = 2;
a>> UPDATE t SET v = 1 WHERE id = 2;
b> UPDATE t SET v = 2 WHERE id = 1;  --~ ignore
a<
b> SELECT 1;
b> ROLLBACK;
a> COMMIT;
SELECT * FROM t ORDER BY id;

== Row locks and foreign keys
CREATE TABLE p (id int PRIMARY KEY, v int);
CREATE TABLE c (id int, pid int REFERENCES p);
INSERT INTO p VALUES (1, 0), (2, 0);
a> BEGIN;
a> INSERT INTO c VALUES (1, 1);
b> UPDATE p SET v = 5 WHERE id = 1;
b>> DELETE FROM p WHERE id = 1;
a> COMMIT;
b<
a> BEGIN;
a> DELETE FROM p WHERE id = 2;
b>> INSERT INTO c VALUES (2, 2);
a> COMMIT;
b<
a> INSERT INTO p VALUES (3, 0);
a> BEGIN;
a> DELETE FROM p WHERE id = 3;
b>> INSERT INTO c VALUES (3, 3);
a> ROLLBACK;
b<
SELECT * FROM c ORDER BY id;

== Table locks
CREATE TABLE t (id int);
a> BEGIN;
a> LOCK TABLE t IN ACCESS EXCLUSIVE MODE;
b> BEGIN;
b> LOCK TABLE t IN ACCESS SHARE MODE NOWAIT;
b> ROLLBACK;
b>> SELECT * FROM t;
a> COMMIT;
b<
a> BEGIN;
a> LOCK TABLE t IN SHARE MODE;
b> SELECT * FROM t;
b>> INSERT INTO t VALUES (1);
a> COMMIT;
b<
a> BEGIN;
a> INSERT INTO t VALUES (2);
b>> ALTER TABLE t ADD COLUMN v int;
c>> SELECT count(*) FROM t;
a> COMMIT;
b<
c<
a> LOCK TABLE t;
a> BEGIN;
a> LOCK TABLE nosuch;
a> ROLLBACK;
a> BEGIN;
a> SELECT * FROM t ORDER BY id;
b>> DROP TABLE t;
a> COMMIT;
b<
a> SELECT * FROM t;
a> CREATE TABLE u (id int);
a> BEGIN;
a> LOCK TABLE u IN BOGUS MODE;
a> ROLLBACK;
a> BEGIN;
a> LOCK TABLE u IN ROW EXCLUSIVE MODE;
b> BEGIN;
b> LOCK TABLE u IN SHARE MODE NOWAIT;
b> ROLLBACK;
b> BEGIN;
b> LOCK TABLE u IN ROW EXCLUSIVE MODE NOWAIT;
b> COMMIT;
a> COMMIT;

== lock_timeout and statement_timeout
CREATE TABLE t (id int PRIMARY KEY, v int);
INSERT INTO t VALUES (1, 0);
a> BEGIN;
a> UPDATE t SET v = 1;
b> SET lock_timeout = '30ms';
b> UPDATE t SET v = 2;
b> LOCK TABLE t IN ACCESS EXCLUSIVE MODE;
b> BEGIN;
b> LOCK TABLE t IN ACCESS EXCLUSIVE MODE;
b> ROLLBACK;
b> RESET lock_timeout;
b> SET statement_timeout = '30ms';
b> UPDATE t SET v = 2;
b> SELECT pg_sleep(5);
b> RESET statement_timeout;
a> COMMIT;
b> UPDATE t SET v = v + 1 RETURNING v;
b> SELECT pg_sleep(0);
c> SET idle_in_transaction_session_timeout = '0';
c> SHOW lock_timeout;

== A statement is cancelled
CREATE TABLE t (id int);
INSERT INTO t VALUES (1);
a> BEGIN;
a> UPDATE t SET id = 2;
b>> UPDATE t SET id = 3;
b! cancel
b> SELECT 1;
c>> SELECT pg_sleep(30);
c! cancel
a> COMMIT;

== Advisory locks
a> SELECT pg_advisory_lock(1);
b> SELECT pg_try_advisory_lock(1), pg_try_advisory_lock(2), pg_try_advisory_lock_shared(1);
b>> SELECT pg_advisory_lock(1);
a> SELECT pg_advisory_unlock(1), pg_advisory_unlock(1);
b<
a> SELECT pg_try_advisory_lock(1);
b> SELECT pg_advisory_unlock_all();
a> SELECT pg_try_advisory_lock(1);
a> SELECT pg_advisory_unlock(1);
a> BEGIN;
a> SELECT pg_advisory_xact_lock(5);
b> SELECT pg_try_advisory_xact_lock(5);
a> COMMIT;
b> SELECT pg_try_advisory_xact_lock(5);
a> SELECT pg_advisory_lock_shared(7);
b> SELECT pg_try_advisory_lock_shared(7), pg_try_advisory_lock(7);
a> SELECT pg_advisory_lock(1, 2);
b> SELECT pg_try_advisory_lock(1, 2), pg_try_advisory_lock(2, 1);
a! close
b> SELECT pg_advisory_lock(1, 2);
b> SELECT count(*) FROM pg_locks WHERE locktype = 'advisory';

== Locks are visible in pg_locks
CREATE TABLE t (id int);
a> BEGIN;
a> LOCK TABLE t IN SHARE MODE;
b>> INSERT INTO t VALUES (1);
c> SELECT locktype, relation::regclass, mode, granted FROM pg_locks WHERE relation = 't'::regclass ORDER BY mode;
c> SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock';
a> COMMIT;
b<
c> SELECT count(*) FROM pg_locks WHERE relation = 't'::regclass;

== Serializable transactions that cannot be put in a row
CREATE TABLE t (k text, v int);
INSERT INTO t VALUES ('a', 1), ('b', 1);
a> BEGIN ISOLATION LEVEL SERIALIZABLE;
b> BEGIN ISOLATION LEVEL SERIALIZABLE;
a> SELECT sum(v) FROM t;
b> SELECT sum(v) FROM t;
a> UPDATE t SET v = 0 WHERE k = 'a';
b> UPDATE t SET v = 0 WHERE k = 'b';
a> COMMIT;
b> COMMIT;
b> SELECT * FROM t ORDER BY k;
a> BEGIN ISOLATION LEVEL REPEATABLE READ;
b> BEGIN ISOLATION LEVEL REPEATABLE READ;
a> SELECT sum(v) FROM t;
b> SELECT sum(v) FROM t;
a> UPDATE t SET v = 5 WHERE k = 'a';
b> UPDATE t SET v = 5 WHERE k = 'b';
a> COMMIT;
b> COMMIT;
b> SELECT * FROM t ORDER BY k;
a> BEGIN ISOLATION LEVEL SERIALIZABLE;
a> INSERT INTO t SELECT 'c', count(*) FROM t;
b> BEGIN ISOLATION LEVEL SERIALIZABLE;
b> INSERT INTO t SELECT 'd', count(*) FROM t;
a> COMMIT;
b> COMMIT;
a> BEGIN ISOLATION LEVEL SERIALIZABLE READ ONLY;
a> SELECT count(*) FROM t;
a> INSERT INTO t VALUES ('x', 1);
a> ROLLBACK;

== Savepoints and other sessions
CREATE TABLE t (id int PRIMARY KEY, v int);
INSERT INTO t VALUES (1, 0), (2, 0);
a> BEGIN;
a> UPDATE t SET v = 1 WHERE id = 1;
a> SAVEPOINT s;
a> UPDATE t SET v = 1 WHERE id = 2;
b>> UPDATE t SET v = 2 WHERE id = 2;
a> ROLLBACK TO s;
b<
b> SELECT * FROM t ORDER BY id;
a> COMMIT;
b> SELECT * FROM t ORDER BY id;

== DDL is transactional and seen after the commit
a> BEGIN;
a> CREATE TABLE n (id int);
a> INSERT INTO n VALUES (1);
b> SELECT * FROM n;
a> COMMIT;
b> SELECT * FROM n;
a> BEGIN;
a> ALTER TABLE n ADD COLUMN v int DEFAULT 7;
a> SELECT * FROM n;
a> ROLLBACK;
b> SELECT * FROM n;
a> BEGIN;
a> DROP TABLE n;
a> ROLLBACK;
b> SELECT count(*) FROM n;
a> BEGIN;
a> CREATE TABLE dup (id int);
b>> CREATE TABLE dup (id int);
a> ROLLBACK;
b<
a> BEGIN;
a> CREATE UNIQUE INDEX ni ON n (id);
b> SELECT * FROM n;
b>> INSERT INTO n VALUES (1);
a> COMMIT;
b<

== LISTEN and NOTIFY
a> LISTEN news;
a> LISTEN other;
b> NOTIFY news, 'hello';
a> SELECT 1;  --~ ignore
b> BEGIN;
b> NOTIFY news, 'one';
b> NOTIFY news, 'two';
b> NOTIFY news, 'one';
b> ROLLBACK;
b> SELECT pg_notify('other', 'from a function');
a> SELECT 2;  --~ ignore
a> SELECT pg_listening_channels() ORDER BY 1;
a> UNLISTEN news;
a> SELECT pg_listening_channels();
a> UNLISTEN *;
a> SELECT pg_listening_channels();
a> NOTIFY "Mixed Case", '';
a> LISTEN self;
a> NOTIFY self, 'me';
a> BEGIN;
a> NOTIFY self, 'a';
a> NOTIFY self, 'a';
a> NOTIFY self, 'b';
a> COMMIT;
SELECT pg_notify('', 'x');
SELECT pg_notify(null, 'x');

== Temporary tables belong to one session
a> CREATE TEMP TABLE tmp (id int);
a> INSERT INTO tmp VALUES (1);
b> SELECT * FROM tmp;
b> CREATE TEMP TABLE tmp (v text);
b> SELECT * FROM tmp;
a> SELECT * FROM tmp;
a> BEGIN;
a> CREATE TEMP TABLE gone (id int) ON COMMIT DROP;
a> INSERT INTO gone VALUES (1);
a> COMMIT;
a> SELECT * FROM gone;
a> CREATE TEMP TABLE emptied (id int) ON COMMIT DELETE ROWS;
a> INSERT INTO emptied VALUES (1);
a> SELECT count(*) FROM emptied;
a! close
c> SELECT * FROM tmp;

== Settings and prepared statements belong to one session
a> SET work_mem = '1MB';
b> SHOW work_mem;
a> PREPARE p AS SELECT 1;
b> EXECUTE p;
a> EXECUTE p;
a> SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL SERIALIZABLE;
a> SHOW default_transaction_isolation;
b> SHOW default_transaction_isolation;
a> BEGIN;
a> SET LOCAL work_mem = '2MB';
a> SHOW work_mem;
a> COMMIT;
a> SHOW work_mem;
a> BEGIN;
a> SET work_mem = '3MB';
a> ROLLBACK;
a> SHOW work_mem;
