//! Writes inputs for every target to begin with: `cargo run --example seeds [FOLDER]`, by default into `corpus`.
//!
//! They are made of what the tree holds: batches, messages and frames in `kafka-wire/tests/data`; a default and two made-up messages of
//! every API at every version; logins of the RFCs. Written anew they are the same files.

use std::fs;
use std::path::{Path, PathBuf};

use arbitrary::Unstructured;
use bytes::Bytes;
use kafka_fuzz::choice::{Choice, Direction};
use kafka_fuzz::logins::{CLIENT_NONCE, SERVER_NONCE, Setting, TOKEN};
use kafka_fuzz::records::rebuild_value;
use kafka_fuzz::value::{Value, make, make_default};
use kafka_fuzz::writer::write;
use kafka_wire::group::consumer_protocol::{
    ConsumerProtocolAssignment, ConsumerProtocolSubscription, VERSIONS,
};
use kafka_wire::messages::APIS;
use kafka_wire::messages::fetch::FetchRequest;
use kafka_wire::messages::produce::ProduceRequest;
use kafka_wire::messages::sasl_authenticate::SaslAuthenticateRequest;
use kafka_wire::records::{BATCH_HEADER_BYTES, Compression};
use kafka_wire::rows::Structure;
use kafka_wire::{ApiKey, Message as _, decode_request, decode_request_header, decode_response};

fn main() {
    let folder = std::env::args().nth(1).unwrap_or("corpus".into());
    let mut corpus = Corpus {
        folder: folder.into(),
        count: 0,
    };
    messages(&mut corpus);
    there_and_back(&mut corpus);
    consumer_protocol(&mut corpus);
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("../kafka-wire/tests/data");
    for file in files(&data) {
        captured(&mut corpus, &file);
    }
    compressed(&mut corpus);
    logins(&mut corpus);
    println!(
        "seeds: {} inputs in {}",
        corpus.count,
        corpus.folder.display()
    );
}

/// Folders of inputs, one for each target.
struct Corpus {
    folder: PathBuf,
    count: usize,
}

impl Corpus {
    fn add(&mut self, target: &str, name: &str, input: &[u8]) {
        let folder = self.folder.join(target);
        fs::create_dir_all(&folder).expect("a folder for seeds");
        fs::write(folder.join(format!("seed-{name}")), input).expect("a seed");
        self.count += 1;
    }
}

/// Defaults and made-up values of every message at every version, as bodies; requests as frames too.
fn messages(corpus: &mut Corpus) {
    for (direction, target) in [
        (Direction::Request, "request"),
        (Direction::Response, "response"),
    ] {
        for choice in Choice::all(direction) {
            for (round, body) in bodies(choice.structure(), choice.version, choice.is_flexible()) {
                let name = format!("{}-v{}-{round}", choice.api.key, choice.version);
                corpus.add(target, &name, &[&choice.bytes()[..], &body].concat());
                if direction == Direction::Request && round < 2 {
                    corpus.add("frame", &name, &[&[9], &frame(choice, &body)[..]].concat());
                }
            }
        }
    }
    long_strings(corpus);
    corpus.add("frame", "http", b"\x01HTTP/1.1 400 Bad Request\r\n\r\n");
    corpus.add("frame", "tls", b"\x01\x15\x03\x03\x00\x02\x02\x28");
    corpus.add("frame", "empty-frames", b"\x03\0\0\0\0\0\0\0\0\0\0\0\x01a");
}

/// A group's name of the greatest length, and of one byte more, which a compact length could say.
fn long_strings(corpus: &mut Corpus) {
    let api = kafka_wire::messages::api(ApiKey::HEARTBEAT).expect("heartbeats");
    let version = *api.versions.end();
    let choice = Choice {
        api,
        version,
        direction: Direction::Request,
    };
    for length in [0x7fff, 0x8000] {
        let mut value = make_default(api.request, version);
        if let Value::Structure(fields) = &mut value {
            fields[0] = Value::Sized(vec![b'g'; length]);
        }
        let body = write(api.request, &value, version, true).expect("a group");
        let input = [&choice.bytes()[..], &body].concat();
        corpus.add("request", &format!("long-{length}"), &input);
    }
}

