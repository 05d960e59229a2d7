"""Kafka's error codes by name, and the texts that the broker itself puts into `error_message` fields.

Codes are the protocol's data (clients/src/main/java/org/apache/kafka/common/protocol/Errors.java names the same ones).
A name is what people write in faults (`error="NOT_LEADER_OR_FOLLOWER"`); `code_of` also takes numbers.
"""

from __future__ import annotations

from difflib import get_close_matches

__all__ = ["CODES", "NAMES", "code_of", "name_of"]

UNKNOWN_SERVER_ERROR = -1
NONE = 0
OFFSET_OUT_OF_RANGE = 1
CORRUPT_MESSAGE = 2
UNKNOWN_TOPIC_OR_PARTITION = 3
INVALID_FETCH_SIZE = 4
LEADER_NOT_AVAILABLE = 5
NOT_LEADER_OR_FOLLOWER = 6
REQUEST_TIMED_OUT = 7
BROKER_NOT_AVAILABLE = 8
REPLICA_NOT_AVAILABLE = 9
MESSAGE_TOO_LARGE = 10
OFFSET_METADATA_TOO_LARGE = 12
NETWORK_EXCEPTION = 13
COORDINATOR_LOAD_IN_PROGRESS = 14
COORDINATOR_NOT_AVAILABLE = 15
NOT_COORDINATOR = 16
INVALID_TOPIC_EXCEPTION = 17
RECORD_LIST_TOO_LARGE = 18
NOT_ENOUGH_REPLICAS = 19
NOT_ENOUGH_REPLICAS_AFTER_APPEND = 20
INVALID_REQUIRED_ACKS = 21
ILLEGAL_GENERATION = 22
INCONSISTENT_GROUP_PROTOCOL = 23
INVALID_GROUP_ID = 24
UNKNOWN_MEMBER_ID = 25
INVALID_SESSION_TIMEOUT = 26
REBALANCE_IN_PROGRESS = 27
INVALID_COMMIT_OFFSET_SIZE = 28
TOPIC_AUTHORIZATION_FAILED = 29
GROUP_AUTHORIZATION_FAILED = 30
CLUSTER_AUTHORIZATION_FAILED = 31
INVALID_TIMESTAMP = 32
UNSUPPORTED_SASL_MECHANISM = 33
ILLEGAL_SASL_STATE = 34
UNSUPPORTED_VERSION = 35
TOPIC_ALREADY_EXISTS = 36
INVALID_PARTITIONS = 37
INVALID_REPLICATION_FACTOR = 38
INVALID_REPLICA_ASSIGNMENT = 39
INVALID_CONFIG = 40
NOT_CONTROLLER = 41
INVALID_REQUEST = 42
UNSUPPORTED_FOR_MESSAGE_FORMAT = 43
POLICY_VIOLATION = 44
OUT_OF_ORDER_SEQUENCE_NUMBER = 45
DUPLICATE_SEQUENCE_NUMBER = 46
INVALID_PRODUCER_EPOCH = 47
INVALID_TXN_STATE = 48
INVALID_PRODUCER_ID_MAPPING = 49
INVALID_TRANSACTION_TIMEOUT = 50
CONCURRENT_TRANSACTIONS = 51
TRANSACTION_COORDINATOR_FENCED = 52
TRANSACTIONAL_ID_AUTHORIZATION_FAILED = 53
SECURITY_DISABLED = 54
OPERATION_NOT_ATTEMPTED = 55
KAFKA_STORAGE_ERROR = 56
LOG_DIR_NOT_FOUND = 57
SASL_AUTHENTICATION_FAILED = 58
UNKNOWN_PRODUCER_ID = 59
REASSIGNMENT_IN_PROGRESS = 60
NON_EMPTY_GROUP = 68
GROUP_ID_NOT_FOUND = 69
FETCH_SESSION_ID_NOT_FOUND = 70
INVALID_FETCH_SESSION_EPOCH = 71
LISTENER_NOT_FOUND = 72
TOPIC_DELETION_DISABLED = 73
FENCED_LEADER_EPOCH = 74
UNKNOWN_LEADER_EPOCH = 75
UNSUPPORTED_COMPRESSION_TYPE = 76
STALE_BROKER_EPOCH = 77
OFFSET_NOT_AVAILABLE = 78
MEMBER_ID_REQUIRED = 79
PREFERRED_LEADER_NOT_AVAILABLE = 80
GROUP_MAX_SIZE_REACHED = 81
FENCED_INSTANCE_ID = 82
ELIGIBLE_LEADERS_NOT_AVAILABLE = 83
ELECTION_NOT_NEEDED = 84
NO_REASSIGNMENT_IN_PROGRESS = 85
GROUP_SUBSCRIBED_TO_TOPIC = 86
INVALID_RECORD = 87
UNSTABLE_OFFSET_COMMIT = 88
THROTTLING_QUOTA_EXCEEDED = 89
PRODUCER_FENCED = 90
RESOURCE_NOT_FOUND = 91
DUPLICATE_RESOURCE = 92
UNACCEPTABLE_CREDENTIAL = 93
INVALID_UPDATE_VERSION = 95
FEATURE_UPDATE_FAILED = 96
UNKNOWN_TOPIC_ID = 100
BROKER_ID_NOT_REGISTERED = 102
INCONSISTENT_TOPIC_ID = 103
TRANSACTIONAL_ID_NOT_FOUND = 105
FETCH_SESSION_TOPIC_ID_ERROR = 106
INELIGIBLE_REPLICA = 107
FENCED_MEMBER_EPOCH = 110
UNRELEASED_INSTANCE_ID = 111
UNSUPPORTED_ASSIGNOR = 112
STALE_MEMBER_EPOCH = 113
MISMATCHED_ENDPOINT_TYPE = 114
UNSUPPORTED_ENDPOINT_TYPE = 115
UNKNOWN_SUBSCRIPTION_ID = 117
TELEMETRY_TOO_LARGE = 118
TRANSACTION_ABORTABLE = 120
INVALID_RECORD_STATE = 121
SHARE_SESSION_NOT_FOUND = 122
INVALID_SHARE_SESSION_EPOCH = 123
FENCED_STATE_EPOCH = 124
INVALID_REGULAR_EXPRESSION = 128
REBOOTSTRAP_REQUIRED = 129
SHARE_SESSION_LIMIT_REACHED = 133

