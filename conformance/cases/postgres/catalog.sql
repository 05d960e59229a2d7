-- What clients and tools read of the catalogs.

== information_schema
CREATE TABLE t (id serial PRIMARY KEY, v varchar(10) NOT NULL DEFAULT 'x', n numeric(8,2), a int[], ts timestamptz, UNIQUE (v));
CREATE VIEW vw AS SELECT id FROM t;
SELECT table_name, table_type FROM information_schema.tables WHERE table_schema = 'public' ORDER BY table_name;
SELECT column_name, ordinal_position, column_default, is_nullable, data_type, character_maximum_length, numeric_precision, numeric_scale, udt_name FROM information_schema.columns WHERE table_name = 't' ORDER BY ordinal_position;
SELECT constraint_name, constraint_type FROM information_schema.table_constraints WHERE table_name = 't' ORDER BY constraint_name;
SELECT constraint_name, column_name, ordinal_position FROM information_schema.key_column_usage WHERE table_name = 't' ORDER BY constraint_name;
SELECT schema_name FROM information_schema.schemata ORDER BY schema_name;
SELECT table_name, view_definition FROM information_schema.views WHERE table_schema = 'public';
SELECT sequence_name, data_type, start_value, increment FROM information_schema.sequences;

== pg_catalog
CREATE TABLE t (id int PRIMARY KEY, v text DEFAULT 'd' NOT NULL, g int GENERATED ALWAYS AS (id + 1) STORED, i int GENERATED ALWAYS AS IDENTITY, CHECK (id > 0));
CREATE TABLE c (tid int REFERENCES t ON DELETE CASCADE);
CREATE INDEX vi ON t (lower(v));
SELECT relname, relkind, relnatts, relchecks, relhasindex FROM pg_class WHERE relnamespace = 'public'::regnamespace ORDER BY relname;
SELECT attname, format_type(atttypid, atttypmod), attnotnull, atthasdef, attidentity, attgenerated FROM pg_attribute WHERE attrelid = 't'::regclass AND attnum > 0 AND NOT attisdropped ORDER BY attnum;
SELECT attname, attnum FROM pg_attribute WHERE attrelid = 't'::regclass AND attnum < 0 ORDER BY attnum;
SELECT conname, contype, pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid IN ('t'::regclass, 'c'::regclass) ORDER BY conname;
SELECT pg_get_expr(adbin, adrelid) FROM pg_attrdef WHERE adrelid = 't'::regclass ORDER BY adnum;
SELECT indexrelid::regclass, indisunique, indisprimary, pg_get_indexdef(indexrelid) FROM pg_index WHERE indrelid = 't'::regclass ORDER BY 1;
SELECT typname, typlen, typtype, typcategory, typarray::regtype FROM pg_type WHERE typname IN ('int4', 'text', 'numeric', '_int4', 't', 'json') ORDER BY typname;
SELECT oprname, oprleft::regtype, oprright::regtype, oprresult::regtype FROM pg_operator WHERE oprname = '||' ORDER BY 2, 3;
SELECT proname, pronargs, prorettype::regtype FROM pg_proc WHERE proname IN ('lower', 'sum', 'now') ORDER BY proname, pronargs, 3;
SELECT nspname FROM pg_namespace WHERE nspname !~ '^pg_t' ORDER BY nspname;
SELECT datname, pg_encoding_to_char(encoding), datcollate FROM pg_database WHERE datname = 'postgres';
SELECT rolname, rolsuper, rolcanlogin FROM pg_roles WHERE rolname IN ('postgres', 'pg_read_all_data') ORDER BY rolname;
SELECT tablename, hasindexes FROM pg_tables WHERE schemaname = 'public' ORDER BY tablename;
SELECT name, setting, unit, vartype, context FROM pg_settings WHERE name IN ('work_mem', 'search_path', 'max_connections', 'statement_timeout') ORDER BY name;
SELECT count(*) > 2500 FROM pg_proc;
SELECT amname FROM pg_am ORDER BY amname;
SELECT extname FROM pg_extension;
SELECT castsource::regtype, casttarget::regtype, castcontext FROM pg_cast WHERE castsource = 'int4'::regtype ORDER BY 2;
SELECT collname FROM pg_collation WHERE collname IN ('C', 'POSIX', 'default') ORDER BY 1;
SELECT lanname FROM pg_language ORDER BY 1;
SELECT enumlabel FROM pg_enum;
SELECT tgname, tgenabled FROM pg_trigger WHERE tgrelid = 'c'::regclass AND NOT tgisinternal;
SELECT refobjid::regclass FROM pg_depend WHERE objid = 'vi'::regclass AND deptype = 'a' AND refobjsubid > 0;

== Functions about objects
CREATE TABLE t (id int PRIMARY KEY, v text);
CREATE VIEW vw AS SELECT id, v FROM t WHERE id > 1;
CREATE FUNCTION f(a int, b text DEFAULT 'x') RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT 1';
SELECT to_regclass('t'), to_regclass('nosuch'), to_regtype('int4'), to_regproc('lower');
SELECT 't'::regclass::oid > 16383, 'int4'::regtype::oid;
SELECT pg_get_viewdef('vw');
SELECT pg_get_viewdef('vw', true);
SELECT pg_get_functiondef('f'::regproc);
SELECT pg_get_function_arguments('f'::regproc), pg_get_function_result('f'::regproc), pg_get_function_identity_arguments('f'::regproc);
SELECT format_type(23, null), format_type(1043, 14), format_type(1700, 524294), format_type(1009, null), format_type(99999, null);
SELECT pg_table_is_visible('t'::regclass), has_schema_privilege('public', 'USAGE'), pg_get_userbyid(10);
SELECT current_database(), current_schema(), current_user, session_user, user, current_catalog;
SELECT version() LIKE 'PostgreSQL 18%', current_setting('server_version') LIKE '18%', current_setting('server_version_num')::int / 10000;
SELECT pg_backend_pid() > 0, pg_is_in_recovery(), pg_postmaster_start_time() < now(), inet_server_port() > 0;
SELECT txid_current() > 0, pg_current_xact_id() IS NOT NULL, txid_current_if_assigned() IS NULL;
SELECT pg_relation_size('t') >= 0, pg_size_pretty(1234567::bigint), pg_column_size(1), pg_size_bytes('1 MB');
SELECT ctid, xmin <> 0, tableoid::regclass FROM t;
INSERT INTO t VALUES (1, 'a') RETURNING ctid, cmin, xmax, tableoid::regclass;
SELECT quote_ident('t'), pg_typeof(t) FROM t;
SELECT oid FROM t;
SELECT col_description('t'::regclass, 1), obj_description('t'::regclass, 'pg_class'), shobj_description(1, 'pg_database');
SELECT has_database_privilege('postgres', 'CREATE'), has_function_privilege('lower(text)', 'EXECUTE');
SELECT pg_encoding_to_char(6), pg_char_to_encoding('UTF8'), pg_client_encoding(), getdatabaseencoding();
SELECT * FROM pg_catalog.pg_tables WHERE tablename = 'nosuch';
SELECT generate_series, pg_catalog.lower('A') FROM pg_catalog.generate_series(1, 1);