/// Bodies of a structure, numbered: the default, then values made of bytes that only the structure decides.
fn bodies(structure: &Structure, version: i16, flexible: bool) -> Vec<(usize, Vec<u8>)> {
    let mut values: Vec<Value> = vec![make_default(structure, version)];
    for round in 1..3 {
        let noise = noise(structure.name.len() * 1000 + round, 600);
        let mut from = Unstructured::new(&noise);
        values.extend(make(structure, version, &mut from));
    }
    let written = values
        .iter()
        .map(|value| write(structure, value, version, flexible).expect("made for this version"));
    written.enumerate().collect()
}

/// A request as a client sends it.
fn frame(choice: Choice, body: &[u8]) -> Vec<u8> {
    let mut content = choice.api.key.0.to_be_bytes().to_vec();
    content.extend(choice.version.to_be_bytes());
    content.extend(b"\0\0\0\x07\0\x02me");
    if choice.is_flexible() {
        content.push(0);
    }
    content.extend(body);
    let length = i32::try_from(content.len()).unwrap();
    [&length.to_be_bytes()[..], &content].concat()
}

fn there_and_back(corpus: &mut Corpus) {
    for (index, api) in APIS.iter().enumerate() {
        for direction in 0..2_u8 {
            for round in 0..2_u8 {
                let choose = [u8::try_from(index).unwrap(), 255 - round, round, direction];
                let values = noise(index * 4 + usize::from(direction + 2 * round), 300);
                let name = format!("{}-{direction}-{round}", api.key);
                corpus.add("there_and_back", &name, &[&choose[..], &values].concat());
            }
        }
    }
}

fn consumer_protocol(corpus: &mut Corpus) {
    let structures = [
        ConsumerProtocolSubscription::STRUCTURE,
        ConsumerProtocolAssignment::STRUCTURE,
    ];
    for structure in structures {
        for version in VERSIONS {
            for (round, body) in bodies(structure, version, false) {
                let name = format!("{}-v{version}-{round}", structure.name);
                let input = [&version.to_be_bytes()[..], &body].concat();
                corpus.add("consumer_protocol", &name, &input);
            }
        }
    }
}

/// What real clients and brokers wrote.
fn captured(corpus: &mut Corpus, file: &Path) {
    let bytes = fs::read(file).expect("test data");
    let stem = file
        .file_stem()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned();
    match file.extension().and_then(|extension| extension.to_str()) {
        Some("batch") => {
            corpus.add("record_batch", &stem, &bytes);
            corpus.add("message_set", &stem, &bytes);
            let codec = bytes[22] & 7;
            decompressed(corpus, codec, &stem, &bytes[BATCH_HEADER_BYTES..]);
        }
        Some("messages") => {
            corpus.add("message_set", &stem, &bytes);
            // A null key, the length of the value, the value.
            let codec = bytes[17] & 7;
            let value = if bytes[16] == 0 { 26 } else { 34 };
            decompressed(corpus, codec, &stem, bytes.get(value..).unwrap_or_default());
        }
        Some("request") => captured_request(corpus, file, &stem, &bytes),
        Some("response") => captured_response(corpus, file, &stem, &bytes),
        _ => {}
    }
}

fn decompressed(corpus: &mut Corpus, codec: u8, name: &str, bytes: &[u8]) {
    let target = match codec {
        1 => "decompress_gzip",
        2 => "decompress_snappy",
        3 => "decompress_lz4",
        4 => "decompress_zstd",
        _ => return,
    };
    corpus.add(target, name, &[&[3], bytes].concat());
}

