//! A plain connection to the broker, and the one way of asking over it.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use bytes::Bytes;
use kafka_wire::messages::api_versions::ApiVersionsRequest;
use kafka_wire::messages::metadata::{MetadataRequest, MetadataRequestTopic};
use kafka_wire::{
    ApiKey, ApiRanges, Request, Uuid, decode_response, encode_request, encode_response,
};

/// Refusals that pass by themselves.
const NOT_YET: [&str; 4] = [
    "COORDINATOR_LOAD_IN_PROGRESS",
    "COORDINATOR_NOT_AVAILABLE",
    "NOT_COORDINATOR",
    "CONCURRENT_TRANSACTIONS",
];

/// How often something is asked again, 20 ms apart.
const PATIENCE: u32 = 3000;

/// A broker, and what it was asked.
pub(crate) struct Broker {
    stream: TcpStream,
    /// What it offers.
    pub(crate) ranges: ApiRanges,
    /// Versions asked of each API.
    pub(crate) asked: BTreeMap<ApiKey, usize>,
    /// Bytes of all answers.
    pub(crate) bytes: usize,
    /// Id of the topic that requests are about.
    pub(crate) topic_id: Uuid,
    /// The broker's own id.
    pub(crate) node_id: i32,
}

impl Broker {
    /// Connects, and learns what the broker offers and which id the topic has.
    pub(crate) fn connect(bootstrap: &str) -> Self {
        let stream = TcpStream::connect(bootstrap).unwrap();
        stream
            .set_read_timeout(Some(Duration::from_mins(1)))
            .unwrap();
        let mut broker = Self {
            stream,
            ranges: ApiRanges::default(),
            asked: BTreeMap::new(),
            bytes: 0,
            topic_id: Uuid::default(),
            node_id: -1,
        };
        let offer = broker.exchange(&ApiVersionsRequest::default(), 0);
        broker.ranges = ApiRanges::from_response(&offer);
        let topic = MetadataRequestTopic {
            name: Some(super::TOPIC.into()),
            ..Default::default()
        };
        let request = MetadataRequest {
            topics: Some(vec![topic]),
            ..Default::default()
        };
        let metadata = broker.exchange(&request, 12);
        broker.topic_id = metadata.topics[0].topic_id;
        broker.node_id = metadata.brokers[0].node_id;
        broker
    }

    /// Asks `question(version)` at every version that both sides have, oldest first. Every error code in the answers must be
    /// `NONE` or one of `refusals`. The last answer comes back.
    pub(crate) fn ask<R: Request>(
        &mut self,
        refusals: &[&str],
        mut question: impl FnMut(i16) -> R,
    ) -> R::Response {
        let offered = self.ranges.range(ApiKey(R::KEY));
        let offered = offered.unwrap_or_else(|| panic!("the broker does not have {}", R::name()));
        let ours = R::stable_versions();
        let versions = *offered.start().max(ours.start())..=*offered.end().min(ours.end());
        let mut last = None;
        for version in versions {
            let answer = self.exchange_when_ready(&question(version), version);
            for code in error_codes(&answer) {
                assert!(
                    code == "NONE" || refusals.contains(&code.as_str()),
                    "{} v{version}: {answer:?}",
                    R::name()
                );
            }
            *self.asked.entry(ApiKey(R::KEY)).or_default() += 1;
            last = Some(answer);
        }
        last.unwrap_or_else(|| panic!("no version of {} in common", R::name()))
    }

    /// Asks again while a young broker is still about to be ready.
    fn exchange_when_ready<R: Request>(&mut self, request: &R, version: i16) -> R::Response {
        self.wait(request, version, |answer| {
            let codes = error_codes(answer);
            !codes.iter().any(|code| NOT_YET.contains(&code.as_str()))
        })
    }

    /// Asks again until the answer is what is wanted.
    pub(crate) fn wait<R: Request>(
        &mut self,
        request: &R,
        version: i16,
        is_wanted: impl Fn(&R::Response) -> bool,
    ) -> R::Response {
        for _ in 0..PATIENCE {
            let answer = self.exchange(request, version);
            if is_wanted(&answer) {
                return answer;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        panic!("{} v{version} is never answered as it should be", R::name())
    }

    /// One request and its answer, which must come back byte for byte when it is written again.
    pub(crate) fn exchange<R: Request>(&mut self, request: &R, version: i16) -> R::Response {
        let name = R::name();
        let frame = encode_request(request, version, i32::from(version), Some("sweep"))
            .unwrap_or_else(|error| panic!("{error}"));
        self.stream.write_all(&frame.to_bytes()).unwrap();
        let mut length = [0; 4];
        let closed = |error| panic!("{name} v{version} was not answered: {error}");
        self.stream.read_exact(&mut length).unwrap_or_else(closed);
        let mut answer = vec![0; usize::try_from(i32::from_be_bytes(length)).unwrap()];
        self.stream.read_exact(&mut answer).unwrap();
        let answer = Bytes::from(answer);
        let (correlation_id, read) =
            decode_response::<R>(&answer, version).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(correlation_id, i32::from(version), "{name}");
        let written = encode_response::<R>(&read, version, correlation_id).unwrap();
        assert_eq!(
            written.to_bytes().slice(4..),
            answer,
            "{name} v{version}: {read:?}"
        );
        self.bytes += answer.len();
        read
    }
}

/// All error codes of an answer, wherever they stand: `Debug` names them.
fn error_codes(answer: &impl Debug) -> Vec<String> {
    let text = format!("{answer:?}");
    let codes = text.split("error_code: ").skip(1);
    codes
        .map(|rest| {
            let end = rest.find([',', ' ', '}']).unwrap_or(rest.len());
            rest[..end].to_owned()
        })
        .collect()
}
