-- Dates, times, timestamps and intervals.

== Input of dates and times
? {'2024-02-29'|'2023-02-29'|'20240229'|'Feb 29, 2024'|'29 Feb 2024'|'02/29/2024'|'29/02/2024'|'epoch'|'infinity'|'-infinity'|'4713-01-01 BC'|'0001-01-01'|'5874897-12-31'|'5874898-01-01'|'abc'|''|'2024-1-5'|'J2451187'|'2024.060'|'99-01-08'|'1999-Jan-08'}::date
? {'04:05:06'|'04:05'|'040506'|'04:05:06.789123'|'04:05 PM'|'24:00:00'|'25:00'|'04:60'|'04:05:06.7891234'|'allballs'|'noon'}::time
? {'04:05:06+02'|'04:05:06 UTC'|'04:05:06-08:30'|'04:05'}::timetz
? {'2024-01-02 03:04:05'|'2024-01-02T03:04:05'|'2024-01-02'|'2024-01-02 03:04:05.123456789'|'epoch'|'infinity'|'2024-01-02 24:00:00'|'2024-13-01'|'2024-01-32'|'294277-01-01'|'0044-03-15 BC'|'Sat Jan 02 03:04:05 2024'}::timestamp
? {'2024-01-02 03:04:05+00'|'2024-01-02 03:04:05+05:30'|'2024-01-02 03:04:05 Europe/Berlin'|'2024-07-02 03:04:05 Europe/Berlin'|'2024-01-02 03:04:05 Nowhere/Town'|'2024-01-02 03:04:05 PST'}::timestamptz
? {'1 day'|'1 year 2 mons 3 days 04:05:06'|'P1Y2M3DT4H5M6S'|'-1 day 2 hours'|'1.5 days'|'2 weeks ago'|'1-2'|'100'|'1 fortnight'|'1 century'|'00:00:00.000001'|'@ 1 minute'|'infinity'|''|'1 day 1 day'|'-1-2 +3 -4:05:06'}::interval

== Output styles
SET datestyle = 'SQL, DMY';
? {'2024-02-03'::date|'2024-02-03 04:05:06'::timestamp|'2024-02-03 04:05:06+00'::timestamptz|'03/02/2024'::date}
SET datestyle = 'German';
? {'2024-02-03'::date|'2024-02-03 04:05:06.5'::timestamp}
SET datestyle = 'Postgres, MDY';
? {'2024-02-03'::date|'2024-02-03 04:05:06'::timestamp|'2024-02-03 04:05:06+00'::timestamptz|'02/03/2024'::date}
SET datestyle = 'bogus';
RESET datestyle;
SET intervalstyle = 'iso_8601';
? {'1 year 2 mons -3 days 04:05:06.7'|'0'|'-1 mon'}::interval
SET intervalstyle = 'sql_standard';
? {'1 year 2 mons'|'3 days 04:05:06'|'1 year -3 days'|'0'}::interval
SET intervalstyle = 'postgres_verbose';
? {'1 year 2 mons -3 days 04:05:06.7'|'-1 day'|'0'}::interval
RESET intervalstyle;
SET TIME ZONE 'America/New_York';
? {'2024-01-02 03:04:05+00'|'2024-07-02 03:04:05+00'|'2024-03-10 07:30:00+00'}::timestamptz
? '2024-11-03 01:30:00'::timestamptz
? '2024-03-10 02:30:00'::timestamptz
SET TIME ZONE 'bogus';
SET TIME ZONE -5;
? '2024-01-02 03:04:05+00'::timestamptz
SHOW timezone;
RESET timezone;

== Arithmetic
? '2024-01-31'::date {+ 1|- 1|+ '1 month'::interval|- '2024-01-01'::date|+ '03:04'::time|- '1 day 2 hours'::interval}
? '2024-01-31 10:00'::timestamp {+ '1 month'|- '1 month'|+ '1 day 1 hour'|- '2023-01-01'::timestamp}
? '2024-03-09 12:00+00'::timestamptz {+ '1 day'|- '2 hours'}
? '10:00'::time {+ '3 hours'::interval|- '11 hours'::interval|- '08:30'::time}
? '1 day'::interval {* 2|* 1.5|/ 4|+ '2 hours'|- '3 days'|* 0|/ 0}
? - '1 day 2 hours'::interval
? '2024-01-01'::date + '1'::int
? '2024-01-01'::date + 1.5
? '2024-01-01'::date * 2
? 'infinity'::timestamp {+ '1 day'|- 'infinity'::timestamp}
? date '2024-01-01' {=|<|>=} timestamp '2024-01-01 00:00:01'
? {'1 mon'|'30 days'|'720 hours'}::interval = '30 days'::interval
? '5874897-12-31'::date + 1
? '294276-12-31'::timestamp + '1 year'

