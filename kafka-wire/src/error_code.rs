//! Kafka's error codes, and what a client may do about each.
//!
//! Numbers, names and whether to try again are those of `org.apache.kafka.common.protocol.Errors`, Kafka 4.3.

use std::fmt;

/// An error code of the wire: 0 is success. One that we do not know survives and prints.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ErrorCode(pub i16);

/// What a client may do about an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Remedy {
    /// Nothing: the same request fails again.
    Fatal,
    /// Try again after a while.
    Retriable,
    /// Ask for fresh metadata (or the coordinator), then try again.
    Stale,
}

macro_rules! error_codes {
    ($($code:literal $NAME:ident $Remedy:ident)*) => {
        impl ErrorCode {
            $(
                #[doc = concat!("`", stringify!($NAME), "`, ", stringify!($code), ".")]
                pub const $NAME: Self = Self($code);
            )*

            /// Name as Kafka writes it: `NOT_LEADER_OR_FOLLOWER`; `None` for a number without one.
            pub const fn name(self) -> Option<&'static str> {
                match self.0 {
                    $($code => Some(stringify!($NAME)),)*
                    _ => None,
                }
            }

            const fn remedy(self) -> Remedy {
                match self.0 {
                    $($code => Remedy::$Remedy,)*
                    _ => Remedy::Fatal,
                }
            }
        }
    };
}
error_codes! {
    -1 UNKNOWN_SERVER_ERROR Fatal
    0 NONE Fatal
    1 OFFSET_OUT_OF_RANGE Fatal
    2 CORRUPT_MESSAGE Retriable
    3 UNKNOWN_TOPIC_OR_PARTITION Stale
    4 INVALID_FETCH_SIZE Fatal
    5 LEADER_NOT_AVAILABLE Stale
    6 NOT_LEADER_OR_FOLLOWER Stale
    7 REQUEST_TIMED_OUT Retriable
    8 BROKER_NOT_AVAILABLE Fatal
    9 REPLICA_NOT_AVAILABLE Stale
    10 MESSAGE_TOO_LARGE Fatal
    11 STALE_CONTROLLER_EPOCH Fatal
    12 OFFSET_METADATA_TOO_LARGE Fatal
    13 NETWORK_EXCEPTION Stale
    14 COORDINATOR_LOAD_IN_PROGRESS Retriable
    15 COORDINATOR_NOT_AVAILABLE Retriable
    16 NOT_COORDINATOR Retriable
    17 INVALID_TOPIC_EXCEPTION Fatal
    18 RECORD_LIST_TOO_LARGE Fatal
    19 NOT_ENOUGH_REPLICAS Retriable
    20 NOT_ENOUGH_REPLICAS_AFTER_APPEND Retriable
    21 INVALID_REQUIRED_ACKS Fatal
    22 ILLEGAL_GENERATION Fatal
    23 INCONSISTENT_GROUP_PROTOCOL Fatal
    24 INVALID_GROUP_ID Fatal
    25 UNKNOWN_MEMBER_ID Fatal
    26 INVALID_SESSION_TIMEOUT Fatal
    27 REBALANCE_IN_PROGRESS Fatal
    28 INVALID_COMMIT_OFFSET_SIZE Fatal
    29 TOPIC_AUTHORIZATION_FAILED Fatal
    30 GROUP_AUTHORIZATION_FAILED Fatal
    31 CLUSTER_AUTHORIZATION_FAILED Fatal
    32 INVALID_TIMESTAMP Fatal
    33 UNSUPPORTED_SASL_MECHANISM Fatal
    34 ILLEGAL_SASL_STATE Fatal
    35 UNSUPPORTED_VERSION Fatal
    36 TOPIC_ALREADY_EXISTS Fatal
    37 INVALID_PARTITIONS Fatal
    38 INVALID_REPLICATION_FACTOR Fatal
    39 INVALID_REPLICA_ASSIGNMENT Fatal
    40 INVALID_CONFIG Fatal
    41 NOT_CONTROLLER Retriable
    42 INVALID_REQUEST Fatal
    43 UNSUPPORTED_FOR_MESSAGE_FORMAT Fatal
    44 POLICY_VIOLATION Fatal
    45 OUT_OF_ORDER_SEQUENCE_NUMBER Fatal
    46 DUPLICATE_SEQUENCE_NUMBER Fatal
    47 INVALID_PRODUCER_EPOCH Fatal
    48 INVALID_TXN_STATE Fatal
    49 INVALID_PRODUCER_ID_MAPPING Fatal
    50 INVALID_TRANSACTION_TIMEOUT Fatal
    51 CONCURRENT_TRANSACTIONS Retriable
    52 TRANSACTION_COORDINATOR_FENCED Fatal
    53 TRANSACTIONAL_ID_AUTHORIZATION_FAILED Fatal
    54 SECURITY_DISABLED Fatal
    55 OPERATION_NOT_ATTEMPTED Fatal
    56 KAFKA_STORAGE_ERROR Stale
    57 LOG_DIR_NOT_FOUND Fatal
    58 SASL_AUTHENTICATION_FAILED Fatal
    59 UNKNOWN_PRODUCER_ID Fatal
    60 REASSIGNMENT_IN_PROGRESS Fatal
    61 DELEGATION_TOKEN_AUTH_DISABLED Fatal
    62 DELEGATION_TOKEN_NOT_FOUND Fatal
    63 DELEGATION_TOKEN_OWNER_MISMATCH Fatal
    64 DELEGATION_TOKEN_REQUEST_NOT_ALLOWED Fatal
    65 DELEGATION_TOKEN_AUTHORIZATION_FAILED Fatal
    66 DELEGATION_TOKEN_EXPIRED Fatal
    67 INVALID_PRINCIPAL_TYPE Fatal
    68 NON_EMPTY_GROUP Fatal
    69 GROUP_ID_NOT_FOUND Fatal
    70 FETCH_SESSION_ID_NOT_FOUND Retriable
    71 INVALID_FETCH_SESSION_EPOCH Retriable
    72 LISTENER_NOT_FOUND Stale
    73 TOPIC_DELETION_DISABLED Fatal
    74 FENCED_LEADER_EPOCH Stale
    75 UNKNOWN_LEADER_EPOCH Retriable
    76 UNSUPPORTED_COMPRESSION_TYPE Fatal
    77 STALE_BROKER_EPOCH Fatal
    78 OFFSET_NOT_AVAILABLE Retriable
    79 MEMBER_ID_REQUIRED Fatal
    80 PREFERRED_LEADER_NOT_AVAILABLE Stale
    81 GROUP_MAX_SIZE_REACHED Fatal
    82 FENCED_INSTANCE_ID Fatal
    83 ELIGIBLE_LEADERS_NOT_AVAILABLE Stale
    84 ELECTION_NOT_NEEDED Stale
    85 NO_REASSIGNMENT_IN_PROGRESS Fatal
    86 GROUP_SUBSCRIBED_TO_TOPIC Fatal
    87 INVALID_RECORD Fatal
    88 UNSTABLE_OFFSET_COMMIT Retriable
    89 THROTTLING_QUOTA_EXCEEDED Retriable
    90 PRODUCER_FENCED Fatal
    91 RESOURCE_NOT_FOUND Fatal
    92 DUPLICATE_RESOURCE Fatal
    93 UNACCEPTABLE_CREDENTIAL Fatal
    94 INCONSISTENT_VOTER_SET Fatal
    95 INVALID_UPDATE_VERSION Fatal
    96 FEATURE_UPDATE_FAILED Fatal
    97 PRINCIPAL_DESERIALIZATION_FAILURE Fatal
    98 SNAPSHOT_NOT_FOUND Fatal
    99 POSITION_OUT_OF_RANGE Fatal
    100 UNKNOWN_TOPIC_ID Stale
    101 DUPLICATE_BROKER_REGISTRATION Fatal
    102 BROKER_ID_NOT_REGISTERED Fatal
    103 INCONSISTENT_TOPIC_ID Stale
    104 INCONSISTENT_CLUSTER_ID Fatal
    105 TRANSACTIONAL_ID_NOT_FOUND Fatal
    106 FETCH_SESSION_TOPIC_ID_ERROR Retriable
    107 INELIGIBLE_REPLICA Fatal
    108 NEW_LEADER_ELECTED Fatal
    109 OFFSET_MOVED_TO_TIERED_STORAGE Fatal
    110 FENCED_MEMBER_EPOCH Fatal
    111 UNRELEASED_INSTANCE_ID Fatal
    112 UNSUPPORTED_ASSIGNOR Fatal
    113 STALE_MEMBER_EPOCH Fatal
    114 MISMATCHED_ENDPOINT_TYPE Fatal
    115 UNSUPPORTED_ENDPOINT_TYPE Fatal
    116 UNKNOWN_CONTROLLER_ID Fatal
    117 UNKNOWN_SUBSCRIPTION_ID Fatal
    118 TELEMETRY_TOO_LARGE Fatal
    119 INVALID_REGISTRATION Fatal
    120 TRANSACTION_ABORTABLE Fatal
    121 INVALID_RECORD_STATE Fatal
    122 SHARE_SESSION_NOT_FOUND Retriable
    123 INVALID_SHARE_SESSION_EPOCH Retriable
    124 FENCED_STATE_EPOCH Fatal
    125 INVALID_VOTER_KEY Fatal
    126 DUPLICATE_VOTER Fatal
    127 VOTER_NOT_FOUND Fatal
    128 INVALID_REGULAR_EXPRESSION Fatal
    129 REBOOTSTRAP_REQUIRED Fatal
    130 STREAMS_INVALID_TOPOLOGY Fatal
    131 STREAMS_INVALID_TOPOLOGY_EPOCH Fatal
    132 STREAMS_TOPOLOGY_FENCED Fatal
    133 SHARE_SESSION_LIMIT_REACHED Retriable
}

