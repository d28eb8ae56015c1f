//! The APIs as such: their keys, their versions, and the version that a client and a broker can both speak.

use std::fmt;
use std::ops::RangeInclusive;

use bytes::Bytes;

use crate::error::{DecodeError, EncodeError};
use crate::messages::api_versions::ApiVersionsResponse;
use crate::rows::Structure;
use crate::table::Message;

/// `FLEXIBLE_SINCE` of an API that no version made flexible.
pub const NEVER: i16 = i16::MAX;

/// A request of Kafka's protocol, and the answer it gets.
pub trait Request: Message {
    /// Number of the API; the same as an [`ApiKey`].
    const KEY: i16;
    /// Versions that the table knows.
    const VERSIONS: RangeInclusive<i16>;
    /// First version with compact lengths and tag sections (KIP-482); [`NEVER`] if there is none.
    const FLEXIBLE_SINCE: i16;
    /// The newest version is still in the making: it is never negotiated (`latestVersionUnstable`).
    const LATEST_UNSTABLE: bool = false;
    /// What the broker answers.
    type Response: Message;

    /// Name of the API, as Kafka writes it: `Produce`.
    fn name() -> &'static str {
        ApiKey(Self::KEY).name().unwrap_or(Self::STRUCTURE.name)
    }

    /// Versions that may be negotiated.
    fn stable_versions() -> RangeInclusive<i16> {
        *Self::VERSIONS.start()..=*Self::VERSIONS.end() - i16::from(Self::LATEST_UNSTABLE)
    }
}

/// Number of an API on the wire. One that we do not know survives and prints.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ApiKey(pub i16);

