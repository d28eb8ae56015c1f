//! Producing, fetching, and where records are.

use bytes::{BufMut as _, Bytes, BytesMut};
use kafka_wire::Uuid;
use kafka_wire::messages::fetch::{FetchRequest, FetchResponse};
use kafka_wire::messages::init_producer_id::InitProducerIdRequest;
use kafka_wire::messages::list_offsets::{
    ListOffsetsPartition, ListOffsetsRequest, ListOffsetsTopic,
};
use kafka_wire::messages::offset_for_leader_epoch::{
    OffsetForLeaderEpochRequest, OffsetForLeaderPartition, OffsetForLeaderTopic,
};
use kafka_wire::messages::produce::PartitionProduceResponse;
use kafka_wire::records::Compression;

use crate::Said;
use crate::client::{Client, batch, compressed, fetch_request, produce_request, sequenced};

/// A good batch with something else in one place, and a checksum that fits.
fn tampered(at: usize, bytes: &[u8]) -> Bytes {
    let mut batch = BytesMut::from(&batch(&["a", "b"])[..]);
    batch[at..at + bytes.len()].copy_from_slice(bytes);
    let crc = crc32c::crc32c(&batch[21..]);
    (&mut batch[17..21]).put_u32(crc);
    batch.freeze()
}

fn told(answer: &PartitionProduceResponse) -> impl std::fmt::Debug + use<> {
    let records: Vec<_> = answer
        .record_errors
        .iter()
        .map(|it| it.batch_index)
        .collect();
    (
        answer.error_code,
        answer.base_offset,
        answer.log_append_time_ms,
        records,
    )
}

pub(crate) async fn ask_produce(client: &mut Client, said: &mut Said) {
    let good = || batch(&["a", "b"]);
    let mut broken = BytesMut::from(&good()[..]);
    broken[70] ^= 1;
    let big = "x".repeat(1_100_000);
    for (what, topic, partition, records, acks) in [
        ("good", "records", 0, good(), -1),
        ("acks=1", "records", 0, good(), 1),
        ("acks=2", "records", 0, good(), 2),
        ("no topic", "absent", 0, good(), -1),
        ("no partition", "records", 1, good(), -1),
        ("bad crc", "records", 0, broken.freeze(), -1),
        (
            "two batches",
            "records",
            0,
            [good(), good()].concat().into(),
            -1,
        ),
        ("no batch", "records", 0, Bytes::new(), -1),
        ("old magic", "records", 0, tampered(16, &[1]), -1),
        ("control", "records", 0, tampered(22, &[1 << 5]), -1),
        (
            "base offset",
            "records",
            0,
            tampered(0, &[0, 0, 0, 0, 0, 0, 0, 9]),
            -1,
        ),
        ("count 1", "records", 0, tampered(57, &[0, 0, 0, 1]), -1),
        ("count 0", "records", 0, tampered(57, &[0, 0, 0, 0]), -1),
        (
            "count 3, delta 2",
            "records",
            0,
            tampered(57, &[0, 0, 0, 3]),
            -1,
        ),
        (
            "highest timestamp",
            "records",
            0,
            tampered(35, &[0, 0, 0, 0, 0, 0, 0, 1]),
            -1,
        ),
        ("log append time", "records", 0, tampered(22, &[1 << 3]), -1),
        ("unknown codec", "records", 0, tampered(22, &[5]), -1),
        ("not really gzip", "records", 0, tampered(22, &[1]), -1),
        ("no sequence", "records", 0, sequenced(&["a"], 5, 0, -1), -1),
        ("too large", "records", 0, batch(&[&big]), -1),
        (
            "too large but for its compression",
            "records",
            0,
            compressed(&[&big], Compression::Gzip),
            -1,
        ),
        (
            "zstd",
            "records",
            0,
            compressed(&["z"], Compression::Zstd),
            -1,
        ),
        ("still there", "records", 0, good(), -1),
    ] {
        let answer = client.produce_to(topic, partition, records, acks).await;
        said.note(("produce", what), told(&answer));
    }
    for version in 3..=13 {
        let id = client.topic_id("records").await;
        let request = produce_request("records", id, 0, compressed(&["v"], Compression::Zstd), -1);
        let answer = client.call(version, &request).await;
        said.note(
            ("produce zstd", version),
            told(&answer.responses[0].partition_responses[0]),
        );
    }
    let unknown = produce_request("", Uuid([7; 16]), 0, good(), -1);
    let answer = client.call(13, &unknown).await;
    said.note(
        "produce by unknown id",
        told(&answer.responses[0].partition_responses[0]),
    );
}