CODES: dict[str, int] = {
    name: value for name, value in list(globals().items()) if name.isupper() and type(value) is int
}
NAMES: dict[int, str] = {code: name for name, code in CODES.items()}


def code_of(error: int | str) -> int:
    """The code for a name, a number, or a number as text. ValueError, with the nearest names, for anything else.

    >>> code_of("NOT_LEADER_OR_FOLLOWER"), code_of(7)
    (6, 7)
    """
    if isinstance(error, int):
        return error
    text = error.strip().upper()
    if text.lstrip("-").isdigit():
        return int(text)
    if text in CODES:
        return CODES[text]
    near = get_close_matches(text, CODES, 3)
    hint = f"did you mean {', '.join(near)}?" if near else "see emulators/kafka/errors.py for the names"
    raise ValueError(f"{error!r} is not a Kafka error; {hint}")


def name_of(code: int) -> str:
    """The name for a code, or the number as text."""
    return NAMES.get(code, str(code))


# -- texts of the broker -------------------------------------------------------------------------------------


def topic_exists(name: str) -> str:
    return f"Topic '{name}' already exists."


def topic_name_invalid(name: str, why: str) -> str:
    return f"Topic name is invalid: '{name}' {why}"


TOPIC_NAME_EMPTY = "Topic name is invalid: the empty string is not allowed"


def topic_collides(name: str, other: str) -> str:
    return f"Topic '{name}' collides with existing topic: {other}"


PARTITIONS_NOT_POSITIVE = "Number of partitions must be larger than 0, or -1 to use the default value."
REPLICATION_NOT_POSITIVE = "Replication factor must be larger than 0, or -1 to use the default value."


def replication_too_large(factor: int, brokers: int) -> str:
    return (
        f"Unable to replicate the partition {factor} time(s): The target replication factor of {factor} cannot be reached"
        f" because only {brokers} broker(s) are registered."
    )


ASSIGNMENT_WITH_COUNTS = "A manual partition assignment was specified, but numPartitions was not set to -1."
ASSIGNMENT_WITH_FACTOR = "A manual partition assignment was specified, but replication factor was not set to -1."


def partitions_not_more(current: int, asked: int) -> str:
    if asked == current:
        return f"Topic already has {current} partition(s)."
    return f"The topic currently has {current} partition(s); {asked} would not be an increase."


def config_unknown(name: str, scope: str) -> str:
    return f"Unknown {scope} config name: {name}"


def config_invalid(name: str, value: object, why: str) -> str:
    return f"Invalid value {value} for configuration {name}: {why}"


UNKNOWN_TOPIC = "This server does not host this topic-partition."
UNKNOWN_ID = "This server does not host this topic ID."
COMPACTED_WITHOUT_KEY = "Compacted topic cannot accept message without key in topic partition"
RECORDS_INVALID = "One or more records have been rejected"
AUTHENTICATION_FAILED = "Authentication failed: Invalid username or password"
SCRAM_FAILED = "Authentication failed during authentication due to invalid credentials with SASL mechanism"
SECURITY_OFF = "No Authorizer is configured."
DUPLICATE_TOPIC = "Duplicate topic name."
