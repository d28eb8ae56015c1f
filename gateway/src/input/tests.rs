use std::fmt::Write as _;

use super::*;

fn parse(text: &str) -> Node {
    Node::parse("f.yaml", text).unwrap()
}

fn fault(text: &str) -> Fault {
    Node::parse("f.yaml", text).unwrap_err()
}

fn at(line: u64, column: u64) -> Span {
    Span { line, column }
}

#[test]
fn every_value_and_key_knows_its_place() {
    let root = parse("a: 1\nlist:\n  - x\n  - deep: {b: true}\n");
    assert_eq!(root.span, at(1, 1));
    let entries = root.entries().unwrap();
    assert_eq!(
        entries[1].0,
        Key {
            span: at(2, 1),
            name: "list".to_owned()
        }
    );
    let Value::List(items) = &root.get("list").unwrap().value else {
        panic!("a list");
    };
    assert_eq!(items[0].span, at(3, 5));
    let deep = items[1].get("deep").unwrap();
    assert_eq!(deep.span, at(4, 11));
    assert_eq!(deep.entries().unwrap()[0].0.span, at(4, 12));
    assert_eq!(deep.get("b").unwrap().value, Value::Boolean(true));
}

#[test]
fn off_and_no_are_text_and_a_quoted_number_is_too() {
    let root =
        parse("a: off\nb: no\nc: '3.0'\nd: ~\ne:\nf: 9092\ng: 2.5\nh: 99999999999999999999\n");
    assert_eq!(root.get("a").unwrap().text(), Some("off"));
    assert_eq!(root.get("b").unwrap().text(), Some("no"));
    assert_eq!(root.get("c").unwrap().text(), Some("3.0"));
    assert!(root.get("d").unwrap().is_null());
    assert!(root.get("e").unwrap().is_null());
    assert!(matches!(root.get("f").unwrap().value, Value::Integer(9092)));
    assert!(matches!(root.get("g").unwrap().value, Value::Number(_)));
    assert!(matches!(root.get("h").unwrap().value, Value::Number(_)));
}

#[test]
fn json_is_read_with_tabs_escapes_and_surrogates() {
    let root = parse("{\n\t\"a\": [1, null, \"\\ud83d\\ude00\\/\"],\n\t\"b\":{\"c\":false}\n}\n");
    assert_eq!(
        root.to_json(),
        serde_json::json!({"a": [1, null, "😀/"], "b": {"c": false}})
    );
    assert_eq!(root.get("a").unwrap().span.line, 2);
}

#[test]
fn text_that_holds_nothing_is_null() {
    for text in ["", "\n", "# a comment\n", "---\n"] {
        assert!(parse(text).is_null(), "{text:?}");
    }
}

#[test]
fn windows_line_ends_and_a_byte_order_mark_change_nothing() {
    let root = parse("\u{feff}a: 1\r\nb:\r\n  - 'x'\r\n");
    assert_eq!(root.to_json(), serde_json::json!({"a": 1, "b": ["x"]}));
    assert_eq!(root.get("b").unwrap().span.line, 3);
}

#[test]
fn an_alias_stands_where_it_is_used_and_merge_keys_merge() {
    let root = parse("base: &b {host: x}\nuse: *b\nmerged:\n  <<: *b\n  port: 1\n");
    assert_eq!(root.get("use").unwrap().span.line, 2);
    assert_eq!(
        root.get("merged").unwrap().to_json(),
        serde_json::json!({"host": "x", "port": 1})
    );
}

#[test]
fn broken_text_is_one_fault_with_its_place() {
    let fault = fault("a: 1\nb: [1, 2\nc: 3\n");
    assert_eq!(fault.file, "f.yaml");
    assert!(fault.span.line >= 2, "{fault}");
    assert!(
        fault.expected.starts_with("expected valid YAML or JSON: "),
        "{fault}"
    );
    assert!(!fault.to_string().contains('\n'), "{fault}");
}

#[test]
fn a_name_that_occurs_twice_is_a_fault_at_the_second() {
    let fault = fault("a: 1\nb: 2\na: 3\n");
    assert_eq!(fault.span.line, 3, "{fault}");
}

#[test]
fn a_bomb_of_aliases_runs_out_of_budget() {
    let mut text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..12 {
        let below = format!("*a{}", level - 1);
        let line = [below.as_str(); 10].join(", ");
        let _ = writeln!(text, "a{level}: &a{level} [{line}]");
    }
    let fault = fault(&text);
    assert!(fault.span.is_known(), "{fault}");
}

#[test]
fn depth_is_bounded_for_every_style() {
    let flow = format!("{}1{}", "[".repeat(17), "]".repeat(17));
    assert!(Node::parse("f", &flow).is_err());
    let levels: Vec<String> = (0..17)
        .map(|level| format!("{}a:\n", " ".repeat(level)))
        .collect();
    let block = levels.concat();
    assert!(Node::parse("f", &block).is_err());
    let fits = format!("{}1{}", "[".repeat(16), "]".repeat(16));
    assert!(Node::parse("f", &fits).is_ok());
    let endless = "[".repeat(100_000);
    assert!(Node::parse("f", &endless).is_err());
}

#[test]
fn two_documents_or_an_unknown_tag_are_faults() {
    assert!(Node::parse("f", "a: 1\n---\nb: 2\n").is_err());
    assert!(Node::parse("f", "a: !include /etc/passwd\n").is_err());
}

#[test]
fn a_fault_is_one_line_whatever_it_quotes() {
    let fault = Fault {
        file: "f".to_owned(),
        span: at(1, 2),
        path: "a\nb".to_owned(),
        expected: "invalid value: \u{1b}[31mü".to_owned(),
    };
    assert_eq!(
        fault.to_string(),
        "f:1:2: a\\nb: invalid value: \\u{1b}[31mü"
    );
}

proptest::proptest! {
    #[test]
    fn no_text_makes_the_parser_panic(text in "(\\PC|[\\n\\[\\]{}:,&*!'\"|>-]){0,200}") {
        let _ = Node::parse("f", &text);
    }
}

#[test]
fn debug_shows_no_text() {
    let root = parse("password: hunter2\n");
    assert_eq!(format!("{root:?}"), "a map at 1:1");
    assert!(!format!("{:?}", root.get("password").unwrap()).contains("hunter2"));
}
