//! SASL against a real Kafka broker, over a plain socket: every mechanism, and the names and passwords that make trouble.
//!
//! Needs a JVM and Kafka's jars (`kafka-testcontainers` fetches them); without, every test fails and says what to install. The
//! embedded broker would prove nothing here: it would be our own opinion twice.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    reason = "test code: a failure is a failed test"
)]

use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::Stdio;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use bytes::Bytes;
use kafka_testcontainers::{Backend, Cluster, ClusterSpec, SaslListener};
use kafka_wire::messages::alter_user_scram_credentials::{
    AlterUserScramCredentialsRequest, ScramCredentialUpsertion,
};
use kafka_wire::messages::create_delegation_token::CreateDelegationTokenRequest;
use kafka_wire::messages::metadata::MetadataRequest;
use kafka_wire::messages::sasl_authenticate::{SaslAuthenticateRequest, SaslAuthenticateResponse};
use kafka_wire::messages::sasl_handshake::{SaslHandshakeRequest, SaslHandshakeResponse};
use kafka_wire::sasl::oauthbearer::{self, Answer, Refusal};
use kafka_wire::sasl::scram::{ClientFirst, Login, Nonce, Salting, ScramHash};
use kafka_wire::sasl::{Mechanism, plain};
use kafka_wire::{ErrorCode, Request, Secret, SecretText, decode_response, encode_request};
use tokio::sync::OnceCell;
use tokio::time::Instant;

/// Preparation (RFC 4013) would take the soft hyphen out and make `fi` of the ligature.
const UNPREPARED: &str = "pä\u{ad}sswörd ﬁ 🔑";

const HASHES: [ScramHash; 2] = [ScramHash::Sha256, ScramHash::Sha512];

/// One broker for all tests; it ends with the process.
async fn cluster() -> &'static Cluster {
    static CLUSTER: OnceCell<Cluster> = OnceCell::const_new();
    let start = || async {
        let listener = SaslListener::default()
            .plain_user("alice", "alice-secret")
            .plain_user("bob", UNPREPARED)
            .plain_user("carol", r#"back\slash "quote" a=b;"#);
        let spec = ClusterSpec::nodes(1)
            .backend(Backend::Process)
            .property("delegation.token.secret.key", "a secret of the brokers")
            .sasl(listener);
        Cluster::start(spec)
            .await
            .unwrap_or_else(|error| panic!("{error}"))
    };
    CLUSTER.get_or_init(start).await
}

/// A connection that asks one thing at a time.
struct Connection {
    stream: TcpStream,
}

impl Connection {
    fn open(address: &str) -> Self {
        let stream = TcpStream::connect(address).unwrap();
        stream
            .set_read_timeout(Some(Duration::from_secs(30)))
            .unwrap();
        Self { stream }
    }

    async fn to_the_sasl_listener() -> Self {
        Self::open(&cluster().await.sasl_bootstrap())
    }

    fn ask<R: Request>(&mut self, request: &R, version: i16) -> R::Response {
        let frame = encode_request(request, version, 1, Some("sasl")).unwrap();
        self.stream.write_all(&frame.to_bytes()).unwrap();
        let mut length = [0; 4];
        self.stream.read_exact(&mut length).unwrap();
        let mut answer = vec![0; usize::try_from(u32::from_be_bytes(length)).unwrap()];
        self.stream.read_exact(&mut answer).unwrap();
        decode_response::<R>(&answer.into(), version).unwrap().1
    }

    fn choose(&mut self, mechanism: &str) -> SaslHandshakeResponse {
        let mechanism = mechanism.into();
        self.ask(&SaslHandshakeRequest { mechanism }, 1)
    }

    fn say(&mut self, auth_bytes: Secret) -> Result<Secret, Refused> {
        let answer = self.ask(&SaslAuthenticateRequest { auth_bytes }, 2);
        let SaslAuthenticateResponse {
            error_code,
            error_message,
            auth_bytes,
            ..
        } = answer;
        match error_code {
            ErrorCode::NONE => Ok(auth_bytes),
            code => Err((code, error_message.unwrap_or_default())),
        }
    }

    /// Only who is logged in gets an answer.
    fn prove_that_it_works(&mut self) {
        let request = MetadataRequest {
            topics: Some(Vec::new()),
            ..Default::default()
        };
        assert_eq!(self.ask(&request, 12).brokers.len(), 1);
    }
}

