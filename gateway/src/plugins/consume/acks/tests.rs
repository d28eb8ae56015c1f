use super::*;

fn partition(number: i32) -> TopicPartition {
    TopicPartition::new("t", number)
}

fn ack(partition: i32, offset: i64) -> Ack {
    Ack {
        topic: "t".to_owned(),
        partition,
        offset,
    }
}

/// Partition 0 of `t`, with these offsets delivered.
fn acks(decides: bool, offsets: &[i64]) -> Acks {
    let mut acks = Acks::new(vec!["t".to_owned()], decides);
    acks.assigned(&[partition(0)]);
    for offset in offsets {
        acks.delivered(&partition(0), *offset);
    }
    acks
}

#[test]
fn all_four_forms_of_an_acknowledgement_mean_the_same() {
    let one = r#"{"topic":"t","partition":0,"offset":12}"#;
    for text in [
        format!(r#"{{"ack":{one}}}"#),
        format!(r#"{{"acks":[{one}]}}"#),
        r#"{"type":"ack","topic":"t","partition":0,"offset":12}"#.to_owned(),
        format!(r#"{{"type":"acks","acks":[{one}]}}"#),
    ] {
        assert_eq!(
            Message::read(&text),
            Ok(Message::Acks(vec![ack(0, 12)])),
            "{text}"
        );
    }
}

#[test]
fn frames_of_many_records_can_be_asked_for_within_bounds() {
    let batch = |most: &str| Message::read(&format!(r#"{{"type":"batch","max_records":{most}}}"#));
    assert_eq!(batch("100"), Ok(Message::Batch(100)));
    assert_eq!(batch("0"), Ok(Message::Batch(0)));
    assert_eq!(batch("10000"), Ok(Message::Batch(10_000)));
    for wrong in ["10001", "-1", "1.5", "\"1\"", "null"] {
        assert_eq!(batch(wrong), Err(Wrong::Unknown), "{wrong}");
    }
}

#[test]
fn what_is_not_understood_is_told_by_the_words_of_the_contract() {
    let error = |text: &str| Message::read(text).unwrap_err().to_string();
    assert_eq!(error("{"), "invalid JSON");
    assert_eq!(error(""), "invalid JSON");
    for text in [
        "[]",
        "1",
        "{}",
        r#"{"type":"x"}"#,
        r#"{"type":1,"ack":{}}"#,
        r#"{"ack":{},"acks":[]}"#,
    ] {
        assert_eq!(error(text), "unknown message", "{text}");
    }
    let invalid = "invalid acknowledgement: ";
    assert_eq!(
        error(r#"{"ack":1}"#),
        format!("{invalid}ack must be an object")
    );
    assert_eq!(
        error(r#"{"acks":{}}"#),
        format!("{invalid}acks must be an array")
    );
    assert_eq!(
        error(r#"{"ack":{"topic":1,"partition":0,"offset":0}}"#),
        format!("{invalid}topic must be a string")
    );
    assert_eq!(
        error(r#"{"ack":{"topic":"t","partition":9999999999,"offset":0}}"#),
        format!("{invalid}partition must be an integer")
    );
    assert_eq!(
        error(r#"{"ack":{"topic":"t","partition":0,"offset":"1"}}"#),
        format!("{invalid}offset must be an integer")
    );
}

#[test]
fn an_acknowledgement_covers_what_was_delivered_before_it() {
    let mut acks = acks(true, &[5, 6, 9]);
    assert_eq!(acks.unacked(), 3);
    assert_eq!(acks.acknowledge(&ack(0, 6)), Ok(Some((partition(0), 7))));
    assert_eq!(acks.unacked(), 1);
    assert_eq!(acks.acknowledge(&ack(0, 5)), Ok(None), "lower is ignored");
    assert_eq!(acks.acknowledge(&ack(0, 6)), Ok(None), "so is the same");
    assert_eq!(acks.acknowledge(&ack(0, 9)), Ok(Some((partition(0), 10))));
    assert_eq!(acks.unacked(), 0);
}

#[test]
fn what_was_not_delivered_cannot_be_acknowledged() {
    let mut acks = acks(true, &[5, 6, 9]);
    for offset in [4, 7, 10, -1] {
        let wrong = acks.acknowledge(&ack(0, offset)).unwrap_err();
        assert_eq!(
            wrong.to_string(),
            format!("invalid acknowledgement: offset {offset} was not delivered")
        );
        assert!(wrong.is_strike());
    }
    assert!(acks.acknowledge(&ack(1, 5)).unwrap_err().is_strike());
    let foreign = Ack {
        topic: "x".to_owned(),
        ..ack(0, 5)
    };
    assert!(acks.acknowledge(&foreign).unwrap_err().is_strike());
}

#[test]
fn a_lost_partition_is_nobody_s_fault() {
    let mut acks = acks(true, &[5]);
    acks.assigned(&[partition(1)]);
    assert_eq!(acks.unacked(), 0, "it comes again, to whoever reads it");
    let wrong = acks.acknowledge(&ack(0, 5)).unwrap_err();
    assert_eq!(wrong.to_string(), "partition t-0 is no longer assigned");
    assert!(!wrong.is_strike());
}

#[test]
fn what_was_delivered_before_a_rebalance_can_still_be_acknowledged_after_it() {
    let mut acks = acks(true, &[5, 6]);
    acks.unassigned();
    acks.assigned(&[partition(0)]);
    assert_eq!(acks.acknowledge(&ack(0, 6)), Ok(Some((partition(0), 7))));
    acks.delivered(&partition(0), 5);
    acks.delivered(&partition(0), 6);
    assert_eq!(acks.unacked(), 0, "done already");
    acks.delivered(&partition(0), 7);
    assert_eq!(acks.unacked(), 1);
}

#[test]
fn without_a_decision_to_make_acknowledgements_are_checked_and_change_nothing() {
    let mut acks = acks(false, &[5, 6]);
    assert_eq!(acks.unacked(), 0);
    assert_eq!(acks.acknowledge(&ack(0, 6)), Ok(None));
    assert!(acks.acknowledge(&ack(0, 7)).unwrap_err().is_strike());
}
