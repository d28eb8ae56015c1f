//! Transactions, in both of Kafka's protocols.

use kafka_wire::ErrorCode;
use kafka_wire::messages::add_offsets_to_txn::AddOffsetsToTxnRequest;
use kafka_wire::messages::end_txn::EndTxnResponse;
use kafka_wire::messages::fetch::FetchResponse;
use kafka_wire::messages::find_coordinator::FindCoordinatorRequest;
use kafka_wire::messages::init_producer_id::{InitProducerIdRequest, InitProducerIdResponse};
use kafka_wire::messages::list_offsets::{
    ListOffsetsPartition, ListOffsetsRequest, ListOffsetsTopic,
};
use kafka_wire::messages::offset_fetch::{
    OffsetFetchRequest, OffsetFetchRequestGroup, OffsetFetchRequestTopics,
};
use kafka_wire::messages::produce::PartitionProduceResponse;
use kafka_wire::messages::txn_offset_commit::TxnOffsetCommitRequest;

use crate::Said;
use crate::client::{Client, sequenced, soon, transactional};
use crate::transactional::{
    Owner, add, commit_offsets, end, fetch, headers, init, init_request, is_passing,
    offsets_request, patiently, write, write_batch,
};

pub(crate) async fn ask(client: &mut Client, said: &mut Said) {
    find(client, said).await;
    register(client, said).await;
    end_nothing(client, said).await;
    write_v2(client, said).await;
    write_v1(client, said).await;
    fence(client, said).await;
    offsets(client, said).await;
    time_out(client, said).await;
}

fn given(answer: &InitProducerIdResponse) -> impl std::fmt::Debug + use<> {
    let has_id = answer.producer_id >= 0;
    (answer.error_code, has_id, answer.producer_epoch)
}

fn ended(answer: &EndTxnResponse, owner: Owner) -> impl std::fmt::Debug + use<> {
    let id = match answer.producer_id {
        -1 => "none",
        id if id == owner.id => "the same",
        _ => "another",
    };
    (answer.error_code, id, answer.producer_epoch)
}

fn written(answer: &PartitionProduceResponse) -> impl std::fmt::Debug + use<> {
    (answer.error_code, answer.base_offset)
}

/// What a consumer sees, and how the log looks.
fn seen(answer: &FetchResponse) -> impl std::fmt::Debug + use<> {
    let it = &answer.responses[0].partitions[0];
    let aborted = it.aborted_transactions.as_ref();
    let aborted = aborted.map(|all| all.iter().map(|it| it.first_offset).collect::<Vec<_>>());
    let batches = headers(answer).into_iter().map(|header| {
        let attributes = header.attributes;
        (
            (header.base_offset, header.last_offset_delta, header.length),
            (attributes.is_transactional(), attributes.is_control()),
            (header.producer_epoch, header.base_sequence),
        )
    });
    (
        (it.error_code, it.high_watermark, it.last_stable_offset),
        aborted,
        batches.collect::<Vec<_>>(),
    )
}

async fn look(client: &mut Client, said: &mut Said, topic: &str, when: &str) {
    let end = fetch(client, topic, 0, 0).await.responses[0].partitions[0].high_watermark;
    for isolation_level in [0, 1] {
        for offset in [0, end - 1, end] {
            let fetched = fetch(client, topic, offset, isolation_level).await;
            said.note((when, isolation_level, offset), seen(&fetched));
        }
        for timestamp in [-1, -2, 1_000] {
            let request = ListOffsetsRequest {
                replica_id: -1,
                timeout_ms: 1_000,
                isolation_level,
                topics: vec![ListOffsetsTopic {
                    name: topic.into(),
                    partitions: vec![ListOffsetsPartition {
                        timestamp,
                        ..Default::default()
                    }],
                }],
            };
            let found = client.call(9, &request).await;
            let found = &found.topics[0].partitions[0];
            said.note(
                (when, "offset at", timestamp, isolation_level),
                (found.error_code, found.offset),
            );
        }
    }
}