fn captured_request(corpus: &mut Corpus, file: &Path, stem: &str, bytes: &[u8]) {
    let name = format!("{}-{stem}", folder_of(file));
    let content = Bytes::copy_from_slice(content(bytes));
    let length = i32::try_from(content.len()).unwrap().to_be_bytes();
    corpus.add("frame", &name, &[&[64], &length[..], &content].concat());
    let (header, body) = decode_request_header(&content).expect("a captured request");
    let found = kafka_wire::messages::api(ApiKey(header.request_api_key));
    let Some(api) = found.filter(|api| api.versions.contains(&header.request_api_version)) else {
        return;
    };
    let choice = Choice {
        api,
        version: header.request_api_version,
        direction: Direction::Request,
    };
    corpus.add("request", &name, &[&choice.bytes()[..], &body].concat());
    match api.key {
        ApiKey::PRODUCE => {
            let read: ProduceRequest = decode_request(&body, choice.version).expect("a request");
            let partitions = read.topic_data.iter().flat_map(|it| &it.partition_data);
            records(
                corpus,
                &name,
                partitions.filter_map(|it| it.records.as_ref()),
            );
        }
        ApiKey::SASL_AUTHENTICATE => {
            let read: SaslAuthenticateRequest =
                decode_request(&body, choice.version).expect("a request");
            let bytes = &read.auth_bytes.0;
            corpus.add("scram_server", &name, &[b"\0", &bytes[..]].concat());
            corpus.add("oauthbearer", &name, bytes);
        }
        _ => {}
    }
}

/// What stands in the `records` fields of a message.
fn records<'a>(corpus: &mut Corpus, name: &str, fields: impl Iterator<Item = &'a Bytes>) {
    for (index, bytes) in fields.enumerate() {
        let name = format!("{name}-{index}");
        corpus.add("record_batch", &name, bytes);
        corpus.add("message_set", &name, bytes);
        if let [2] = bytes.get(16..17).unwrap_or_default() {
            let payload = bytes.get(BATCH_HEADER_BYTES..).unwrap_or_default();
            decompressed(corpus, bytes[22] & 7, &name, payload);
        }
    }
}

fn captured_response(corpus: &mut Corpus, file: &Path, stem: &str, bytes: &[u8]) {
    let (name, version) = stem.rsplit_once("-v").expect("Api-v1.response");
    let digits = version.split(|it: char| !it.is_ascii_digit()).next();
    let version: i16 = digits
        .and_then(|version| version.parse().ok())
        .expect("a version");
    let found = APIS.iter().find(|api| api.key.name() == Some(name));
    let Some(api) = found.filter(|api| api.versions.contains(&version)) else {
        return;
    };
    let choice = Choice {
        api,
        version,
        direction: Direction::Response,
    };
    let has_tags = choice.is_flexible() && api.key != ApiKey::API_VERSIONS;
    let body = &content(bytes)[4 + usize::from(has_tags)..];
    let name = format!("{}-{stem}", folder_of(file));
    corpus.add("response", &name, &[&choice.bytes()[..], body].concat());
    let frame = Bytes::copy_from_slice(content(bytes));
    match api.key {
        ApiKey::FETCH => {
            let (_, read) = decode_response::<FetchRequest>(&frame, version).expect("an answer");
            let partitions = read.responses.iter().flat_map(|it| &it.partitions);
            records(
                corpus,
                &name,
                partitions.filter_map(|it| it.records.as_ref()),
            );
        }
        ApiKey::SASL_AUTHENTICATE => {
            let read = decode_response::<SaslAuthenticateRequest>(&frame, version);
            let (_, read) = read.expect("an answer");
            let bytes = &read.auth_bytes.0;
            corpus.add("scram_client", &name, &[b"\0", &bytes[..]].concat());
        }
        _ => {}
    }
}

/// A frame without its length, whether it has one or not.
fn content(frame: &[u8]) -> &[u8] {
    match frame.split_first_chunk() {
        Some((length, rest))
            if i32::from_be_bytes(*length) == i32::try_from(rest.len()).unwrap() =>
        {
            rest
        }
        _ => frame,
    }
}

fn folder_of(file: &Path) -> String {
    let folder = file.parent().and_then(Path::file_name).unwrap_or_default();
    folder.to_string_lossy().into_owned()
}

