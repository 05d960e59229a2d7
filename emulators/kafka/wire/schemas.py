"""Kafka's messages as data. Written by `derive.py`; do not edit.

First line of a text: versions, and the first flexible one. Then one line per field, see `derive.py`.
"""

API_NAMES: dict[int, str] = {
    0: "produce",
    1: "fetch",
    2: "list_offsets",
    3: "metadata",
    8: "offset_commit",
    9: "offset_fetch",
    10: "find_coordinator",
    11: "join_group",
    12: "heartbeat",
    13: "leave_group",
    14: "sync_group",
    15: "describe_groups",
    16: "list_groups",
    17: "sasl_handshake",
    18: "api_versions",
    19: "create_topics",
    20: "delete_topics",
    21: "delete_records",
    22: "init_producer_id",
    23: "offset_for_leader_epoch",
    24: "add_partitions_to_txn",
    25: "add_offsets_to_txn",
    26: "end_txn",
    27: "write_txn_markers",
    28: "txn_offset_commit",
    29: "describe_acls",
    30: "create_acls",
    31: "delete_acls",
    32: "describe_configs",
    33: "alter_configs",
    34: "alter_replica_log_dirs",
    35: "describe_log_dirs",
    36: "sasl_authenticate",
    37: "create_partitions",
    38: "create_delegation_token",
    39: "renew_delegation_token",
    40: "expire_delegation_token",
    41: "describe_delegation_token",
    42: "delete_groups",
    43: "elect_leaders",
    44: "incremental_alter_configs",
    45: "alter_partition_reassignments",
    46: "list_partition_reassignments",
    47: "offset_delete",
    48: "describe_client_quotas",
    49: "alter_client_quotas",
    50: "describe_user_scram_credentials",
    51: "alter_user_scram_credentials",
    55: "describe_quorum",
    57: "update_features",
    60: "describe_cluster",
    61: "describe_producers",
    64: "unregister_broker",
    65: "describe_transactions",
    66: "list_transactions",
    68: "consumer_group_heartbeat",
    69: "consumer_group_describe",
    71: "get_telemetry_subscriptions",
    72: "push_telemetry",
    74: "list_config_resources",
    75: "describe_topic_partitions",
    76: "share_group_heartbeat",
    77: "share_group_describe",
    78: "share_fetch",
    79: "share_acknowledge",
    88: "streams_group_heartbeat",
    89: "streams_group_describe",
    90: "describe_share_group_offsets",
    91: "alter_share_group_offsets",
    92: "delete_share_group_offsets",
}

