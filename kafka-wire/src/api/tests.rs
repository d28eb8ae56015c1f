use super::*;
use crate::messages::api_versions::ApiVersion;
use crate::messages::metadata::MetadataRequest;
use crate::messages::produce::ProduceRequest;

fn offers(ranges: &[(i16, i16, i16)]) -> ApiRanges {
    let api = |&(api_key, min_version, max_version): &(i16, i16, i16)| ApiVersion {
        api_key,
        min_version,
        max_version,
    };
    ApiRanges::from_response(&ApiVersionsResponse {
        api_keys: ranges.iter().map(api).collect(),
        ..Default::default()
    })
}

#[test]
fn the_highest_common_version_is_chosen() {
    assert_eq!(
        offers(&[(0, 0, 9), (3, 0, 12)]).negotiate::<MetadataRequest>(),
        Ok(12)
    );
    assert_eq!(offers(&[(3, 0, 99)]).negotiate::<MetadataRequest>(), Ok(13));
}

#[test]
fn no_common_version_is_an_error_that_says_why() {
    let error = offers(&[(0, 0, 2)])
        .negotiate::<ProduceRequest>()
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "no common version of Produce: we speak 3-13, the broker 0-2"
    );
    let error = offers(&[(3, 14, 20)])
        .negotiate::<MetadataRequest>()
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "no common version of Metadata: we speak 0-13, the broker 14-20"
    );
    let error = offers(&[]).negotiate::<ProduceRequest>().unwrap_err();
    assert_eq!(
        error.to_string(),
        "no common version of Produce: we speak 3-13, the broker does not have it"
    );
}