/// Values of several kinds in every codec.
fn compressed(corpus: &mut Corpus) {
    let values: [(&str, Vec<u8>); 5] = [
        ("empty", Vec::new()),
        ("text", b"to be or not to be, that is the question".to_vec()),
        ("zeros", vec![0; 3000]),
        ("noise", noise(1, 700)),
        ("repeated-noise", noise(2, 40).repeat(20)),
    ];
    let codecs = [
        Compression::None,
        Compression::Gzip,
        Compression::Snappy,
        Compression::Lz4,
        Compression::Zstd,
    ];
    let hollow = b"\x04\x22\x4d\x18\x60\x40\x82\x01\0\0\0\x08\x03\0\0\x80abc\0\0\0\0";
    decompressed(corpus, 3, "empty-block", hollow);
    for (codec, id) in codecs.into_iter().zip(0..) {
        for (name, value) in &values {
            let name = format!("{codec}-{name}");
            let batch = rebuild_value(value, codec);
            corpus.add("record_batch", &name, &batch);
            decompressed(corpus, id, &name, &batch[BATCH_HEADER_BYTES..]);
        }
    }
}

fn logins(corpus: &mut Corpus) {
    for setting in 0..16 {
        let [client_first, server_first, client_final, server_final] =
            Setting::of(setting).exchange();
        let join = |first: &[u8], last: &[u8]| [&[setting], first, b"\n", last].concat();
        let name = format!("exchange-{setting}");
        corpus.add("scram_client", &name, &join(&server_first, &server_final));
        corpus.add(
            "scram_client",
            &format!("refused-{setting}"),
            &join(&server_first, b"e=invalid-proof"),
        );
        corpus.add("scram_server", &name, &join(&client_first, &client_final));
    }
    // RFC 7677, section 3, and RFC 5802, section 5; then what both allow and what they forbid.
    let rfc = format!(
        "\0r={CLIENT_NONCE}{SERVER_NONCE},s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096\nv=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="
    );
    corpus.add("scram_client", "rfc-7677", rfc.as_bytes());
    let more = format!(
        "\x01r={CLIENT_NONCE}x,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=8192,x=y,tokenauth=true\nv=AAAA,x=y"
    );
    corpus.add("scram_client", "extensions", more.as_bytes());
    corpus.add("scram_client", "mandatory", b"\0m=ext,r=x,s=AAAA,i=4096");
    corpus.add("scram_client", "error", b"\0e=unknown-user,x=y");
    let rfc = format!(
        "\0n,,n=user,r={CLIENT_NONCE}\nc=biws,r={CLIENT_NONCE}{SERVER_NONCE},p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ="
    );
    corpus.add("scram_server", "rfc-7677", rfc.as_bytes());
    corpus.add("scram_server", "rfc-5802", b"\0n,,n=user,r=fyko+d2lbbFgONRv9qkxdawL\nc=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=");
    corpus.add(
        "scram_server",
        "identity",
        b"\x01n,a=a=2Cb,n=a=2Cb,r=nonce,tokenauth=TRUE,x=y\nc=bixhPWE9MkNiLA==,r=nonce,x=y,p=AAAA",
    );
    corpus.add("scram_server", "binding", b"\0p=tls-unique,,n=user,r=nonce");
    let bearer = format!(
        "n,a=user@example.com,\x01host=server.example.com\x01port=143\x01auth=Bearer {TOKEN}\x01\x01"
    );
    for (name, message) in [
        ("rfc-7628", bearer.as_bytes()),
        ("kafka", b"n,,\x01auth=Bearer abc.def.\x01logicalCluster=lkc-1\x01\x01"),
        ("refusal", br#"{"status":"invalid_token","scope":"example_scope","openid-configuration":"https://example.com/.well-known"}"#),
        ("refusal-odd", br#" { "status" : "a\u00e9\n\"", "x": null, "y":-1.5e3 , "scope": "" } "#),
        ("acknowledgement", b"\x01"),
        ("plain", b"\0tim\0tanstaaftanstaaf"),
        ("plain-identity", b"Ursel\0Kurt\0xipj3plmq"),
        ("not-json", TOKEN.as_bytes()),
    ] {
        corpus.add("oauthbearer", name, message);
    }
}

/// All files under `folder`, in order.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let entries = fs::read_dir(folder).expect("a folder of test data");
    for entry in entries {
        let path = entry.expect("test data").path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// Bytes without a pattern, always the same for a seed (SplitMix64).
fn noise(seed: usize, length: usize) -> Vec<u8> {
    let mut state = u64::try_from(seed).unwrap();
    let next = || {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)).to_be_bytes()[0]
    };
    std::iter::repeat_with(next).take(length).collect()
}