async fn find(client: &mut Client, said: &mut Said) {
    // A real broker creates a topic first.
    let request = FindCoordinatorRequest {
        key_type: 1,
        coordinator_keys: vec!["first".into()],
        ..Default::default()
    };
    soon(async {
        while !client.call(6, &request).await.coordinators[0]
            .error_code
            .is_ok()
        {}
    })
    .await;
    init(client, "first").await;
    for version in 1..=6 {
        let request = FindCoordinatorRequest {
            key: "first".into(),
            key_type: 1,
            coordinator_keys: vec!["first".into()],
        };
        let request = if version < 4 {
            FindCoordinatorRequest {
                coordinator_keys: Vec::new(),
                ..request
            }
        } else {
            FindCoordinatorRequest {
                key: String::new(),
                ..request
            }
        };
        let found = client.call(version, &request).await;
        let several = found.coordinators.first();
        said.note(
            ("find a transaction's coordinator", version),
            (
                (found.error_code, found.node_id),
                several.map(|it| (it.error_code, it.node_id)),
            ),
        );
    }
}

async fn register(client: &mut Client, said: &mut Said) {
    for version in 0..=5 {
        let answer = client.call(version, &init_request("init")).await;
        said.note(("init", version), given(&answer));
    }
    let current = init(client, "init").await;
    for timeout in [-1, 0, 1, 900_000, 900_001] {
        let request = InitProducerIdRequest {
            transaction_timeout_ms: timeout,
            ..init_request("timeouts")
        };
        said.note(
            ("init for", timeout),
            given(&client.call(5, &request).await),
        );
    }
    for (what, id, epoch) in [
        ("id alone", current.id, -1),
        ("epoch alone", -1, current.epoch),
        ("unknown id", current.id + 777, current.epoch),
        ("goes on", current.id, current.epoch),
        ("asks again", current.id, current.epoch),
        ("goes on again", current.id, current.epoch + 1),
        ("two behind", current.id, current.epoch),
        ("ahead", current.id, current.epoch + 9),
    ] {
        let request = InitProducerIdRequest {
            producer_id: id,
            producer_epoch: epoch,
            ..init_request("init")
        };
        for version in [3, 5] {
            let answer = client.call(version, &request).await;
            said.note(("init", what, version), given(&answer));
        }
    }
}

async fn end_nothing(client: &mut Client, said: &mut Said) {
    let unknown = Owner {
        name: "unknown",
        id: 1,
        epoch: 0,
    };
    for version in 0..=5 {
        for committed in [true, false] {
            let answer = end(client, version, unknown, committed).await;
            said.note(
                ("end of nobody's", version, committed),
                ended(&answer, unknown),
            );
            let owner = init(client, "nothing").await;
            let answer = end(client, version, owner, committed).await;
            said.note(
                ("end of nothing", version, committed),
                ended(&answer, owner),
            );
            let again = end(client, version, owner, committed).await;
            said.note(("and again", version, committed), ended(&again, owner));
            let stranger = Owner {
                id: 99_999,
                ..owner
            };
            let answer = end(client, version, stranger, committed).await;
            said.note(("end by a stranger", version), ended(&answer, stranger));
            let old = owner.under(owner.epoch - 1);
            let answer = end(client, version, old, committed).await;
            said.note(("end by the one before", version), ended(&answer, old));
        }
    }
    let blank = Owner {
        name: "",
        ..unknown
    };
    let answer = end(client, 5, blank, true).await;
    said.note("end without an id", ended(&answer, blank));
}