macro_rules! api_keys {
    ($($number:literal $CONST:ident $name:ident)*) => {
        impl ApiKey {
            $(
                #[doc = concat!("`", stringify!($name), "`.")]
                pub const $CONST: Self = Self($number);
            )*

            /// The API's name, as Kafka writes it; `None` for a number without one.
            pub const fn name(self) -> Option<&'static str> {
                match self.0 {
                    $($number => Some(stringify!($name)),)*
                    _ => None,
                }
            }
        }
    };
}
api_keys! {
    0 PRODUCE Produce
    1 FETCH Fetch
    2 LIST_OFFSETS ListOffsets
    3 METADATA Metadata
    8 OFFSET_COMMIT OffsetCommit
    9 OFFSET_FETCH OffsetFetch
    10 FIND_COORDINATOR FindCoordinator
    11 JOIN_GROUP JoinGroup
    12 HEARTBEAT Heartbeat
    13 LEAVE_GROUP LeaveGroup
    14 SYNC_GROUP SyncGroup
    15 DESCRIBE_GROUPS DescribeGroups
    16 LIST_GROUPS ListGroups
    17 SASL_HANDSHAKE SaslHandshake
    18 API_VERSIONS ApiVersions
    19 CREATE_TOPICS CreateTopics
    20 DELETE_TOPICS DeleteTopics
    21 DELETE_RECORDS DeleteRecords
    22 INIT_PRODUCER_ID InitProducerId
    23 OFFSET_FOR_LEADER_EPOCH OffsetForLeaderEpoch
    24 ADD_PARTITIONS_TO_TXN AddPartitionsToTxn
    25 ADD_OFFSETS_TO_TXN AddOffsetsToTxn
    26 END_TXN EndTxn
    27 WRITE_TXN_MARKERS WriteTxnMarkers
    28 TXN_OFFSET_COMMIT TxnOffsetCommit
    29 DESCRIBE_ACLS DescribeAcls
    30 CREATE_ACLS CreateAcls
    31 DELETE_ACLS DeleteAcls
    32 DESCRIBE_CONFIGS DescribeConfigs
    33 ALTER_CONFIGS AlterConfigs
    34 ALTER_REPLICA_LOG_DIRS AlterReplicaLogDirs
    35 DESCRIBE_LOG_DIRS DescribeLogDirs
    36 SASL_AUTHENTICATE SaslAuthenticate
    37 CREATE_PARTITIONS CreatePartitions
    38 CREATE_DELEGATION_TOKEN CreateDelegationToken
    39 RENEW_DELEGATION_TOKEN RenewDelegationToken
    40 EXPIRE_DELEGATION_TOKEN ExpireDelegationToken
    41 DESCRIBE_DELEGATION_TOKEN DescribeDelegationToken
    42 DELETE_GROUPS DeleteGroups
    43 ELECT_LEADERS ElectLeaders
    44 INCREMENTAL_ALTER_CONFIGS IncrementalAlterConfigs
    45 ALTER_PARTITION_REASSIGNMENTS AlterPartitionReassignments
    46 LIST_PARTITION_REASSIGNMENTS ListPartitionReassignments
    47 OFFSET_DELETE OffsetDelete
    48 DESCRIBE_CLIENT_QUOTAS DescribeClientQuotas
    49 ALTER_CLIENT_QUOTAS AlterClientQuotas
    50 DESCRIBE_USER_SCRAM_CREDENTIALS DescribeUserScramCredentials
    51 ALTER_USER_SCRAM_CREDENTIALS AlterUserScramCredentials
    55 DESCRIBE_QUORUM DescribeQuorum
    57 UPDATE_FEATURES UpdateFeatures
    60 DESCRIBE_CLUSTER DescribeCluster
    61 DESCRIBE_PRODUCERS DescribeProducers
    64 UNREGISTER_BROKER UnregisterBroker
    65 DESCRIBE_TRANSACTIONS DescribeTransactions
    66 LIST_TRANSACTIONS ListTransactions
    68 CONSUMER_GROUP_HEARTBEAT ConsumerGroupHeartbeat
    69 CONSUMER_GROUP_DESCRIBE ConsumerGroupDescribe
    71 GET_TELEMETRY_SUBSCRIPTIONS GetTelemetrySubscriptions
    72 PUSH_TELEMETRY PushTelemetry
    74 LIST_CONFIG_RESOURCES ListConfigResources
    75 DESCRIBE_TOPIC_PARTITIONS DescribeTopicPartitions
    76 SHARE_GROUP_HEARTBEAT ShareGroupHeartbeat
    77 SHARE_GROUP_DESCRIBE ShareGroupDescribe
    78 SHARE_FETCH ShareFetch
    79 SHARE_ACKNOWLEDGE ShareAcknowledge
    80 ADD_RAFT_VOTER AddRaftVoter
    81 REMOVE_RAFT_VOTER RemoveRaftVoter
    88 STREAMS_GROUP_HEARTBEAT StreamsGroupHeartbeat
    89 STREAMS_GROUP_DESCRIBE StreamsGroupDescribe
    90 DESCRIBE_SHARE_GROUP_OFFSETS DescribeShareGroupOffsets
    91 ALTER_SHARE_GROUP_OFFSETS AlterShareGroupOffsets
    92 DELETE_SHARE_GROUP_OFFSETS DeleteShareGroupOffsets
}

impl fmt::Display for ApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => f.write_str(name),
            None => write!(f, "api {}", self.0),
        }
    }
}

impl fmt::Debug for ApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// One API of the table as data, for tests and tools that walk all of them; see [`APIS`](crate::messages::APIS).
#[derive(Debug)]
pub struct Api {
    /// Its number.
    pub key: ApiKey,
    /// Versions that the table knows.
    pub versions: RangeInclusive<i16>,
    /// First flexible version, or [`NEVER`].
    pub flexible_since: i16,
    /// The newest version is never negotiated.
    pub latest_unstable: bool,
    /// Rows of the request.
    pub request: &'static Structure,
    /// Rows of the answer.
    pub response: &'static Structure,
    /// Reads a request body of a version and writes it again.
    pub recode_request: fn(&Bytes, i16) -> Result<Bytes, RecodeError>,
    /// The same for the answer's body.
    pub recode_response: fn(&Bytes, i16) -> Result<Bytes, RecodeError>,
}

impl Api {
    /// The entry of request `R`.
    pub(crate) const fn of<R: Request>() -> Self {
        Self {
            key: ApiKey(R::KEY),
            versions: R::VERSIONS,
            flexible_since: R::FLEXIBLE_SINCE,
            latest_unstable: R::LATEST_UNSTABLE,
            request: R::STRUCTURE,
            response: R::Response::STRUCTURE,
            recode_request: |body, version| {
                recode::<R>(body, version, version >= R::FLEXIBLE_SINCE)
            },
            recode_response: |body, version| {
                recode::<R::Response>(body, version, version >= R::FLEXIBLE_SINCE)
            },
        }
    }
}

