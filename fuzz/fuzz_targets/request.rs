//! The first two bytes choose API and version; the rest is a request's body. What can be read can be written, and reading what was
//! written gives the same again.
#![no_main]

use bytes::Bytes;
use kafka_wire::messages::APIS;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let [api, version, body @ ..] = data else { return };
    let api = &APIS[usize::from(*api) % APIS.len()];
    let count = u8::try_from(api.versions.clone().count()).unwrap();
    let version = api.versions.start() + i16::from(version % count);
    let Ok(written) = (api.recode_request)(&Bytes::copy_from_slice(body), version) else { return };
    // Bytes may have more than one form (an unknown tag, a long varint); what we write has one.
    assert_eq!((api.recode_request)(&written, version).as_ref(), Ok(&written), "{} v{version}", api.key);
});