impl ErrorCode {
    /// Success.
    pub const fn is_ok(self) -> bool {
        self.0 == 0
    }

    /// Whether the same request may succeed later.
    pub const fn is_retriable(self) -> bool {
        !matches!(self.remedy(), Remedy::Fatal)
    }

    /// Whether it shows that our picture of the cluster is out of date.
    pub const fn is_stale_metadata(self) -> bool {
        matches!(self.remedy(), Remedy::Stale)
    }

    /// `Ok` for success, the code itself otherwise.
    ///
    /// # Errors
    /// Every code but 0.
    pub const fn check(self) -> Result<(), Self> {
        if self.is_ok() { Ok(()) } else { Err(self) }
    }

    /// Name in camel case: `NotLeaderOrFollower`; `Unknown(123)` for a number without a name.
    pub fn camel_name(self) -> String {
        let Some(name) = self.name() else {
            return format!("Unknown({})", self.0);
        };
        name.split('_').map(capitalised).collect()
    }
}

fn capitalised(word: &str) -> String {
    let mut letters = word.chars();
    letters
        .next()
        .into_iter()
        .chain(letters.map(|letter| letter.to_ascii_lowercase()))
        .collect()
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.name().unwrap_or("unknown error"), self.0)
    }
}

impl fmt::Debug for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prints_name_and_number() {
        assert_eq!(
            ErrorCode::NOT_LEADER_OR_FOLLOWER.to_string(),
            "NOT_LEADER_OR_FOLLOWER (6)"
        );
        assert_eq!(
            ErrorCode::TOPIC_AUTHORIZATION_FAILED.camel_name(),
            "TopicAuthorizationFailed"
        );
        assert_eq!(ErrorCode(999).to_string(), "unknown error (999)");
    }

    #[test]
    fn knows_what_may_be_tried_again() {
        assert!(ErrorCode::NOT_LEADER_OR_FOLLOWER.is_stale_metadata());
        assert!(
            ErrorCode::REQUEST_TIMED_OUT.is_retriable()
                && !ErrorCode::REQUEST_TIMED_OUT.is_stale_metadata()
        );
        assert!(!ErrorCode::MESSAGE_TOO_LARGE.is_retriable() && !ErrorCode::NONE.is_retriable());
    }
}