pub(crate) async fn ask_idempotent(client: &mut Client, said: &mut Said) {
    let id = client
        .call(5, &InitProducerIdRequest::default())
        .await
        .producer_id;
    for (epoch, sequence, count) in [
        (0, 0, 2),
        (0, 2, 1),
        (0, 2, 1),
        (0, 0, 2),
        (0, 0, 1),
        (0, 4, 1),
        (0, 3, 1),
        (0, 4, 1),
        (0, 5, 1),
        (0, 6, 1),
        (0, 0, 2),
        (0, 2, 1),
        (1, 7, 1),
        (1, 0, 1),
        (0, 7, 1),
        (0, 6, 1),
        (1, 0, 1),
        (1, 1, 1),
        (5, 0, 1),
    ] {
        let records = sequenced(&["x", "y"][..count], id, epoch, sequence);
        let answer = client.produce("records", records).await;
        said.note(("idempotent", epoch, sequence, count), told(&answer));
    }
    let stranger = client
        .produce("records", sequenced(&["x"], id + 500, 3, 42))
        .await;
    said.note("unknown producer in the middle", told(&stranger));
}

fn read(response: &FetchResponse) -> impl std::fmt::Debug + use<> {
    let partitions = response
        .responses
        .iter()
        .flat_map(|topic| &topic.partitions);
    let partitions: Vec<_> = partitions
        .map(|it| {
            (
                (
                    it.error_code,
                    it.high_watermark,
                    it.last_stable_offset,
                    it.log_start_offset,
                ),
                it.aborted_transactions.as_ref().map(Vec::len),
                it.records.as_ref().map(Bytes::len),
                (it.diverging_epoch.epoch, it.diverging_epoch.end_offset),
                (
                    it.current_leader.leader_id,
                    it.current_leader.leader_epoch,
                    it.preferred_read_replica,
                ),
            )
        })
        .collect();
    (
        response.error_code,
        partitions,
        response.node_endpoints.len(),
    )
}

pub(crate) async fn ask_fetch(client: &mut Client, said: &mut Said) {
    let id = client.topic_id("records").await;
    for version in 4..=18 {
        let fetched = client.call(version, &fetch_request("records", id, 3)).await;
        said.note(("fetch", version), read(&fetched));
    }
    for offset in [-1, 0, 1, 5, 1_000] {
        let fetched = client.fetch("records", offset).await;
        said.note(("fetch", offset), read(&fetched));
    }
    for (max_bytes, partition_max_bytes) in [
        (1, 1 << 20),
        (1 << 20, 1),
        (100, 100),
        (200, 1 << 20),
        (0, 0),
        (-1, 1 << 20),
        (300, 250),
    ] {
        let mut request = fetch_request("records", id, 0);
        request.max_bytes = max_bytes;
        request.topics[0].partitions[0].partition_max_bytes = partition_max_bytes;
        said.note(
            ("fetch of", max_bytes, partition_max_bytes),
            read(&client.call(13, &request).await),
        );
    }
    for (current, last, offset) in [
        (0, -1, 0),
        (1, -1, 0),
        (-1, 0, 3),
        (-1, 1, 3),
        (-1, 0, 1_000),
        (0, 0, 0),
    ] {
        let mut request = fetch_request("records", id, offset);
        request.topics[0].partitions[0].current_leader_epoch = current;
        request.topics[0].partitions[0].last_fetched_epoch = last;
        said.note(
            ("fetch with epochs", current, last, offset),
            read(&client.call(17, &request).await),
        );
    }
    let mut committed = fetch_request("records", id, 0);
    committed.isolation_level = 1;
    said.note("read committed", read(&client.call(13, &committed).await));
    said.note(
        "fetch by unknown id",
        read(&client.call(13, &fetch_request("", Uuid([7; 16]), 0)).await),
    );
    said.note(
        "fetch by unknown name",
        read(&client.call(12, &fetch_request("absent", id, 0)).await),
    );
    let mut beyond = fetch_request("records", id, 0);
    beyond.topics[0].partitions[0].partition = 9;
    said.note(
        "fetch unknown partition",
        read(&client.call(13, &beyond).await),
    );
}