async fn write_v2(client: &mut Client, said: &mut Said) {
    const TOPIC: &str = "txn-two";
    let owner = init(client, "two").await;
    let batch = |sequence| transactional(&["x"], owner.id, owner.epoch, sequence);
    for (what, name, batch) in [
        ("no id", "", batch(0)),
        ("unknown id", "unknown", batch(0)),
        (
            "another producer",
            "two",
            transactional(&["x"], owner.id + 999, 0, 0),
        ),
        (
            "epoch ahead",
            "two",
            transactional(&["x"], owner.id, owner.epoch + 1, 0),
        ),
    ] {
        let answer = write_batch(client, 12, name, TOPIC, batch).await;
        said.note(("write", what), written(&answer));
    }
    for (sequence, topic) in [
        (0, TOPIC),
        (1, TOPIC),
        (1, TOPIC),
        (5, TOPIC),
        (3, "txn-other"),
        (0, "txn-other"),
    ] {
        let answer = write(client, 12, owner, topic, sequence).await;
        said.note(("write", topic, sequence), written(&answer));
    }
    let plain = sequenced(&["x"], owner.id, owner.epoch, 2);
    let answer = write_batch(client, 12, "two", TOPIC, plain).await;
    said.note("write outside of it", written(&answer));
    look(client, said, TOPIC, "open").await;

    let answer = end(client, 5, owner, true).await;
    said.note("commit", ended(&answer, owner));
    settled(client, TOPIC).await;
    settled(client, "txn-other").await;
    for committed in [true, false] {
        let answer = end(client, 5, owner, committed).await;
        said.note(("end again", committed), ended(&answer, owner));
    }
    look(client, said, TOPIC, "committed").await;
    let next = owner.under(owner.epoch + 1);
    for (who, owner, sequence) in [
        ("old epoch", owner, 2),
        ("old epoch", owner, 1),
        ("sequence goes on", next, 2),
        ("sequence begins", next, 0),
        ("old epoch", owner, 2),
        ("next", next, 1),
    ] {
        let answer = write(client, 12, owner, TOPIC, sequence).await;
        said.note(("write", who, sequence), written(&answer));
    }
    let other = init(client, "two-other").await;
    let answer = write(client, 12, other, TOPIC, 0).await;
    said.note("somebody else writes", written(&answer));
    look(client, said, TOPIC, "open again").await;
    let answer = end(client, 5, next, false).await;
    said.note("abort", ended(&answer, next));
    stable_from(client, TOPIC, 5).await;
    look(client, said, TOPIC, "aborted").await;
    let answer = end(client, 5, other, false).await;
    said.note("somebody else aborts", ended(&answer, other));
    settled(client, TOPIC).await;
    look(client, said, TOPIC, "both aborted").await;
    for committed in [true, false] {
        let answer = end(client, 5, next, committed).await;
        said.note(("end again", committed), ended(&answer, next));
    }
    let after = owner.under(owner.epoch + 2);
    let answer = end(client, 5, after, false).await;
    said.note("abort nothing", ended(&answer, after));
    let answer = end(client, 5, after, true).await;
    said.note("commit nothing", ended(&answer, after));
}

async fn write_v1(client: &mut Client, said: &mut Said) {
    const TOPIC: &str = "txn-one";
    let owner = init(client, "one").await;
    let old = owner.under(owner.epoch + 7);
    let stranger = Owner {
        id: owner.id + 999,
        ..owner
    };
    for version in [3, 8, 10, 11] {
        let answer = write(client, version, owner, TOPIC, 0).await;
        said.note(("write before it is added", version), written(&answer));
    }
    for version in 0..=3 {
        for (who, owner) in [("fenced", old), ("stranger", stranger)] {
            let codes = add(client, version, owner, &[(TOPIC, 0)]).await;
            said.note(("add", who, version), codes);
        }
    }
    for partitions in [
        &[(TOPIC, 0), ("absent", 0)][..],
        &[(TOPIC, 9)],
        &[(TOPIC, 0)],
        &[(TOPIC, 0)],
        &[("txn-other", 0)],
    ] {
        let codes = add(client, 3, owner, partitions).await;
        said.note(("add", partitions), codes);
    }
    for (version, sequence) in [(11, 0), (8, 1), (3, 1), (12, 2), (11, 9)] {
        let answer = write(client, version, owner, TOPIC, sequence).await;
        said.note(("write", version, sequence), written(&answer));
    }
    let answer = end(client, 4, owner, true).await;
    said.note("commit", ended(&answer, owner));
    settled(client, TOPIC).await;
    for committed in [true, false] {
        let answer = end(client, 4, owner, committed).await;
        said.note(("end again", committed), ended(&answer, owner));
    }
    let answer = write(client, 11, owner, TOPIC, 3).await;
    said.note("write to what is over", written(&answer));
    add(client, 3, owner, &[(TOPIC, 0)]).await;
    let answer = write(client, 11, owner, TOPIC, 3).await;
    said.note("write on", written(&answer));
    let answer = end(client, 3, owner, false).await;
    said.note("abort", ended(&answer, owner));
    settled(client, TOPIC).await;
    look(client, said, TOPIC, "v1").await;
}