MESSAGES: dict[str, str] = {
    "produce.request": """\
3-13 flex 9
transactional_id string 3+ ?3+ =null
acks int16 3+
timeout_ms int32 3+
topic_data [] 3+
 name string 3-12
 topic_id uuid 13+
 partition_data [] 3+
  index int32 3+
  records records 3+ ?3+
""",
    "produce.response": """\
3-13 flex 9
responses [] 3+
 name string 3-12
 topic_id uuid 13+
 partition_responses [] 3+
  index int32 3+
  error_code int16 3+
  base_offset int64 3+
  log_append_time_ms int64 3+ =-1
  log_start_offset int64 5+ =-1
  record_errors [] 8+
   batch_index int32 8+
   batch_index_error_message string 8+ ?8+ =null
  error_message string 8+ ?8+ =null
  current_leader {} 10+ t0
   leader_id int32 10+ =-1
   leader_epoch int32 10+ =-1
throttle_time_ms int32 3+ =0
node_endpoints [] 10+ t0
 node_id int32 10+
 host string 10+
 port int32 10+
 rack string 10+ ?10+ =null
""",
    "fetch.request": """\
4-18 flex 12
cluster_id string 12+ t0 =null
replica_id int32 4-14 =-1
replica_state {} 15+ t1
 replica_id int32 15+ =-1
 replica_epoch int64 15+ =-1
max_wait_ms int32 4+
min_bytes int32 4+
max_bytes int32 4+ =2147483647
isolation_level int8 4+ =0
session_id int32 7+ =0
session_epoch int32 7+ =-1
topics [] 4+
 topic string 4-12
 topic_id uuid 13+
 partitions [] 4+
  partition int32 4+
  current_leader_epoch int32 9+ =-1
  fetch_offset int64 4+
  last_fetched_epoch int32 12+ =-1
  log_start_offset int64 5+ =-1
  partition_max_bytes int32 4+
  replica_directory_id uuid 17+ t0
  high_watermark int64 18+ t1 =9223372036854775807
forgotten_topics_data [] 7+
 topic string 7-12
 topic_id uuid 13+
 partitions [int32] 7+ =[]
rack_id string 11+ =''
""",
    "fetch.response": """\
4-18 flex 12
throttle_time_ms int32 4+
error_code int16 7+
session_id int32 7+ =0
responses [] 4+
 topic string 4-12
 topic_id uuid 13+
 partitions [] 4+
  partition_index int32 4+
  error_code int16 4+
  high_watermark int64 4+
  last_stable_offset int64 4+ =-1
  log_start_offset int64 5+ =-1
  diverging_epoch {} 12+ t0
   epoch int32 12+ =-1
   end_offset int64 12+ =-1
  current_leader {} 12+ t1
   leader_id int32 12+ =-1
   leader_epoch int32 12+ =-1
  snapshot_id {} 12+ t2
   end_offset int64 12+ =-1
   epoch int32 12+ =-1
  aborted_transactions [] 4+ ?4+
   producer_id int64 4+
   first_offset int64 4+
  preferred_read_replica int32 11+ =-1
  records records 4+ ?4+
node_endpoints [] 16+ t0
 node_id int32 16+
 host string 16+
 port int32 16+
 rack string 16+ ?16+ =null
""",
    "list_offsets.request": """\
1-11 flex 6
replica_id int32 1+
isolation_level int8 2+
topics [] 1+
 name string 1+
 partitions [] 1+
  partition_index int32 1+
  current_leader_epoch int32 4+ =-1
  timestamp int64 1+
timeout_ms int32 10+
""",
    "list_offsets.response": """\
1-11 flex 6
throttle_time_ms int32 2+
topics [] 1+
 name string 1+
 partitions [] 1+
  partition_index int32 1+
  error_code int16 1+
  timestamp int64 1+ =-1
  offset int64 1+ =-1
  leader_epoch int32 4+ =-1
""",
    "metadata.request": """\
0-13 flex 9
topics [] 0+ ?1+
 topic_id uuid 10+
 name string 0+ ?10+
allow_auto_topic_creation bool 4+ =true
include_cluster_authorized_operations bool 8-10
include_topic_authorized_operations bool 8+
""",
    "metadata.response": """\
0-13 flex 9
throttle_time_ms int32 3+
brokers [] 0+
 node_id int32 0+
 host string 0+
 port int32 0+
 rack string 1+ ?1+ =null
cluster_id string 2+ ?2+ =null
controller_id int32 1+ =-1
topics [] 0+
 error_code int16 0+
 name string 0+ ?12+
 topic_id uuid 10+
 is_internal bool 1+ =false
 partitions [] 0+
  error_code int16 0+
  partition_index int32 0+
  leader_id int32 0+
  leader_epoch int32 7+ =-1
  replica_nodes [int32] 0+ =[]
  isr_nodes [int32] 0+ =[]
  offline_replicas [int32] 5+ =[]
 topic_authorized_operations int32 8+ =-2147483648
cluster_authorized_operations int32 8-10 =-2147483648
error_code int16 13+
""",
    "offset_commit.request": """\
2-10 flex 8
group_id string 2+
generation_id_or_member_epoch int32 2+ =-1
member_id string 2+
retention_time_ms int64 2-4 =-1
group_instance_id string 7+ ?7+ =null
topics [] 2+
 name string 2-9
 topic_id uuid 10+
 partitions [] 2+
  partition_index int32 2+
  committed_offset int64 2+
  committed_leader_epoch int32 6+ =-1
  committed_metadata string 2+ ?2+
""",
    "offset_commit.response": """\
2-10 flex 8
throttle_time_ms int32 3+
topics [] 2+
 name string 2-9
 topic_id uuid 10+
 partitions [] 2+
  partition_index int32 2+
  error_code int16 2+
""",
    "offset_fetch.request": """\
1-10 flex 6
group_id string 1-7
topics [] 1-7 ?2-7
 name string 1-7
 partition_indexes [int32] 1-7 =[]
groups [] 8+
 group_id string 8+
 member_id string 9+ ?9+ =null
 member_epoch int32 9+ =-1
 topics [] 8+ ?8+
  name string 8-9
  topic_id uuid 10+
  partition_indexes [int32] 8+ =[]
require_stable bool 7+ =false
""",
    "offset_fetch.response": """\
1-10 flex 6
throttle_time_ms int32 3+
topics [] 1-7
 name string 1-7
 partitions [] 1-7
  partition_index int32 1-7
  committed_offset int64 1-7
  committed_leader_epoch int32 5-7 =-1
  metadata string 1-7 ?1-7
  error_code int16 1-7
error_code int16 2-7 =0
groups [] 8+
 group_id string 8+
 topics [] 8+
  name string 8-9
  topic_id uuid 10+
  partitions [] 8+
   partition_index int32 8+
   committed_offset int64 8+
   committed_leader_epoch int32 8+ =-1
   metadata string 8+ ?8+
   error_code int16 8+
 error_code int16 8+ =0
""",
    "find_coordinator.request": """\
0-6 flex 3
key string 0-3
key_type int8 1+ =0
coordinator_keys [string] 4+ =[]
""",
    "find_coordinator.response": """\
0-6 flex 3
throttle_time_ms int32 1+
error_code int16 0-3
error_message string 1-3 ?1-3
node_id int32 0-3
host string 0-3
port int32 0-3
coordinators [] 4+
 key string 4+
 node_id int32 4+
 host string 4+
 port int32 4+
 error_code int16 4+
 error_message string 4+ ?4+
""",
    "join_group.request": """\
0-9 flex 6
group_id string 0+
session_timeout_ms int32 0+
rebalance_timeout_ms int32 1+ =-1
member_id string 0+
group_instance_id string 5+ ?5+ =null
protocol_type string 0+
protocols [] 0+
 name string 0+
 metadata bytes 0+
reason string 8+ ?8+ =null
""",
    "join_group.response": """\
0-9 flex 6
throttle_time_ms int32 2+
error_code int16 0+
generation_id int32 0+ =-1
protocol_type string 7+ ?7+ =null
protocol_name string 0+ ?7+
leader string 0+
skip_assignment bool 9+ =false
member_id string 0+
members [] 0+
 member_id string 0+
 group_instance_id string 5+ ?5+ =null
 metadata bytes 0+
""",
    "heartbeat.request": """\
0-4 flex 4
group_id string 0+
generation_id int32 0+
member_id string 0+
group_instance_id string 3+ ?3+ =null
""",
    "heartbeat.response": """\
0-4 flex 4
throttle_time_ms int32 1+
error_code int16 0+
""",
    "leave_group.request": """\
0-5 flex 4
group_id string 0+
member_id string 0-2
members [] 3+
 member_id string 3+
 group_instance_id string 3+ ?3+ =null
 reason string 5+ ?5+ =null
""",
    "leave_group.response": """\
0-5 flex 4
throttle_time_ms int32 1+
error_code int16 0+
members [] 3+
 member_id string 3+
 group_instance_id string 3+ ?3+
 error_code int16 3+
""",
    "sync_group.request": """\
0-5 flex 4
group_id string 0+
generation_id int32 0+
member_id string 0+
group_instance_id string 3+ ?3+ =null
protocol_type string 5+ ?5+ =null
protocol_name string 5+ ?5+ =null
assignments [] 0+
 member_id string 0+
 assignment bytes 0+
""",
    "sync_group.response": """\
0-5 flex 4
throttle_time_ms int32 1+
error_code int16 0+
protocol_type string 5+ ?5+ =null
protocol_name string 5+ ?5+ =null
assignment bytes 0+
""",
    "describe_groups.request": """\
0-6 flex 5
groups [string] 0+ =[]
include_authorized_operations bool 3+
""",
    "describe_groups.response": """\
0-6 flex 5
throttle_time_ms int32 1+
groups [] 0+
 error_code int16 0+
 error_message string 6+ ?6+ =null
 group_id string 0+
 group_state string 0+
 protocol_type string 0+
 protocol_data string 0+
 members [] 0+
  member_id string 0+
  group_instance_id string 4+ ?4+ =null
  client_id string 0+
  client_host string 0+
  member_metadata bytes 0+
  member_assignment bytes 0+
 authorized_operations int32 3+ =-2147483648
""",
    "list_groups.request": """\
0-5 flex 3
states_filter [string] 4+ =[]
types_filter [string] 5+ =[]
""",
    "list_groups.response": """\
0-5 flex 3
throttle_time_ms int32 1+
error_code int16 0+
groups [] 0+
 group_id string 0+
 protocol_type string 0+
 group_state string 4+
 group_type string 5+
""",
    "sasl_handshake.request": """\
0-1 flex none
mechanism string 0+
""",
    "sasl_handshake.response": """\
0-1 flex none
error_code int16 0+
mechanisms [string] 0+ =[]
""",
    "api_versions.request": """\
0-4 flex 3
client_software_name string 3+
client_software_version string 3+
""",
    "api_versions.response": """\
0-4 flex 3
error_code int16 0+
api_keys [] 0+
 api_key int16 0+
 min_version int16 0+
 max_version int16 0+
throttle_time_ms int32 1+
supported_features [] 3+ t0
 name string 3+
 min_version int16 3+
 max_version int16 3+
finalized_features_epoch int64 3+ t1 =-1
finalized_features [] 3+ t2
 name string 3+
 max_version_level int16 3+
 min_version_level int16 3+
zk_migration_ready bool 3+ t3 =false
""",
    "create_topics.request": """\
2-7 flex 5
topics [] 2+
 name string 2+
 num_partitions int32 2+
 replication_factor int16 2+
 assignments [] 2+
  partition_index int32 2+
  broker_ids [int32] 2+ =[]
 configs [] 2+
  name string 2+
  value string 2+ ?2+
timeout_ms int32 2+ =60000
validate_only bool 2+ =false
""",
    "create_topics.response": """\
2-7 flex 5
throttle_time_ms int32 2+
topics [] 2+
 name string 2+
 topic_id uuid 7+
 error_code int16 2+
 error_message string 2+ ?2+
 topic_config_error_code int16 5+ t0 =0
 num_partitions int32 5+ =-1
 replication_factor int16 5+ =-1
 configs [] 5+ ?5+
  name string 5+
  value string 5+ ?5+
  read_only bool 5+
  config_source int8 5+ =-1
  is_sensitive bool 5+
""",
    "delete_topics.request": """\
1-6 flex 4
topic_names [string] 1-5 =[]
topics [] 6+
 name string 6+ ?6+ =null
 topic_id uuid 6+
timeout_ms int32 1+
""",
    "delete_topics.response": """\
1-6 flex 4
throttle_time_ms int32 1+
responses [] 1+
 name string 1+ ?6+
 topic_id uuid 6+
 error_code int16 1+
 error_message string 5+ ?5+ =null
""",
    "delete_records.request": """\
0-2 flex 2
topics [] 0+
 name string 0+
 partitions [] 0+
  partition_index int32 0+
  offset int64 0+
timeout_ms int32 0+
""",
    "delete_records.response": """\
0-2 flex 2
throttle_time_ms int32 0+
topics [] 0+
 name string 0+
 partitions [] 0+
  partition_index int32 0+
  low_watermark int64 0+
  error_code int16 0+
""",
    "init_producer_id.request": """\
0-6 flex 2
transactional_id string 0+ ?0+
transaction_timeout_ms int32 0+
producer_id int64 3+ =-1
producer_epoch int16 3+ =-1
enable2_pc bool 6+ =false
keep_prepared_txn bool 6+ =false
""",
    "init_producer_id.response": """\
0-6 flex 2
throttle_time_ms int32 0+
error_code int16 0+
producer_id int64 0+ =-1
producer_epoch int16 0+
ongoing_txn_producer_id int64 6+ =-1
ongoing_txn_producer_epoch int16 6+ =-1
""",
    "offset_for_leader_epoch.request": """\
2-4 flex 4
replica_id int32 3+ =-2
topics [] 2+
 topic string 2+
 partitions [] 2+
  partition int32 2+
  current_leader_epoch int32 2+ =-1
  leader_epoch int32 2+
""",
    "offset_for_leader_epoch.response": """\
2-4 flex 4
throttle_time_ms int32 2+
topics [] 2+
 topic string 2+
 partitions [] 2+
  error_code int16 2+
  partition int32 2+
  leader_epoch int32 2+ =-1
  end_offset int64 2+ =-1
""",
    "add_partitions_to_txn.request": """\
0-5 flex 3
v3_and_below_transactional_id string 0-3
v3_and_below_producer_id int64 0-3
v3_and_below_producer_epoch int16 0-3
v3_and_below_topics [] 0-3
 name string 0-3
 partitions [int32] 0-3 =[]
transactions [] 4+
 transactional_id string 4+
 producer_id int64 4+
 producer_epoch int16 4+
 verify_only bool 4+ =false
 topics [] 4+
  name string 4+
  partitions [int32] 4+ =[]
""",
    "add_partitions_to_txn.response": """\
0-5 flex 3
throttle_time_ms int32 0+
results_by_topic_v3_and_below [] 0-3
 name string 0-3
 results_by_partition [] 0-3
  partition_index int32 0-3
  partition_error_code int16 0-3
error_code int16 4+
results_by_transaction [] 4+
 transactional_id string 4+
 topic_results [] 4+
  name string 4+
  results_by_partition [] 4+
   partition_index int32 4+
   partition_error_code int16 4+
""",
    "add_offsets_to_txn.request": """\
0-4 flex 3
transactional_id string 0+
producer_id int64 0+
producer_epoch int16 0+
group_id string 0+
""",
    "add_offsets_to_txn.response": """\
0-4 flex 3
throttle_time_ms int32 0+
error_code int16 0+
""",
    "end_txn.request": """\
0-5 flex 3
transactional_id string 0+
producer_id int64 0+
producer_epoch int16 0+
committed bool 0+
""",
    "end_txn.response": """\
0-5 flex 3
throttle_time_ms int32 0+
error_code int16 0+
producer_id int64 5+ =-1
producer_epoch int16 5+ =-1
""",
    "write_txn_markers.request": """\
1-2 flex 1
markers [] 1+
 producer_id int64 1+
 producer_epoch int16 1+
 transaction_result bool 1+
 topics [] 1+
  name string 1+
  partition_indexes [int32] 1+ =[]
 coordinator_epoch int32 1+
 transaction_version int8 2+ =0
""",
    "write_txn_markers.response": """\
1-2 flex 1
markers [] 1+
 producer_id int64 1+
 topics [] 1+
  name string 1+
  partitions [] 1+
   partition_index int32 1+
   error_code int16 1+
""",
    "txn_offset_commit.request": """\
0-5 flex 3
transactional_id string 0+
group_id string 0+
producer_id int64 0+
producer_epoch int16 0+
generation_id int32 3+ =-1
member_id string 3+ =''
group_instance_id string 3+ ?3+ =null
topics [] 0+
 name string 0+
 partitions [] 0+
  partition_index int32 0+
  committed_offset int64 0+
  committed_leader_epoch int32 2+ =-1
  committed_metadata string 0+ ?0+
""",
    "txn_offset_commit.response": """\
0-5 flex 3
throttle_time_ms int32 0+
topics [] 0+
 name string 0+
 partitions [] 0+
  partition_index int32 0+
  error_code int16 0+
""",
    "describe_acls.request": """\
1-3 flex 2
resource_type_filter int8 1+
resource_name_filter string 1+ ?1+
pattern_type_filter int8 1+ =3
principal_filter string 1+ ?1+
host_filter string 1+ ?1+
operation int8 1+
permission_type int8 1+
""",
    "describe_acls.response": """\
1-3 flex 2
throttle_time_ms int32 1+
error_code int16 1+
error_message string 1+ ?1+
resources [] 1+
 resource_type int8 1+
 resource_name string 1+
 pattern_type int8 1+ =3
 acls [] 1+
  principal string 1+
  host string 1+
  operation int8 1+
  permission_type int8 1+
""",
    "create_acls.request": """\
1-3 flex 2
creations [] 1+
 resource_type int8 1+
 resource_name string 1+
 resource_pattern_type int8 1+ =3
 principal string 1+
 host string 1+
 operation int8 1+
 permission_type int8 1+
""",
    "create_acls.response": """\
1-3 flex 2
throttle_time_ms int32 1+
results [] 1+
 error_code int16 1+
 error_message string 1+ ?1+
""",
    "delete_acls.request": """\
1-3 flex 2
filters [] 1+
 resource_type_filter int8 1+
 resource_name_filter string 1+ ?1+
 pattern_type_filter int8 1+ =3
 principal_filter string 1+ ?1+
 host_filter string 1+ ?1+
 operation int8 1+
 permission_type int8 1+
""",
    "delete_acls.response": """\
1-3 flex 2
throttle_time_ms int32 1+
filter_results [] 1+
 error_code int16 1+
 error_message string 1+ ?1+
 matching_acls [] 1+
  error_code int16 1+
  error_message string 1+ ?1+
  resource_type int8 1+
  resource_name string 1+
  pattern_type int8 1+ =3
  principal string 1+
  host string 1+
  operation int8 1+
  permission_type int8 1+
""",
    "describe_configs.request": """\
1-4 flex 4
resources [] 1+
 resource_type int8 1+
 resource_name string 1+
 configuration_keys [string] 1+ ?1+ =[]
include_synonyms bool 1+ =false
include_documentation bool 3+ =false
""",
    "describe_configs.response": """\
1-4 flex 4
throttle_time_ms int32 1+
results [] 1+
 error_code int16 1+
 error_message string 1+ ?1+
 resource_type int8 1+
 resource_name string 1+
 configs [] 1+
  name string 1+
  value string 1+ ?1+
  read_only bool 1+
  config_source int8 1+ =-1
  is_sensitive bool 1+
  synonyms [] 1+
   name string 1+
   value string 1+ ?1+
   source int8 1+
  config_type int8 3+ =0
  documentation string 3+ ?3+
""",
    "alter_configs.request": """\
0-2 flex 2
resources [] 0+
 resource_type int8 0+
 resource_name string 0+
 configs [] 0+
  name string 0+
  value string 0+ ?0+
validate_only bool 0+
""",
    "alter_configs.response": """\
0-2 flex 2
throttle_time_ms int32 0+
responses [] 0+
 error_code int16 0+
 error_message string 0+ ?0+
 resource_type int8 0+
 resource_name string 0+
""",
    "alter_replica_log_dirs.request": """\
1-2 flex 2
dirs [] 1+
 path string 1+
 topics [] 1+
  name string 1+
  partitions [int32] 1+ =[]
""",
    "alter_replica_log_dirs.response": """\
1-2 flex 2
throttle_time_ms int32 1+
results [] 1+
 topic_name string 1+
 partitions [] 1+
  partition_index int32 1+
  error_code int16 1+
""",
    "describe_log_dirs.request": """\
1-5 flex 2
topics [] 1+ ?1+
 topic string 1+
 partitions [int32] 1+ =[]
""",
    "describe_log_dirs.response": """\
1-5 flex 2
throttle_time_ms int32 1+
error_code int16 3+
results [] 1+
 error_code int16 1+
 log_dir string 1+
 topics [] 1+
  name string 1+
  partitions [] 1+
   partition_index int32 1+
   partition_size int64 1+
   offset_lag int64 1+
   is_future_key bool 1+
 total_bytes int64 4+ =-1
 usable_bytes int64 4+ =-1
 is_cordoned bool 5+ =false
""",
    "sasl_authenticate.request": """\
0-2 flex 2
auth_bytes bytes 0+
""",
    "sasl_authenticate.response": """\
0-2 flex 2
error_code int16 0+
error_message string 0+ ?0+
auth_bytes bytes 0+
session_lifetime_ms int64 1+ =0
""",
    "create_partitions.request": """\
0-3 flex 2
topics [] 0+
 name string 0+
 count int32 0+
 assignments [] 0+ ?0+
  broker_ids [int32] 0+ =[]
timeout_ms int32 0+
validate_only bool 0+
""",
    "create_partitions.response": """\
0-3 flex 2
throttle_time_ms int32 0+
results [] 0+
 name string 0+
 error_code int16 0+
 error_message string 0+ ?0+ =null
""",
    "create_delegation_token.request": """\
1-3 flex 2
owner_principal_type string 3+ ?3+
owner_principal_name string 3+ ?3+
renewers [] 1+
 principal_type string 1+
 principal_name string 1+
max_lifetime_ms int64 1+
""",
    "create_delegation_token.response": """\
1-3 flex 2
error_code int16 1+
principal_type string 1+
principal_name string 1+
token_requester_principal_type string 3+
token_requester_principal_name string 3+
issue_timestamp_ms int64 1+
expiry_timestamp_ms int64 1+
max_timestamp_ms int64 1+
token_id string 1+
hmac bytes 1+
throttle_time_ms int32 1+
""",
    "renew_delegation_token.request": """\
1-2 flex 2
hmac bytes 1+
renew_period_ms int64 1+
""",
    "renew_delegation_token.response": """\
1-2 flex 2
error_code int16 1+
expiry_timestamp_ms int64 1+
throttle_time_ms int32 1+
""",
    "expire_delegation_token.request": """\
1-2 flex 2
hmac bytes 1+
expiry_time_period_ms int64 1+
""",
    "expire_delegation_token.response": """\
1-2 flex 2
error_code int16 1+
expiry_timestamp_ms int64 1+
throttle_time_ms int32 1+
""",
    "describe_delegation_token.request": """\
1-3 flex 2
owners [] 1+ ?1+
 principal_type string 1+
 principal_name string 1+
""",
    "describe_delegation_token.response": """\
1-3 flex 2
error_code int16 1+
tokens [] 1+
 principal_type string 1+
 principal_name string 1+
 token_requester_principal_type string 3+
 token_requester_principal_name string 3+
 issue_timestamp int64 1+
 expiry_timestamp int64 1+
 max_timestamp int64 1+
 token_id string 1+
 hmac bytes 1+
 renewers [] 1+
  principal_type string 1+
  principal_name string 1+
throttle_time_ms int32 1+
""",
    "delete_groups.request": """\
0-2 flex 2
groups_names [string] 0+ =[]
""",
    "delete_groups.response": """\
0-2 flex 2
throttle_time_ms int32 0+
results [] 0+
 group_id string 0+
 error_code int16 0+
""",
    "elect_leaders.request": """\
0-2 flex 2
election_type int8 1+
topic_partitions [] 0+ ?0+
 topic string 0+
 partitions [int32] 0+ =[]
timeout_ms int32 0+ =60000
""",
    "elect_leaders.response": """\
0-2 flex 2
throttle_time_ms int32 0+
error_code int16 1+
replica_election_results [] 0+
 topic string 0+
 partition_result [] 0+
  partition_id int32 0+
  error_code int16 0+
  error_message string 0+ ?0+
""",
    "incremental_alter_configs.request": """\
0-1 flex 1
resources [] 0+
 resource_type int8 0+
 resource_name string 0+
 configs [] 0+
  name string 0+
  config_operation int8 0+
  value string 0+ ?0+
validate_only bool 0+
""",
    "incremental_alter_configs.response": """\
0-1 flex 1
throttle_time_ms int32 0+
responses [] 0+
 error_code int16 0+
 error_message string 0+ ?0+
 resource_type int8 0+
 resource_name string 0+
""",
    "alter_partition_reassignments.request": """\
0-1 flex 0
timeout_ms int32 0+ =60000
allow_replication_factor_change bool 1+ =true
topics [] 0+
 name string 0+
 partitions [] 0+
  partition_index int32 0+
  replicas [int32] 0+ ?0+ =null
""",
    "alter_partition_reassignments.response": """\
0-1 flex 0
throttle_time_ms int32 0+
allow_replication_factor_change bool 1+ =true
error_code int16 0+
error_message string 0+ ?0+
responses [] 0+
 name string 0+
 partitions [] 0+
  partition_index int32 0+
  error_code int16 0+
  error_message string 0+ ?0+
""",
    "list_partition_reassignments.request": """\
0-0 flex 0
timeout_ms int32 0+ =60000
topics [] 0+ ?0+
 name string 0+
 partition_indexes [int32] 0+ =[]
""",
    "list_partition_reassignments.response": """\
0-0 flex 0
throttle_time_ms int32 0+
error_code int16 0+
error_message string 0+ ?0+
topics [] 0+
 name string 0+
 partitions [] 0+
  partition_index int32 0+
  replicas [int32] 0+ =[]
  adding_replicas [int32] 0+ =[]
  removing_replicas [int32] 0+ =[]
""",
    "offset_delete.request": """\
0-0 flex none
group_id string 0+
topics [] 0+
 name string 0+
 partitions [] 0+
  partition_index int32 0+
""",
    "offset_delete.response": """\
0-0 flex none
error_code int16 0+
throttle_time_ms int32 0+
topics [] 0+
 name string 0+
 partitions [] 0+
  partition_index int32 0+
  error_code int16 0+
""",
    "describe_client_quotas.request": """\
0-1 flex 1
components [] 0+
 entity_type string 0+
 match_type int8 0+
 match string 0+ ?0+
strict bool 0+
""",
    "describe_client_quotas.response": """\
0-1 flex 1
throttle_time_ms int32 0+
error_code int16 0+
error_message string 0+ ?0+
entries [] 0+ ?0+
 entity [] 0+
  entity_type string 0+
  entity_name string 0+ ?0+
 values [] 0+
  key string 0+
  value float64 0+
""",
    "alter_client_quotas.request": """\
0-1 flex 1
entries [] 0+
 entity [] 0+
  entity_type string 0+
  entity_name string 0+ ?0+
 ops [] 0+
  key string 0+
  value float64 0+
  remove bool 0+
validate_only bool 0+
""",
    "alter_client_quotas.response": """\
0-1 flex 1
throttle_time_ms int32 0+
entries [] 0+
 error_code int16 0+
 error_message string 0+ ?0+
 entity [] 0+
  entity_type string 0+
  entity_name string 0+ ?0+
""",
    "describe_user_scram_credentials.request": """\
0-0 flex 0
users [] 0+ ?0+
 name string 0+
""",
    "describe_user_scram_credentials.response": """\
0-0 flex 0
throttle_time_ms int32 0+
error_code int16 0+
error_message string 0+ ?0+
results [] 0+
 user string 0+
 error_code int16 0+
 error_message string 0+ ?0+
 credential_infos [] 0+
  mechanism int8 0+
  iterations int32 0+
""",
    "alter_user_scram_credentials.request": """\
0-0 flex 0
deletions [] 0+
 name string 0+
 mechanism int8 0+
upsertions [] 0+
 name string 0+
 mechanism int8 0+
 iterations int32 0+
 salt bytes 0+
 salted_password bytes 0+
""",
    "alter_user_scram_credentials.response": """\
0-0 flex 0
throttle_time_ms int32 0+
results [] 0+
 user string 0+
 error_code int16 0+
 error_message string 0+ ?0+
""",
    "describe_quorum.request": """\
0-2 flex 0
topics [] 0+
 topic_name string 0+
 partitions [] 0+
  partition_index int32 0+
""",
    "describe_quorum.response": """\
0-2 flex 0
error_code int16 0+
error_message string 2+ ?2+
topics [] 0+
 topic_name string 0+
 partitions [] 0+
  partition_index int32 0+
  error_code int16 0+
  error_message string 2+ ?2+
  leader_id int32 0+
  leader_epoch int32 0+
  high_watermark int64 0+
  current_voters [] 0+
   replica_id int32 0+
   replica_directory_id uuid 2+
   log_end_offset int64 0+
   last_fetch_timestamp int64 1+ =-1
   last_caught_up_timestamp int64 1+ =-1
  observers [] 0+
   replica_id int32 0+
   replica_directory_id uuid 2+
   log_end_offset int64 0+
   last_fetch_timestamp int64 1+ =-1
   last_caught_up_timestamp int64 1+ =-1
nodes [] 2+
 node_id int32 2+
 listeners [] 2+
  name string 2+
  host string 2+
  port uint16 2+
""",
    "update_features.request": """\
0-2 flex 0
timeout_ms int32 0+ =60000
feature_updates [] 0+
 feature string 0+
 max_version_level int16 0+
 allow_downgrade bool 0
 upgrade_type int8 1+ =1
validate_only bool 1+ =false
""",
    "update_features.response": """\
0-2 flex 0
throttle_time_ms int32 0+
error_code int16 0+
error_message string 0+ ?0+
results [] 0-1
 feature string 0-1
 error_code int16 0-1
 error_message string 0-1 ?0-1
""",
    "describe_cluster.request": """\
0-2 flex 0
include_cluster_authorized_operations bool 0+
endpoint_type int8 1+ =1
include_fenced_brokers bool 2+
""",
    "describe_cluster.response": """\
0-2 flex 0
throttle_time_ms int32 0+
error_code int16 0+
error_message string 0+ ?0+ =null
endpoint_type int8 1+ =1
cluster_id string 0+
controller_id int32 0+ =-1
brokers [] 0+
 broker_id int32 0+
 host string 0+
 port int32 0+
 rack string 0+ ?0+ =null
 is_fenced bool 2+
cluster_authorized_operations int32 0+ =-2147483648
""",
    "describe_producers.request": """\
0-0 flex 0
topics [] 0+
 name string 0+
 partition_indexes [int32] 0+ =[]
""",
    "describe_producers.response": """\
0-0 flex 0
throttle_time_ms int32 0+
topics [] 0+
 name string 0+
 partitions [] 0+
  partition_index int32 0+
  error_code int16 0+
  error_message string 0+ ?0+ =null
  active_producers [] 0+
   producer_id int64 0+
   producer_epoch int32 0+
   last_sequence int32 0+ =-1
   last_timestamp int64 0+ =-1
   coordinator_epoch int32 0+
   current_txn_start_offset int64 0+ =-1
""",
    "unregister_broker.request": """\
0-0 flex 0
broker_id int32 0+
""",
    "unregister_broker.response": """\
0-0 flex 0
throttle_time_ms int32 0+
error_code int16 0+
error_message string 0+ ?0+
""",
    "describe_transactions.request": """\
0-0 flex 0
transactional_ids [string] 0+ =[]
""",
    "describe_transactions.response": """\
0-0 flex 0
throttle_time_ms int32 0+
transaction_states [] 0+
 error_code int16 0+
 transactional_id string 0+
 transaction_state string 0+
 transaction_timeout_ms int32 0+
 transaction_start_time_ms int64 0+
 producer_id int64 0+
 producer_epoch int16 0+
 topics [] 0+
  topic string 0+
  partitions [int32] 0+ =[]
""",
    "list_transactions.request": """\
0-2 flex 0
state_filters [string] 0+ =[]
producer_id_filters [int64] 0+ =[]
duration_filter int64 1+ =-1
transactional_id_pattern string 2+ ?2+ =null
""",
    "list_transactions.response": """\
0-2 flex 0
throttle_time_ms int32 0+
error_code int16 0+
unknown_state_filters [string] 0+ =[]
transaction_states [] 0+
 transactional_id string 0+
 producer_id int64 0+
 transaction_state string 0+
""",
    "consumer_group_heartbeat.request": """\
0-1 flex 0
group_id string 0+
member_id string 0+
member_epoch int32 0+
instance_id string 0+ ?0+ =null
rack_id string 0+ ?0+ =null
rebalance_timeout_ms int32 0+ =-1
subscribed_topic_names [string] 0+ ?0+ =null
subscribed_topic_regex string 1+ ?1+ =null
server_assignor string 0+ ?0+ =null
topic_partitions [] 0+ ?0+
 topic_id uuid 0+
 partitions [int32] 0+ =[]
""",
    "consumer_group_heartbeat.response": """\
0-1 flex 0
throttle_time_ms int32 0+
error_code int16 0+
error_message string 0+ ?0+ =null
member_id string 0+ ?0+ =null
member_epoch int32 0+
heartbeat_interval_ms int32 0+
assignment {} 0+ ?0+ =null
 topic_partitions [] 0+
  topic_id uuid 0+
  partitions [int32] 0+ =[]
""",
    "consumer_group_describe.request": """\
0-1 flex 0
group_ids [string] 0+ =[]
include_authorized_operations bool 0+
""",
    "consumer_group_describe.response": """\
0-1 flex 0
throttle_time_ms int32 0+
groups [] 0+
 error_code int16 0+
 error_message string 0+ ?0+ =null
 group_id string 0+
 group_state string 0+
 group_epoch int32 0+
 assignment_epoch int32 0+
 assignor_name string 0+
 members [] 0+
  member_id string 0+
  instance_id string 0+ ?0+ =null
  rack_id string 0+ ?0+ =null
  member_epoch int32 0+
  client_id string 0+
  client_host string 0+
  subscribed_topic_names [string] 0+ =[]
  subscribed_topic_regex string 0+ ?0+ =null
  assignment {} 0+
   topic_partitions [] 0+
    topic_id uuid 0+
    topic_name string 0+
    partitions [int32] 0+ =[]
  target_assignment {} 0+
   topic_partitions [] 0+
    topic_id uuid 0+
    topic_name string 0+
    partitions [int32] 0+ =[]
  member_type int8 1+ =-1
 authorized_operations int32 0+ =-2147483648
""",
    "get_telemetry_subscriptions.request": """\
0-0 flex 0
client_instance_id uuid 0+
""",
    "get_telemetry_subscriptions.response": """\
0-0 flex 0
throttle_time_ms int32 0+
error_code int16 0+
client_instance_id uuid 0+
subscription_id int32 0+
accepted_compression_types [int8] 0+ =[]
push_interval_ms int32 0+
telemetry_max_bytes int32 0+
delta_temporality bool 0+
requested_metrics [string] 0+ =[]
""",
    "push_telemetry.request": """\
0-0 flex 0
client_instance_id uuid 0+
subscription_id int32 0+
terminating bool 0+
compression_type int8 0+
metrics bytes 0+
""",
    "push_telemetry.response": """\
0-0 flex 0
throttle_time_ms int32 0+
error_code int16 0+
""",
    "list_config_resources.request": """\
0-1 flex 0
resource_types [int8] 1+ =[]
""",
    "list_config_resources.response": """\
0-1 flex 0
throttle_time_ms int32 0+
error_code int16 0+
config_resources [] 0+
 resource_name string 0+
 resource_type int8 1+ =16
""",
    "describe_topic_partitions.request": """\
0-0 flex 0
topics [] 0+
 name string 0+
response_partition_limit int32 0+ =2000
cursor {} 0+ ?0+ =null
 topic_name string 0+
 partition_index int32 0+
""",
    "describe_topic_partitions.response": """\
0-0 flex 0
throttle_time_ms int32 0+
topics [] 0+
 error_code int16 0+
 name string 0+ ?0+
 topic_id uuid 0+
 is_internal bool 0+ =false
 partitions [] 0+
  error_code int16 0+
  partition_index int32 0+
  leader_id int32 0+
  leader_epoch int32 0+ =-1
  replica_nodes [int32] 0+ =[]
  isr_nodes [int32] 0+ =[]
  eligible_leader_replicas [int32] 0+ ?0+ =null
  last_known_elr [int32] 0+ ?0+ =null
  offline_replicas [int32] 0+ =[]
 topic_authorized_operations int32 0+ =-2147483648
next_cursor {} 0+ ?0+ =null
 topic_name string 0+
 partition_index int32 0+
""",
    "share_group_heartbeat.request": """\
1-1 flex 1
group_id string 1+
member_id string 1+
member_epoch int32 1+
rack_id string 1+ ?1+ =null
subscribed_topic_names [string] 1+ ?1+ =null
""",
    "share_group_heartbeat.response": """\
1-1 flex 1
throttle_time_ms int32 1+
error_code int16 1+
error_message string 1+ ?1+ =null
member_id string 1+ ?1+ =null
member_epoch int32 1+
heartbeat_interval_ms int32 1+
assignment {} 1+ ?1+ =null
 topic_partitions [] 1+
  topic_id uuid 1+
  partitions [int32] 1+ =[]
""",
    "share_group_describe.request": """\
1-1 flex 1
group_ids [string] 1+ =[]
include_authorized_operations bool 1+
""",
    "share_group_describe.response": """\
1-1 flex 1
throttle_time_ms int32 1+
groups [] 1+
 error_code int16 1+
 error_message string 1+ ?1+ =null
 group_id string 1+
 group_state string 1+
 group_epoch int32 1+
 assignment_epoch int32 1+
 assignor_name string 1+
 members [] 1+
  member_id string 1+
  rack_id string 1+ ?1+ =null
  member_epoch int32 1+
  client_id string 1+
  client_host string 1+
  subscribed_topic_names [string] 1+ =[]
  assignment {} 1+
   topic_partitions [] 1+
    topic_id uuid 1+
    topic_name string 1+
    partitions [int32] 1+ =[]
 authorized_operations int32 1+ =-2147483648
""",
    "share_fetch.request": """\
1-2 flex 1
group_id string 1+ ?1+ =null
member_id string 1+ ?1+
share_session_epoch int32 1+
max_wait_ms int32 1+
min_bytes int32 1+
max_bytes int32 1+ =2147483647
max_records int32 1+
batch_size int32 1+
share_acquire_mode int8 2+ =0
is_renew_ack bool 2+ =false
topics [] 1+
 topic_id uuid 1+
 partitions [] 1+
  partition_index int32 1+
  acknowledgement_batches [] 1+
   first_offset int64 1+
   last_offset int64 1+
   acknowledge_types [int8] 1+ =[]
forgotten_topics_data [] 1+
 topic_id uuid 1+
 partitions [int32] 1+ =[]
""",
    "share_fetch.response": """\
1-2 flex 1
throttle_time_ms int32 1+
error_code int16 1+
error_message string 1+ ?1+ =null
acquisition_lock_timeout_ms int32 1+
responses [] 1+
 topic_id uuid 1+
 partitions [] 1+
  partition_index int32 1+
  error_code int16 1+
  error_message string 1+ ?1+ =null
  acknowledge_error_code int16 1+
  acknowledge_error_message string 1+ ?1+ =null
  current_leader {} 1+
   leader_id int32 1+
   leader_epoch int32 1+
  records records 1+
  acquired_records [] 1+
   first_offset int64 1+
   last_offset int64 1+
   delivery_count int16 1+
node_endpoints [] 1+
 node_id int32 1+
 host string 1+
 port int32 1+
 rack string 1+ ?1+ =null
""",
    "share_acknowledge.request": """\
1-2 flex 1
group_id string 1+ ?1+ =null
member_id string 1+ ?1+
share_session_epoch int32 1+
is_renew_ack bool 2+ =false
topics [] 1+
 topic_id uuid 1+
 partitions [] 1+
  partition_index int32 1+
  acknowledgement_batches [] 1+
   first_offset int64 1+
   last_offset int64 1+
   acknowledge_types [int8] 1+ =[]
""",
    "share_acknowledge.response": """\
1-2 flex 1
throttle_time_ms int32 1+
error_code int16 1+
error_message string 1+ ?1+ =null
acquisition_lock_timeout_ms int32 2+
responses [] 1+
 topic_id uuid 1+
 partitions [] 1+
  partition_index int32 1+
  error_code int16 1+
  error_message string 1+ ?1+ =null
  current_leader {} 1+
   leader_id int32 1+
   leader_epoch int32 1+
node_endpoints [] 1+
 node_id int32 1+
 host string 1+
 port int32 1+
 rack string 1+ ?1+ =null
""",
    "streams_group_heartbeat.request": """\
0-0 flex 0
group_id string 0+
member_id string 0+
member_epoch int32 0+
endpoint_information_epoch int32 0+
instance_id string 0+ ?0+ =null
rack_id string 0+ ?0+ =null
rebalance_timeout_ms int32 0+ =-1
topology {} 0+ ?0+ =null
 epoch int32 0+
 subtopologies [] 0+
  subtopology_id string 0+
  source_topics [string] 0+ =[]
  source_topic_regex [string] 0+ =[]
  state_changelog_topics [] 0+
   name string 0+
   partitions int32 0+
   replication_factor int16 0+
   topic_configs [] 0+
    key string 0+
    value string 0+
  repartition_sink_topics [string] 0+ =[]
  repartition_source_topics [] 0+
   name string 0+
   partitions int32 0+
   replication_factor int16 0+
   topic_configs [] 0+
    key string 0+
    value string 0+
  copartition_groups [] 0+
   source_topics [int16] 0+ =[]
   source_topic_regex [int16] 0+ =[]
   repartition_source_topics [int16] 0+ =[]
active_tasks [] 0+ ?0+
 subtopology_id string 0+
 partitions [int32] 0+ =[]
standby_tasks [] 0+ ?0+
 subtopology_id string 0+
 partitions [int32] 0+ =[]
warmup_tasks [] 0+ ?0+
 subtopology_id string 0+
 partitions [int32] 0+ =[]
process_id string 0+ ?0+ =null
user_endpoint {} 0+ ?0+ =null
 host string 0+
 port uint16 0+
client_tags [] 0+ ?0+
 key string 0+
 value string 0+
task_offsets [] 0+ ?0+
 subtopology_id string 0+
 partition int32 0+
 offset int64 0+
task_end_offsets [] 0+ ?0+
 subtopology_id string 0+
 partition int32 0+
 offset int64 0+
shutdown_application bool 0+ =false
""",
    "streams_group_heartbeat.response": """\
0-0 flex 0
throttle_time_ms int32 0+
error_code int16 0+
error_message string 0+ ?0+ =null
member_id string 0+
member_epoch int32 0+
heartbeat_interval_ms int32 0+
acceptable_recovery_lag int32 0+
task_offset_interval_ms int32 0+
status [] 0+ ?0+
 status_code int8 0+
 status_detail string 0+
active_tasks [] 0+ ?0+
 subtopology_id string 0+
 partitions [int32] 0+ =[]
standby_tasks [] 0+ ?0+
 subtopology_id string 0+
 partitions [int32] 0+ =[]
warmup_tasks [] 0+ ?0+
 subtopology_id string 0+
 partitions [int32] 0+ =[]
endpoint_information_epoch int32 0+
partitions_by_user_endpoint [] 0+ ?0+
 user_endpoint {} 0+
  host string 0+
  port uint16 0+
 active_partitions [] 0+
  topic string 0+
  partitions [int32] 0+ =[]
 standby_partitions [] 0+
  topic string 0+
  partitions [int32] 0+ =[]
""",
    "streams_group_describe.request": """\
0-0 flex 0
group_ids [string] 0+ =[]
include_authorized_operations bool 0+
""",
    "streams_group_describe.response": """\
0-0 flex 0
throttle_time_ms int32 0+
groups [] 0+
 error_code int16 0+
 error_message string 0+ ?0+ =null
 group_id string 0+
 group_state string 0+
 group_epoch int32 0+
 assignment_epoch int32 0+
 topology {} 0+ ?0+ =null
  epoch int32 0+
  subtopologies [] 0+ ?0+
   subtopology_id string 0+
   source_topics [string] 0+ =[]
   repartition_sink_topics [string] 0+ =[]
   state_changelog_topics [] 0+
    name string 0+
    partitions int32 0+
    replication_factor int16 0+
    topic_configs [] 0+
     key string 0+
     value string 0+
   repartition_source_topics [] 0+
    name string 0+
    partitions int32 0+
    replication_factor int16 0+
    topic_configs [] 0+
     key string 0+
     value string 0+
 members [] 0+
  member_id string 0+
  member_epoch int32 0+
  instance_id string 0+ ?0+ =null
  rack_id string 0+ ?0+ =null
  client_id string 0+
  client_host string 0+
  topology_epoch int32 0+
  process_id string 0+
  user_endpoint {} 0+ ?0+ =null
   host string 0+
   port uint16 0+
  client_tags [] 0+
   key string 0+
   value string 0+
  task_offsets [] 0+
   subtopology_id string 0+
   partition int32 0+
   offset int64 0+
  task_end_offsets [] 0+
   subtopology_id string 0+
   partition int32 0+
   offset int64 0+
  assignment {} 0+
   active_tasks [] 0+
    subtopology_id string 0+
    partitions [int32] 0+ =[]
   standby_tasks [] 0+
    subtopology_id string 0+
    partitions [int32] 0+ =[]
   warmup_tasks [] 0+
    subtopology_id string 0+
    partitions [int32] 0+ =[]
  target_assignment {} 0+
   active_tasks [] 0+
    subtopology_id string 0+
    partitions [int32] 0+ =[]
   standby_tasks [] 0+
    subtopology_id string 0+
    partitions [int32] 0+ =[]
   warmup_tasks [] 0+
    subtopology_id string 0+
    partitions [int32] 0+ =[]
  is_classic bool 0+
 authorized_operations int32 0+ =-2147483648
""",
    "describe_share_group_offsets.request": """\
0-1 flex 0
groups [] 0+
 group_id string 0+
 topics [] 0+ ?0+
  topic_name string 0+
  partitions [int32] 0+ =[]
""",
    "describe_share_group_offsets.response": """\
0-1 flex 0
throttle_time_ms int32 0+
groups [] 0+
 group_id string 0+
 topics [] 0+
  topic_name string 0+
  topic_id uuid 0+
  partitions [] 0+
   partition_index int32 0+
   start_offset int64 0+
   leader_epoch int32 0+
   lag int64 1+ =-1
   error_code int16 0+
   error_message string 0+ ?0+ =null
 error_code int16 0+
 error_message string 0+ ?0+ =null
""",
    "alter_share_group_offsets.request": """\
0-0 flex 0
group_id string 0+
topics [] 0+
 topic_name string 0+
 partitions [] 0+
  partition_index int32 0+
  start_offset int64 0+
""",
    "alter_share_group_offsets.response": """\
0-0 flex 0
throttle_time_ms int32 0+
error_code int16 0+
error_message string 0+ ?0+ =null
responses [] 0+
 topic_name string 0+
 topic_id uuid 0+
 partitions [] 0+
  partition_index int32 0+
  error_code int16 0+
  error_message string 0+ ?0+ =null
""",
    "delete_share_group_offsets.request": """\
0-0 flex 0
group_id string 0+
topics [] 0+
 topic_name string 0+
""",
    "delete_share_group_offsets.response": """\
0-0 flex 0
throttle_time_ms int32 0+
error_code int16 0+
error_message string 0+ ?0+ =null
responses [] 0+
 topic_name string 0+
 topic_id uuid 0+
 error_code int16 0+
 error_message string 0+ ?0+ =null
""",
    "consumer_protocol_subscription.data": """\
0-3 flex none
topics [string] 0+ =[]
user_data bytes 0+ ?0+ =null
owned_partitions [] 1+
 topic string 1+
 partitions [int32] 1+ =[]
generation_id int32 2+ =-1
rack_id string 3+ ?3+ =null
""",
    "consumer_protocol_assignment.data": """\
0-3 flex none
assigned_partitions [] 0+
 topic string 0+
 partitions [int32] 0+ =[]
user_data bytes 0+ ?0+ =null
""",
}