pub(crate) async fn ask_sessions(client: &mut Client, said: &mut Said) {
    let id = client.topic_id("records").await;
    let end = client.fetch("records", 0).await.responses[0].partitions[0].high_watermark;
    let mut full = fetch_request("", id, end);
    full.session_epoch = 0;
    let opened = client.call(17, &full).await;
    said.note("session opens", (opened.session_id == 0, read(&opened)));
    let next = |session_epoch| FetchRequest {
        session_id: opened.session_id,
        session_epoch,
        min_bytes: 1,
        ..Default::default()
    };
    said.note("nothing new", read(&client.call(17, &next(1)).await));
    client.produce("records", batch(&["new"])).await;
    said.note("something new", read(&client.call(17, &next(2)).await));
    said.note("not moved on", read(&client.call(17, &next(3)).await));
    said.note("out of turn", read(&client.call(17, &next(9)).await));
    let mut moved = next(4);
    moved.topics = fetch_request("", id, end + 99).topics;
    said.note("beyond the end", read(&client.call(17, &moved).await));
    said.note("still beyond", read(&client.call(17, &next(5)).await));
    let mut back = next(6);
    back.topics = fetch_request("", id, end + 1).topics;
    said.note("back at the end", read(&client.call(17, &back).await));
    said.note("quiet again", read(&client.call(17, &next(7)).await));
    let by_name = client
        .call(
            12,
            &FetchRequest {
                topics: fetch_request("records", id, end).topics,
                ..next(8)
            },
        )
        .await;
    said.note("by name in a session by id", read(&by_name));
    let closing = client.call(17, &next(-1)).await;
    said.note("session closes", (closing.session_id, read(&closing)));
    said.note("closed", read(&client.call(17, &next(8)).await));
}

pub(crate) async fn ask_offsets(client: &mut Client, said: &mut Said) {
    client.produce("times", batch(&["a", "b"])).await;
    client
        .produce("times", compressed(&["c", "d", "e"], Compression::Lz4))
        .await;
    for version in 1..=11 {
        for timestamp in [-1, -2, -3, -4, -5, -6, -7, 0, 1_001, 1_002, 1_003] {
            let request = ListOffsetsRequest {
                replica_id: -1,
                timeout_ms: 1_000,
                topics: vec![ListOffsetsTopic {
                    name: "times".into(),
                    partitions: vec![ListOffsetsPartition {
                        timestamp,
                        ..Default::default()
                    }],
                }],
                ..Default::default()
            };
            let answer = client.call(version, &request).await;
            let found = &answer.topics[0].partitions[0];
            said.note(
                ("offset at", timestamp, version),
                (
                    found.error_code,
                    found.offset,
                    found.timestamp,
                    found.leader_epoch,
                ),
            );
        }
    }
    for (topic, partition, current) in [
        ("absent", 0, -1),
        ("times", 9, -1),
        ("times", 0, 7),
        ("times", 0, 0),
    ] {
        let request = ListOffsetsRequest {
            replica_id: -1,
            topics: vec![ListOffsetsTopic {
                name: topic.into(),
                partitions: vec![ListOffsetsPartition {
                    partition_index: partition,
                    current_leader_epoch: current,
                    timestamp: -1,
                }],
            }],
            ..Default::default()
        };
        let answer = client.call(7, &request).await;
        let found = &answer.topics[0].partitions[0];
        said.note(
            ("offset of", topic, partition, current),
            (
                found.error_code,
                found.offset,
                found.timestamp,
                found.leader_epoch,
            ),
        );
        epoch_ends(client, said, topic, partition, current).await;
    }
}

async fn epoch_ends(
    client: &mut Client,
    said: &mut Said,
    topic: &str,
    partition: i32,
    current_leader_epoch: i32,
) {
    for leader_epoch in [-1, 0, 1] {
        let request = OffsetForLeaderEpochRequest {
            replica_id: -1,
            topics: vec![OffsetForLeaderTopic {
                topic: topic.into(),
                partitions: vec![OffsetForLeaderPartition {
                    partition,
                    current_leader_epoch,
                    leader_epoch,
                }],
            }],
        };
        let answer = client.call(4, &request).await;
        let end = &answer.topics[0].partitions[0];
        said.note(
            (
                "end of epoch",
                topic,
                partition,
                current_leader_epoch,
                leader_epoch,
            ),
            (end.error_code, end.leader_epoch, end.end_offset),
        );
    }
}
