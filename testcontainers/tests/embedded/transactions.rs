//! Transactions where the embedded broker is told to do what a real one does by chance.

use std::time::Duration;

use kafka_testcontainers::embedded::{Broker, Config};
use kafka_wire::ErrorCode;
use kafka_wire::messages::find_coordinator::FindCoordinatorRequest;

use crate::client::{Client, transactional, values};
use crate::transactional::{
    Owner, add, commit_offsets, end, fetch, headers, init, init_request, offsets_request, write,
    write_batch,
};

async fn with_topic() -> (Broker, Client) {
    let broker = Broker::start(Config::nodes(1)).await.unwrap();
    broker.create_topic("t", 1, 1).unwrap();
    let client = Client::to(&broker, 1).await;
    (broker, client)
}

async fn committed(client: &mut Client) -> usize {
    let fetched = fetch(client, "t", 0, 1).await;
    values_without_markers(&fetched)
}

fn values_without_markers(fetched: &kafka_wire::messages::fetch::FetchResponse) -> usize {
    let headers = headers(fetched);
    let control = headers.iter().filter(|it| it.attributes.is_control());
    headers.len() - control.count()
}

#[tokio::test(start_paused = true)]
async fn a_transaction_is_aborted_at_its_timeout_and_not_before() {
    let (broker, mut client) = with_topic().await;
    let owner = init(&mut client, "tx").await;
    write(&mut client, 12, owner, "t", 0).await;
    tokio::time::sleep(Duration::from_secs(59)).await;
    assert_eq!(broker.transaction_state("tx"), Some("Ongoing"));
    assert_eq!(broker.last_stable_offset("t", 0), Some(0));
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    assert_eq!(broker.transaction_state("tx"), Some("CompleteAbort"));
    assert_eq!(broker.last_stable_offset("t", 0), Some(2));
    let late = end(&mut client, 4, owner, true).await;
    assert_eq!(late.error_code, ErrorCode::PRODUCER_FENCED);
}

#[tokio::test]
async fn a_transaction_outlives_its_coordinator() {
    let broker = Broker::start(Config::nodes(2)).await.unwrap();
    broker.create_topic("t", 1, 2).unwrap();
    let old = broker.transaction_coordinator("tx").unwrap();
    let new = 3 - old;
    broker.move_leader("t", 0, new);
    let mut client = Client::to(&broker, old).await;
    let owner = init(&mut client, "tx").await;
    let mut other = Client::to(&broker, new).await;
    let written = write(&mut other, 12, owner, "t", 0).await;
    assert_eq!(written.error_code, ErrorCode::NONE, "leaders ask for us");

    assert!(broker.move_transaction_coordinator("tx", new));
    let refused = client.call(5, &init_request("tx")).await;
    assert_eq!(refused.error_code, ErrorCode::NOT_COORDINATOR);
    assert_eq!((refused.producer_id, refused.producer_epoch), (-1, -1));
    let ended = end(&mut other, 5, owner, true).await;
    assert_eq!(ended.error_code, ErrorCode::NONE);
    assert_eq!(broker.transaction_state("tx"), Some("CompleteCommit"));

    broker.move_transaction_coordinator("tx", old);
    broker.kill(old).unwrap();
    assert_eq!(broker.transaction_coordinator("tx"), Some(new));
    let request = FindCoordinatorRequest {
        key_type: 1,
        coordinator_keys: vec!["tx".into()],
        ..Default::default()
    };
    let found = other.call(6, &request).await;
    assert_eq!(found.coordinators[0].node_id, new);
    let again = end(&mut other, 5, owner, true).await;
    assert_eq!(again.producer_epoch, owner.epoch + 1, "it remembers");
}

#[tokio::test]
async fn groups_and_transactions_have_coordinators_of_their_own() {
    let broker = Broker::start(Config::nodes(2)).await.unwrap();
    let group = broker.coordinator("x").unwrap();
    broker.move_transaction_coordinator("x", 3 - group);
    assert_eq!(broker.coordinator("x"), Some(group));
    assert_eq!(broker.transaction_coordinator("x"), Some(3 - group));
}