/// What a broker says when it refuses.
type Refused = (ErrorCode, String);

async fn scram(
    hash: ScramHash,
    user: &str,
    login: Login,
    password: &str,
) -> Result<Connection, Refused> {
    let mut connection = Connection::to_the_sasl_listener().await;
    let chosen = connection.choose(hash.mechanism().name());
    assert_eq!(chosen.error_code, ErrorCode::NONE);

    let first = ClientFirst::new(hash, user, login, Nonce::random().unwrap()).unwrap();
    let server_first = connection.say(first.message())?;
    let challenge = first.challenged(&server_first.0).unwrap();
    let salted = challenge.salting().derive(&SecretText::new(password));
    let last = challenge.answer(&salted.unwrap()).unwrap();
    let server_final = connection.say(last.message())?;
    last.verify(&server_final.0).unwrap();
    Ok(connection)
}

/// Logs in to a credential that may still be on its way to the broker.
async fn scram_soon(hash: ScramHash, user: &str, login: Login, password: &str) -> Connection {
    let deadline = Instant::now() + Duration::from_secs(20);
    loop {
        match scram(hash, user, login, password).await {
            Ok(connection) => return connection,
            Err(refused) => assert!(Instant::now() < deadline, "{hash:?} {user}: {refused:?}"),
        }
    }
}

/// Sets a password over the wire: what is sent was salted by us.
async fn set_password(hash: ScramHash, user: &str, password: &str) {
    let salting = Salting::new(hash, b"a salt of ours".to_vec(), 5000).unwrap();
    let salted = salting.derive(&SecretText::new(password)).unwrap();
    let upsertion = ScramCredentialUpsertion {
        name: user.into(),
        mechanism: match hash {
            ScramHash::Sha256 => 1,
            ScramHash::Sha512 => 2,
        },
        iterations: 5000,
        salt: Bytes::copy_from_slice(salting.salt()),
        salted_password: Secret(Bytes::copy_from_slice(salted.expose())),
    };
    let request = AlterUserScramCredentialsRequest {
        upsertions: vec![upsertion],
        ..Default::default()
    };
    let answer = Connection::open(&cluster().await.bootstrap()).ask(&request, 0);
    assert_eq!(answer.results[0].error_code, ErrorCode::NONE, "{answer:?}");
}

#[tokio::test]
async fn scram_logs_in_with_names_and_passwords_of_every_kind() {
    for hash in HASHES {
        for (user, password) in [
            ("dave", "dave-secret"),
            ("a,b=c", "p,a=s,s"),
            ("=2C,=3D", "=2C"),
            ("with space", UNPREPARED),
        ] {
            set_password(hash, user, password).await;
            let mut connection = scram_soon(hash, user, Login::Password, password).await;
            connection.prove_that_it_works();

            let refused = scram(hash, user, Login::Password, "another").await;
            let (code, _) = refused.map(|_| ()).unwrap_err();
            assert_eq!(code, ErrorCode::SASL_AUTHENTICATION_FAILED);
        }
    }
}

#[tokio::test]
async fn scram_logs_in_with_passwords_that_kafkas_own_tool_has_salted() {
    let cluster = cluster().await;
    let user = "set,by=tool";
    for hash in HASHES {
        let status = cluster
            .tool("kafka.admin.ConfigCommand")
            .unwrap()
            .args(["--bootstrap-server", &cluster.bootstrap(), "--alter"])
            .args([
                "--entity-type",
                "users",
                "--entity-name",
                user,
                "--add-config",
            ])
            .arg(format!(
                "{}=[iterations=8192,password={UNPREPARED}]",
                hash.mechanism()
            ))
            // So that the JVM reads its arguments as UTF-8.
            .env("LC_ALL", "C.UTF-8")
            .stdout(Stdio::null())
            .status();
        assert!(status.await.unwrap().success());
        let mut connection = scram_soon(hash, user, Login::Password, UNPREPARED).await;
        connection.prove_that_it_works();
    }
}

/// Ours to know, Kafka's to change: RFC 5802 allows such names.
#[tokio::test]
async fn kafka_takes_ascii_names_only_in_scram() {
    set_password(ScramHash::Sha256, "Jürgen", "secret").await;
    // Credentials arrive in the order in which they were set: once this one is known, so is the one before.
    set_password(ScramHash::Sha256, "Juergen", "secret").await;
    scram_soon(ScramHash::Sha256, "Juergen", Login::Password, "secret").await;
    let refused = scram(ScramHash::Sha256, "Jürgen", Login::Password, "secret").await;
    let (code, _) = refused.map(|_| ()).unwrap_err();
    assert_eq!(code, ErrorCode::SASL_AUTHENTICATION_FAILED);
}