== Parts
? extract({year|month|day|hour|minute|second|milliseconds|microseconds|dow|isodow|doy|week|isoyear|quarter|decade|century|millennium|epoch|julian} from timestamp '2024-02-29 13:14:15.678901')
? extract({year|epoch|hour|day|month} from interval '1 year 2 mons 3 days 04:05:06')
? extract({day|epoch|dow} from date '2024-02-29')
? extract({hour|epoch|timezone} from timestamptz '2024-02-29 13:14:15+02')
? extract({hour|year} from time '04:05')
? extract(bogus from date '2024-02-29')
? extract(hour from date '2024-02-29')
? date_part({'year'|'bogus'}, timestamp '2024-02-29 13:14:15')
? date_trunc({'year'|'quarter'|'month'|'week'|'day'|'hour'|'minute'|'second'|'milliseconds'|'decade'|'bogus'}, timestamp '2024-02-29 13:14:15.678901')
? date_trunc('day', timestamptz '2024-07-02 03:04:05+00', 'America/New_York')
? date_trunc('hour', interval '3 days 02:47:33')
? date_bin('15 minutes', timestamp '2024-02-29 13:14:15', timestamp '2024-01-01')
? date_bin('0 minutes', timestamp '2024-02-29 13:14:15', timestamp '2024-01-01')

== Making and changing
? make_date({2024, 2, 29|2023, 2, 29|-44, 3, 15|0, 1, 1})
? make_time({8, 15, 23.5|25, 0, 0})
? make_timestamp(2024, 2, 29, 1, 2, {3.5|60|61})
? make_timestamptz(2024, 2, 29, 1, 2, 3, 'Europe/Berlin')
? make_interval({days => 10|years => 1, secs => 2.5|1, 2, 3, 4, 5, 6, 7|weeks => -1})
? age(timestamp '2024-03-31', timestamp '{2024-02-29|2020-02-29|2024-04-30}')
? {justify_days|justify_hours|justify_interval}(interval '1 mon 35 days 27:00:00')
? to_timestamp({0|1700000000.5|-1})
? to_timestamp('{2024-02-29|29 Feb 2024|2024060}', '{YYYY-MM-DD|DD Mon YYYY|YYYYDDD}')
? to_date('{05 Dec 2000|2024-13-01|20240230}', '{DD Mon YYYY|YYYY-MM-DD|YYYYMMDD}')
? to_char(timestamp '2024-02-09 13:04:05.678', '{YYYY-MM-DD HH24:MI:SS|HH12:MI AM|Day, DD Month YYYY|FMDay, FMDD FMMonth|Dy Mon|DDD|D|ID|IW|WW|Q|J|MS|US|SSSS|YY|Y,YYY|CC|RM|th|DDth|TZ|"text" YYYY|MON|mon|A.D.|a.m.}')
? to_char(interval '1 day 02:03:04', '{HH24:MI:SS|DD HH|SSSS}')
? to_char(timestamptz '2024-02-09 13:04:05+00', '{TZ|OF|TZH:TZM}')
? timestamp '2024-01-01 00:00' AT TIME ZONE '{UTC|Europe/Berlin|+03|bogus}'
? timestamptz '2024-01-01 00:00+00' AT TIME ZONE '{UTC|Asia/Tokyo|PST}'
? timezone('UTC', timestamp '2024-01-01')
? {isfinite(date 'infinity')|isfinite(timestamp '2024-01-01')|isfinite(interval '1 day')}
? (date '2024-01-01', date '2024-02-01') OVERLAPS (date '2024-01-15', {date '2024-03-01'|interval '1 day'})
? generate_series(timestamp '2024-01-01', '2024-01-03', '{1 day|12 hours}')
? generate_series(date '2024-01-03', '2024-01-01', '-1 day')
? generate_series(timestamp '2024-01-01', '2024-01-03', '0 day')

== Casts between them
? timestamp '2024-02-29 13:14:15.678'::{date|time|timestamptz|timestamp(0)|timestamp(2)|text}
? timestamptz '2024-02-29 13:14:15.678+00'::{date|time|timetz|timestamp|timestamptz(1)}
? date '2024-02-29'::{timestamp|timestamptz|text}
? time '13:14:15.6789'::{interval|timetz|time(2)}
? interval '1 day 13:14:15.6789'::{time|interval(2)|interval hour|interval day to minute}
? date '2024-02-29'::{int|time}
? 5::{date|interval|timestamp}
? timestamp(7) '2024-01-01 00:00:00.1234567'

== The clock of a transaction stands still
BEGIN;
? now() = transaction_timestamp()
? now() = current_timestamp
? {current_date = now()::date|current_time IS NOT NULL|localtimestamp = now()::timestamp|localtime IS NOT NULL|statement_timestamp() >= now()|clock_timestamp() >= statement_timestamp()}
? pg_typeof({now()|current_date|current_time|localtime|localtimestamp|clock_timestamp()|timeofday()})
COMMIT;