#[tokio::test]
async fn a_log_that_is_cut_forgets_the_transactions_behind_the_cut() {
    let (broker, mut client) = with_topic().await;
    let first = init(&mut client, "first").await;
    write(&mut client, 12, first, "t", 0).await;
    end(&mut client, 5, first, false).await;
    let second = init(&mut client, "second").await;
    write(&mut client, 12, second, "t", 0).await;
    write(&mut client, 12, second, "t", 1).await;
    assert_eq!(broker.last_stable_offset("t", 0), Some(2));
    assert_eq!(broker.truncate("t", 0, 3), Some(3));
    assert_eq!(broker.last_stable_offset("t", 0), Some(2));
    assert_eq!(broker.truncate("t", 0, 2), Some(2));
    assert_eq!(broker.last_stable_offset("t", 0), Some(2));
    let fetched = fetch(&mut client, "t", 0, 1).await;
    let aborted = fetched.responses[0].partitions[0]
        .aborted_transactions
        .clone();
    assert_eq!(aborted.unwrap().len(), 1);
    assert_eq!(broker.truncate("t", 0, 1), Some(1));
    assert_eq!(
        broker.last_stable_offset("t", 0),
        Some(0),
        "its marker is gone"
    );
}

#[tokio::test]
async fn markers_are_no_records() {
    let (broker, mut client) = with_topic().await;
    let owner = init(&mut client, "tx").await;
    write(&mut client, 12, owner, "t", 0).await;
    assert_eq!(committed(&mut client).await, 0);
    end(&mut client, 5, owner, true).await;
    assert_eq!(committed(&mut client).await, 1);
    assert_eq!(broker.log("t", 0).len(), 1);
    assert_eq!(broker.offsets("t", 0), Some((0, 2)));
    assert_eq!(values(&fetch(&mut client, "t", 0, 0).await).len(), 2);
}

#[tokio::test]
async fn a_topic_that_is_deleted_keeps_no_transaction_from_its_end() {
    let (broker, mut client) = with_topic().await;
    let owner = init(&mut client, "tx").await;
    write(&mut client, 12, owner, "t", 0).await;
    commit_offsets(&mut client, 5, offsets_request(owner, "g", "t")).await;
    broker.delete_topic("t");
    let ended = end(&mut client, 5, owner, true).await;
    assert_eq!(ended.error_code, ErrorCode::NONE);
    assert_eq!(broker.committed("g", "t", 0), None);
}

#[tokio::test]
async fn offsets_are_the_groups_with_the_commit() {
    let (broker, mut client) = with_topic().await;
    let owner = init(&mut client, "tx").await;
    commit_offsets(&mut client, 5, offsets_request(owner, "g", "t")).await;
    assert_eq!(broker.committed("g", "t", 0), None);
    end(&mut client, 5, owner, true).await;
    assert_eq!(broker.committed("g", "t", 0), Some(5));
}

#[tokio::test]
async fn epochs_that_are_used_up_bring_another_id() {
    let (_broker, mut client) = with_topic().await;
    let first = init(&mut client, "tx").await;
    let mut epoch = first.epoch;
    // An end raises the epoch, even of nothing.
    while epoch < i16::MAX - 1 {
        epoch = end(&mut client, 5, first.under(epoch), false)
            .await
            .producer_epoch;
    }
    let last = first.under(epoch);
    let written = write(&mut client, 12, last, "t", 0).await;
    assert_eq!(written.error_code, ErrorCode::NONE);
    let ended = end(&mut client, 5, last, true).await;
    assert_eq!(
        (ended.error_code, ended.producer_epoch),
        (ErrorCode::NONE, 0)
    );
    assert_ne!(ended.producer_id, first.id);
    let next = Owner {
        id: ended.producer_id,
        ..first.under(0)
    };
    let written = write(&mut client, 12, next, "t", 0).await;
    assert_eq!(written.error_code, ErrorCode::NONE);
}

#[tokio::test]
async fn the_old_way_can_be_asked_for() {
    let config = Config {
        transaction_version: 1,
        ..Config::nodes(1)
    };
    let broker = Broker::start(config).await.unwrap();
    broker.create_topic("t", 1, 1).unwrap();
    let mut client = Client::to(&broker, 1).await;
    let owner = init(&mut client, "tx").await;
    let batch = transactional(&["a"], owner.id, owner.epoch, 0);
    let refused = write_batch(&mut client, 11, "tx", "t", batch).await;
    assert_eq!(refused.error_code, ErrorCode::TRANSACTION_ABORTABLE);
    add(&mut client, 3, owner, &[("t", 0)]).await;
    write(&mut client, 11, owner, "t", 0).await;
    end(&mut client, 4, owner, true).await;
    assert_eq!(committed(&mut client).await, 1);
}