#[tokio::test]
async fn a_delegation_token_logs_in_as_its_owner() {
    set_password(ScramHash::Sha512, "erin", "erin-secret").await;
    let mut connection =
        scram_soon(ScramHash::Sha512, "erin", Login::Password, "erin-secret").await;
    let request = CreateDelegationTokenRequest {
        max_lifetime_ms: -1,
        ..Default::default()
    };
    let token = connection.ask(&request, 3);
    assert_eq!(token.error_code, ErrorCode::NONE, "{token:?}");
    assert_eq!(token.principal_name, "erin");

    let password = STANDARD.encode(&token.hmac.0);
    for hash in HASHES {
        let mut connection =
            scram_soon(hash, &token.token_id, Login::DelegationToken, &password).await;
        connection.prove_that_it_works();
        // A token is no user.
        let refused = scram(hash, &token.token_id, Login::Password, &password).await;
        let (code, _) = refused.map(|_| ()).unwrap_err();
        assert_eq!(code, ErrorCode::SASL_AUTHENTICATION_FAILED);
    }
}

#[tokio::test]
async fn plain_logs_in_with_passwords_of_every_kind() {
    for (user, password) in [
        ("alice", "alice-secret"),
        ("bob", UNPREPARED),
        ("carol", r#"back\slash "quote" a=b;"#),
    ] {
        let log_in = async |password: &str| {
            let mut connection = Connection::to_the_sasl_listener().await;
            let chosen = connection.choose(Mechanism::Plain.name());
            assert_eq!(chosen.error_code, ErrorCode::NONE);
            let said = plain::message(user, &SecretText::new(password)).unwrap();
            connection.say(said).map(|heard| {
                assert_eq!(heard.0.len(), 0);
                connection
            })
        };
        let mut connection = log_in(password)
            .await
            .unwrap_or_else(|it| panic!("{user}: {it:?}"));
        connection.prove_that_it_works();
        let (code, _) = log_in("another").await.map(|_| ()).unwrap_err();
        assert_eq!(code, ErrorCode::SASL_AUTHENTICATION_FAILED);
    }
}

#[tokio::test]
async fn oauthbearer_logs_in_with_a_token_that_is_still_good() {
    let log_in = async |expires: u64| {
        let part = |json: &str| URL_SAFE_NO_PAD.encode(json);
        let claims = format!(r#"{{"sub":"frank","iat":1,"exp":{expires}}}"#);
        let token = format!("{}.{}.", part(r#"{"alg":"none"}"#), part(&claims));
        let extensions = [("traceId", "a b, c=d"), ("z", "1")];
        let first = oauthbearer::ClientFirst::new(&SecretText::new(token), &extensions).unwrap();

        let mut connection = Connection::to_the_sasl_listener().await;
        let chosen = connection.choose(Mechanism::OauthBearer.name());
        assert_eq!(chosen.error_code, ErrorCode::NONE);
        let heard = connection.say(first.message()).unwrap();
        (first.answered(&heard.0), connection)
    };
    let (answer, mut connection) = log_in(4_102_444_800).await;
    assert_eq!(answer, Answer::Accepted);
    connection.prove_that_it_works();

    let (answer, mut connection) = log_in(2).await;
    let Answer::Refused(Refusal { status, .. }) = answer else {
        panic!("accepted");
    };
    assert_eq!(status, "invalid_token");
    let (code, message) = connection.say(oauthbearer::acknowledgement()).unwrap_err();
    assert_eq!(code, ErrorCode::SASL_AUTHENTICATION_FAILED);
    assert!(message.contains("invalid_token"), "{message}");
}

#[tokio::test]
async fn a_mechanism_that_is_not_offered_is_answered_with_those_that_are() {
    let mut connection = Connection::to_the_sasl_listener().await;
    let answer = connection.choose("GSSAPI");
    assert_eq!(answer.error_code, ErrorCode::UNSUPPORTED_SASL_MECHANISM);
    let mut offered = answer.mechanisms;
    offered.sort_unstable();
    let mut ours = Mechanism::ALL.map(Mechanism::name);
    ours.sort_unstable();
    assert_eq!(offered, ours);
}