async fn fence(client: &mut Client, said: &mut Said) {
    const TOPIC: &str = "txn-fence";
    for (name, version) in [("fence-one", 11), ("fence-two", 12)] {
        let old = init(client, name).await;
        if version < 12 {
            add(client, 3, old, &[(TOPIC, 0)]).await;
        }
        let answer = write(client, version, old, TOPIC, 0).await;
        said.note((name, "first"), written(&answer));
        let taken = client.call(5, &init_request(name)).await;
        said.note((name, "taken over"), given(&taken));
        let new = init(client, name).await;
        settled(client, TOPIC).await;
        said.note((name, "epoch"), (old.epoch, new.epoch, old.id == new.id));
        let answer = write(client, version, old, TOPIC, 1).await;
        said.note((name, "late write"), written(&answer));
        for end_version in [1, 4, 5] {
            let answer = end(client, end_version, old, true).await;
            said.note((name, "late commit", end_version), ended(&answer, old));
        }
        let codes = add(client, 3, old, &[(TOPIC, 0)]).await;
        said.note((name, "late add"), codes);
        let code = add_offsets(client, 4, old, "g").await;
        said.note((name, "late offsets"), code);
        let known = InitProducerIdRequest {
            producer_id: old.id,
            producer_epoch: old.epoch,
            ..init_request(name)
        };
        said.note((name, "late init"), given(&patiently(client, known).await));
    }
    look(client, said, TOPIC, "after fencing").await;
}

/// Committed and to be waited for, as `OffsetFetch` tells.
async fn stored(client: &mut Client, said: &mut Said, group: &str, when: &str) {
    for require_stable in [false, true] {
        let request = OffsetFetchRequest {
            groups: vec![OffsetFetchRequestGroup {
                group_id: group.into(),
                member_epoch: -1,
                topics: Some(vec![OffsetFetchRequestTopics {
                    name: "txn-other".into(),
                    partition_indexes: vec![0],
                    ..Default::default()
                }]),
                ..Default::default()
            }],
            require_stable,
            ..Default::default()
        };
        let answer = client.call(9, &request).await;
        let it = &answer.groups[0].topics[0].partitions[0];
        said.note(
            ("offset of", group, when, require_stable),
            (it.error_code, it.committed_offset, it.metadata.clone()),
        );
    }
}

/// Markers reach groups in their own time.
async fn until_stable(client: &mut Client, group: &str) {
    soon(async {
        let mut said = Said::default();
        loop {
            stored(client, &mut said, group, "").await;
            if !format!("{said:?}").contains("UNSTABLE") {
                return;
            }
            said = Said::default();
        }
    })
    .await;
}

