use proptest::prelude::*;

use super::*;

fn check(path: &str, expected: &str) {
    assert_eq!(normalise(path).as_deref(), Ok(expected), "{path}");
}

#[test]
fn dot_segments_are_removed_however_they_are_written() {
    for path in [
        "/b",
        "/a/../b",
        "/a/%2e%2e/b",
        "/a/%2E./b",
        "/./b",
        "/%2e/b",
        "/../../b",
        "//a//..//b",
    ] {
        check(path, "/b");
    }
    check("/a/.", "/a/");
    check("/a/..", "/");
    check("/a/b/..", "/a/");
    check("/..", "/");
    check("/...", "/...");
    check("/.a", "/.a");
    check("/a./b", "/a./b");
}

#[test]
fn empty_segments_are_merged() {
    check("//", "/");
    check("/a//b///", "/a/b/");
    check("/a/%2f/b", "/a/%2F/b");
}

#[test]
fn unreserved_escapes_are_decoded_and_others_written_in_upper_case() {
    check("/%41%7e%2d%5f", "/A~-_");
    check("/%2f%c3%bc%20", "/%2F%C3%BC%20");
    check("/%2525", "/%2525");
    check("/%252e%252e/", "/%252e%252e/");
}

#[test]
fn what_has_no_normal_form_is_refused() {
    for path in ["", "*", "a", "http://x/"] {
        assert_eq!(normalise(path), Err(PathError::NotAbsolute), "{path}");
    }
    for path in ["/%", "/%2", "/%zz", "/%+1", "/a%", "/%2/", "/%é1", "/%0"] {
        assert_eq!(normalise(path), Err(PathError::BrokenEscape), "{path}");
    }
    for path in ["/%00", "/a\0", "/a/%00/.."] {
        assert_eq!(normalise(path), Err(PathError::Nul), "{path}");
    }
}

#[test]
fn a_clean_path_is_not_copied() {
    assert!(matches!(normalise("/a/b"), Ok(Cow::Borrowed("/a/b"))));
}

proptest! {
    #[test]
    fn any_text_has_a_normal_form_or_an_error(path in "\\PC*") {
        let _ = normalise(&path);
    }

    #[test]
    fn normalising_twice_is_normalising_once(path in "/(/|\\.|%2[eEfF5]|%[46][1-9a-f]|[a-z%])*") {
        if let Ok(once) = normalise(&path) {
            let twice = normalise(&once);
            prop_assert_eq!(twice.as_deref(), Ok(&*once));
            prop_assert!(once.starts_with('/'));
            prop_assert!(!once.contains("//"));
            prop_assert!(!once.split('/').any(|segment| segment == "." || segment == ".."));
        }
    }

    #[test]
    fn a_step_down_and_up_again_changes_nothing(
        before in "(/[a-z]{1,3}){0,3}", folder in "[a-z]{1,3}", up in "(\\.|%2[eE]){2}", after in "/[a-z]{0,3}",
    ) {
        let direct = format!("{before}{after}");
        let detour = format!("{before}/{folder}/{up}{after}");
        prop_assert_eq!(normalise(&detour), normalise(&direct));
    }
}