/// Bytes that do not come back.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RecodeError {
    /// They are not the message.
    #[error(transparent)]
    Decode(#[from] DecodeError),
    /// What was read cannot be written in the same version.
    #[error(transparent)]
    Encode(#[from] EncodeError),
}

fn recode<M: Message>(body: &Bytes, version: i16, flexible: bool) -> Result<Bytes, RecodeError> {
    let message: M = crate::frame::decode(body, version, flexible, M::STRUCTURE.name)?;
    Ok(crate::frame::encode_message(
        &message,
        version,
        flexible,
        bytes::BytesMut::new(),
    )?)
}

/// What a broker offers: for each API the versions it speaks.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ApiRanges {
    /// Sorted by API.
    ranges: Vec<(i16, i16, i16)>,
    /// Features that all nodes of the cluster use, with their level (KIP-584).
    features: Vec<(String, i16)>,
}

impl ApiRanges {
    /// What the broker said.
    pub fn from_response(response: &ApiVersionsResponse) -> Self {
        let mut ranges: Vec<_> = response
            .api_keys
            .iter()
            .map(|api| (api.api_key, api.min_version, api.max_version))
            .collect();
        ranges.sort_unstable();
        let finalized = response.finalized_features.iter();
        let features = finalized.map(|feature| (feature.name.clone(), feature.max_version_level));
        Self {
            ranges,
            features: features.collect(),
        }
    }

    /// The level of a feature that all nodes of the cluster use, such as `transaction.version`; 0 if they do not use it.
    pub fn feature(&self, name: &str) -> i16 {
        let known = self.features.iter().find(|(known, _)| known == name);
        known.map_or(0, |(_, level)| *level)
    }

    /// The versions of one API; `None` if the broker does not have it.
    pub fn range(&self, api: ApiKey) -> Option<RangeInclusive<i16>> {
        let at = self
            .ranges
            .binary_search_by_key(&api.0, |&(key, _, _)| key)
            .ok()?;
        self.ranges.get(at).map(|&(_, min, max)| min..=max)
    }

    /// The highest version of `R` that both sides speak.
    ///
    /// Kafka 4.x announces `Produce` from version 0 for the sake of old clients, but implements 3 and up: the table's own range rules.
    ///
    /// # Errors
    /// There is none; the error says what each side has.
    pub fn negotiate<R: Request>(&self) -> Result<i16, UnsupportedVersion> {
        self.negotiate_up_to::<R>(i16::MAX)
    }

    /// The same, but not above `most`: some versions mean more than their bytes.
    ///
    /// # Errors
    /// As [`negotiate`](Self::negotiate).
    pub fn negotiate_up_to<R: Request>(&self, most: i16) -> Result<i16, UnsupportedVersion> {
        let stable = R::stable_versions();
        let ours = *stable.start()..=most.min(*stable.end());
        let theirs = self.range(ApiKey(R::KEY));
        let highest = theirs
            .as_ref()
            .map(|theirs| (*theirs.end()).min(*ours.end()));
        match (highest, &theirs) {
            (Some(highest), Some(theirs))
                if highest >= *ours.start() && highest >= *theirs.start() =>
            {
                Ok(highest)
            }
            _ => Err(UnsupportedVersion {
                api: R::name(),
                ours,
                theirs,
            }),
        }
    }
}

/// Client and broker have no version of an API in common.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnsupportedVersion {
    /// Name of the API.
    pub api: &'static str,
    /// Versions that we speak.
    pub ours: RangeInclusive<i16>,
    /// Versions that the broker speaks; `None` if it does not have the API.
    pub theirs: Option<RangeInclusive<i16>>,
}

impl fmt::Display for UnsupportedVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (first, last) = self.ours.clone().into_inner();
        write!(
            f,
            "no common version of {}: we speak {first}-{last}, the broker ",
            self.api
        )?;
        match self.theirs.clone().map(RangeInclusive::into_inner) {
            Some((first, last)) => write!(f, "{first}-{last}"),
            None => f.write_str("does not have it"),
        }
    }
}

impl std::error::Error for UnsupportedVersion {}

#[cfg(test)]
mod tests;