async fn offsets(client: &mut Client, said: &mut Said) {
    let mut owner = init(client, "offsets").await;
    for version in 0..=4 {
        let code = commit_offsets(client, version, offsets_request(owner, "g1", "txn-other")).await;
        said.note(("offsets without their group", version), code);
    }
    for (version, committed) in [(2, true), (3, false), (4, true)] {
        let code = add_offsets(client, version, owner, "g1").await;
        said.note(("add group", version), code);
        let mut request = offsets_request(owner, "g1", "txn-other");
        request.topics[0].partitions[0].committed_offset = 10 + i64::from(version);
        let code = commit_offsets(client, version, request).await;
        said.note(("offsets", version), code);
        stored(client, said, "g1", "open").await;
        let answer = end(client, 4, owner, committed).await;
        said.note(("end", committed), ended(&answer, owner));
        until_stable(client, "g1").await;
        stored(client, said, "g1", "ended").await;
    }
    for committed in [true, false] {
        let code = commit_offsets(client, 5, offsets_request(owner, "g2", "txn-other")).await;
        said.note("offsets in v2", code);
        stored(client, said, "g2", "open").await;
        let answer = end(client, 5, owner, committed).await;
        said.note(("end in v2", committed), ended(&answer, owner));
        owner.epoch += 1;
        until_stable(client, "g2").await;
        stored(client, said, "g2", "ended").await;
    }
    let good = || offsets_request(owner, "g3", "txn-other");
    let mut too_long = good();
    too_long.topics[0].partitions[0].committed_metadata = Some("x".repeat(5_000));
    let mut no_partition = good();
    no_partition.topics[0].partitions[0].partition_index = 9;
    let mut generation = good();
    generation.generation_id = 3;
    let strange = TxnOffsetCommitRequest {
        group_id: "g4".into(),
        ..generation.clone()
    };
    let mut member = good();
    member.member_id = "nobody".into();
    let mut both = generation.clone();
    both.member_id = "nobody".into();
    for (what, request) in [
        (
            "fenced",
            offsets_request(owner.under(99), "g3", "txn-other"),
        ),
        ("good", good()),
        ("no group", offsets_request(owner, "", "txn-other")),
        ("a generation of no group", strange),
        ("no topic", offsets_request(owner, "g3", "absent")),
        ("no partition", no_partition),
        ("too long a note", too_long),
        ("a generation", generation),
        ("a member", member),
        ("both", both),
        ("good again", good()),
    ] {
        for version in [4, 5] {
            let code = commit_offsets(client, version, request.clone()).await;
            said.note(("offsets", what, version), code);
        }
    }
    end(client, 5, owner, false).await;
    until_stable(client, "g3").await;
    stored(client, said, "g3", "aborted").await;
}

async fn time_out(client: &mut Client, said: &mut Said) {
    const TOPIC: &str = "txn-late";
    for (name, version) in [("late-one", 11), ("late-two", 12)] {
        let request = InitProducerIdRequest {
            transaction_timeout_ms: 300,
            ..init_request(name)
        };
        let given = patiently(client, request).await;
        let owner = Owner {
            name,
            id: given.producer_id,
            epoch: given.producer_epoch,
        };
        if version < 12 {
            add(client, 3, owner, &[(TOPIC, 0)]).await;
        }
        let answer = write(client, version, owner, TOPIC, 0).await;
        said.note((name, "written"), answer.error_code);
        settled(client, TOPIC).await;
        for (end_version, committed) in [(4, true), (4, false), (5, true), (5, false)] {
            let answer = end(client, end_version, owner, committed).await;
            said.note(
                (name, "too late", end_version, committed),
                ended(&answer, owner),
            );
        }
        let answer = write(client, version, owner, TOPIC, 1).await;
        said.note((name, "write too late"), answer.error_code);
        let next = init(client, name).await;
        said.note((name, "epoch"), (owner.epoch, next.epoch));
    }
    look(client, said, TOPIC, "timed out").await;
}

async fn add_offsets(client: &mut Client, version: i16, owner: Owner, group: &str) -> ErrorCode {
    let request = AddOffsetsToTxnRequest {
        transactional_id: owner.name.into(),
        producer_id: owner.id,
        producer_epoch: owner.epoch,
        group_id: group.into(),
    };
    soon(async {
        loop {
            let code = client.call(version, &request).await.error_code;
            if !is_passing(code) {
                return code;
            }
        }
    })
    .await
}

/// Waits until every transaction of a topic is decided.
async fn settled(client: &mut Client, topic: &str) {
    soon(async {
        loop {
            let fetched = fetch(client, topic, 0, 0).await;
            let partition = &fetched.responses[0].partitions[0];
            if partition.last_stable_offset == partition.high_watermark {
                return;
            }
        }
    })
    .await;
}

/// Waits until the first open transaction of a topic begins at `offset`.
async fn stable_from(client: &mut Client, topic: &str, offset: i64) {
    soon(async {
        while fetch(client, topic, 0, 0).await.responses[0].partitions[0].last_stable_offset
            != offset
        {}
    })
    .await;
}
