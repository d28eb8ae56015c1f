use super::*;
use crate::plugins::produce::testing::config;

const LISTED: &str = "topics_query_arg: t, allowed_topics: [a, b.c, __own]";

fn check(fields: &str, query: &str, expected: &[&str]) {
    let config = config(fields);
    let found = topics(&config, query, false);
    assert_eq!(
        found,
        Ok(expected.iter().map(|&topic| Cow::Borrowed(topic)).collect()),
        "{query}"
    );
}

fn check_refused(fields: &str, query: &str, error: &str) {
    let found = topics(&config(fields), query, false).map(|_| ());
    assert_eq!(
        found,
        Err(Problem::Refused(error.to_owned().into())),
        "{query}"
    );
}

#[test]
fn the_default_topic_without_an_argument() {
    check("", "t=a", &["main"]);
    check(LISTED, "", &["main"]);
    check(LISTED, "t=", &["main"]);
    check(LISTED, "t", &["main"]);
    check(LISTED, "other=a", &["main"]);
}

#[test]
fn listed_topics_once_each_in_order() {
    check(LISTED, "x=1&t=b.c,a,+a%20,main", &["b.c", "a", "main"]);
    check(
        "topics_query_arg: \"t t\", allowed_topics: [a]",
        "t%20t=a",
        &["a"],
    );
    check("topics_query_arg: t", "t=main", &["main"]);
}

#[test]
fn g30_illegal_names_are_refused_before_the_list_is_looked_at() {
    for bad in [
        "a/b",
        "..",
        "a,,b",
        "a%00",
        "%c3%a4",
        "%ff",
        "a,x y",
        "a,b,c%2fd",
    ] {
        check_refused(LISTED, &format!("t={bad}"), "invalid topic name");
    }
    check_refused(LISTED, "t=__own", "internal topics are not allowed");
    check_refused(LISTED, "t=a%2", "argument 't' has a broken percent escape");
    check_refused(LISTED, "t=%zz", "argument 't' has a broken percent escape");
    let many: Vec<String> = (0..17).map(|number| format!("t{number}")).collect();
    check_refused(
        LISTED,
        &format!("t={}", many.join(",")),
        "at most 16 topics are allowed",
    );
}

#[test]
fn a_topic_that_is_not_listed_stops_all() {
    for (fields, query) in [
        (LISTED, "t=a,x"),
        (LISTED, "t=A"),
        ("topics_query_arg: t", "t=a"),
    ] {
        let found = topics(&config(fields), query, false).map(|_| ());
        assert_eq!(
            found,
            Err(Problem::BadGateway(NOT_ALLOWED.into())),
            "{query}"
        );
    }
}

#[test]
fn internal_topics_when_the_process_allows_them() {
    let config = config(LISTED);
    assert_eq!(
        topics(&config, "t=__own", true),
        Ok(vec![Cow::Borrowed("__own")])
    );
}

#[test]
fn the_key_is_the_decoded_argument() {
    let with_key = config("key_query_arg: k");
    let key_of = |query: &str| key(&with_key, query).map(|key| key.map(Cow::into_owned));
    assert_eq!(key_of("a=1"), Ok(None), "missing is null");
    assert_eq!(key_of("k="), Ok(Some(Vec::new())), "empty is empty");
    assert_eq!(key_of("k"), Ok(Some(Vec::new())));
    assert_eq!(key_of("k=a%20b+c%ff&k=x"), Ok(Some(b"a b c\xff".to_vec())));
    assert_eq!(
        key_of("k=%0"),
        Err(Problem::Refused(
            "argument 'k' has a broken percent escape".into()
        ))
    );
    assert_eq!(key(&config(""), "k=1"), Ok(None));
}
