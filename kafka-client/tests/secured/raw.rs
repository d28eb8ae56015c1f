//! What the client has no call for: credentials and tokens, made over bare sockets; and a server that is no broker.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use kafka_client::{ErrorCode, Mechanism, ScramHash, SecretText};
use kafka_wire::messages::alter_user_scram_credentials::{
    AlterUserScramCredentialsRequest, ScramCredentialUpsertion,
};
use kafka_wire::messages::api_versions::{ApiVersion, ApiVersionsRequest, ApiVersionsResponse};
use kafka_wire::messages::create_delegation_token::{
    CreateDelegationTokenRequest, CreateDelegationTokenResponse,
};
use kafka_wire::messages::sasl_authenticate::{SaslAuthenticateRequest, SaslAuthenticateResponse};
use kafka_wire::messages::sasl_handshake::{SaslHandshakeRequest, SaslHandshakeResponse};
use kafka_wire::sasl::plain;
use kafka_wire::sasl::scram::Salting;
use kafka_wire::{
    Request, Secret, decode_request_header, decode_response, encode_request, encode_response,
    split_frame,
};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

fn ask<R: Request>(stream: &mut TcpStream, request: &R, version: i16) -> R::Response {
    let frame = encode_request(request, version, 1, Some("raw")).unwrap();
    stream.write_all(&frame.to_bytes()).unwrap();
    stream
        .set_read_timeout(Some(Duration::from_secs(30)))
        .unwrap();
    let mut length = [0; 4];
    stream.read_exact(&mut length).unwrap();
    let mut answer = vec![0; usize::try_from(u32::from_be_bytes(length)).unwrap()];
    stream.read_exact(&mut answer).unwrap();
    decode_response::<R>(&answer.into(), version).unwrap().1
}

/// Gives a user a password for SCRAM.
pub fn set_password(address: &str, hash: ScramHash, user: &str, password: &str) {
    let salting = Salting::new(hash, b"a salt of ours".to_vec(), 4096).unwrap();
    let salted = salting.derive(&SecretText::new(password)).unwrap();
    let upsertion = ScramCredentialUpsertion {
        name: user.into(),
        mechanism: match hash {
            ScramHash::Sha256 => 1,
            ScramHash::Sha512 => 2,
        },
        iterations: 4096,
        salt: Bytes::copy_from_slice(salting.salt()),
        salted_password: Secret(Bytes::copy_from_slice(salted.expose())),
    };
    let request = AlterUserScramCredentialsRequest {
        upsertions: vec![upsertion],
        ..Default::default()
    };
    let mut stream = TcpStream::connect(address).unwrap();
    let answer = ask(&mut stream, &request, 0);
    assert_eq!(answer.results[0].error_code, ErrorCode::NONE, "{answer:?}");
}

/// A token of a user who logs in with PLAIN.
pub fn delegation_token(
    address: &str,
    user: &str,
    password: &str,
) -> CreateDelegationTokenResponse {
    let mut stream = TcpStream::connect(address).unwrap();
    let mechanism = Mechanism::Plain.name().into();
    let chosen = ask(&mut stream, &SaslHandshakeRequest { mechanism }, 1);
    assert_eq!(chosen.error_code, ErrorCode::NONE);
    let auth_bytes = plain::message(user, &SecretText::new(password)).unwrap();
    let accepted = ask(&mut stream, &SaslAuthenticateRequest { auth_bytes }, 2);
    assert_eq!(accepted.error_code, ErrorCode::NONE);
    let request = CreateDelegationTokenRequest {
        max_lifetime_ms: -1,
        ..Default::default()
    };
    let token = ask(&mut stream, &request, 3);
    assert_eq!(token.error_code, ErrorCode::NONE, "{token:?}");
    token
}

/// What a server does that is no broker.
#[derive(Debug, Clone, Copy)]
pub enum Script {
    /// It enables these mechanisms, and never the one that is asked for.
    Enables(&'static [&'static str]),
    /// It answers SCRAM's first message with this; `NONCE` stands for the client's.
    Challenges(&'static str),
}

/// A server on a port of its own; ends with the runtime.
pub async fn broker(script: Script) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut read = BytesMut::new();
                while socket
                    .read_buf(&mut read)
                    .await
                    .is_ok_and(|count| count > 0)
                {
                    while let Some(frame) = split_frame(&mut read, 1 << 20).unwrap() {
                        let answer = answer(script, &frame);
                        socket.write_all(&answer).await.unwrap();
                    }
                }
            });
        }
    });
    address
}

fn answer(script: Script, frame: &Bytes) -> Bytes {
    let header = decode_request_header(frame).unwrap().0;
    let (version, id) = (header.request_api_version, header.correlation_id);
    match header.request_api_key {
        ApiVersionsRequest::KEY => {
            let api = |api_key, max_version| ApiVersion {
                api_key,
                min_version: 0,
                max_version,
            };
            let answer = ApiVersionsResponse {
                api_keys: vec![api(18, 4), api(17, 1), api(36, 2), api(3, 12)],
                ..Default::default()
            };
            encode_response::<ApiVersionsRequest>(&answer, version, id)
        }
        SaslHandshakeRequest::KEY => {
            let (error_code, enabled): (_, &[&str]) = match script {
                Script::Enables(enabled) => (ErrorCode::UNSUPPORTED_SASL_MECHANISM, enabled),
                Script::Challenges(_) => (ErrorCode::NONE, &[]),
            };
            let mechanisms = enabled.iter().map(ToString::to_string).collect();
            let answer = SaslHandshakeResponse {
                error_code,
                mechanisms,
            };
            encode_response::<SaslHandshakeRequest>(&answer, version, id)
        }
        _ => {
            let Script::Challenges(challenge) = script else {
                panic!("asked for more than a mechanism");
            };
            let text = String::from_utf8_lossy(frame);
            let nonce = text.rsplit_once(",r=").unwrap().1.trim_end_matches('\0');
            let answer = SaslAuthenticateResponse {
                auth_bytes: Secret(format!("r={}", challenge.replace("NONCE", nonce)).into()),
                ..Default::default()
            };
            encode_response::<SaslAuthenticateRequest>(&answer, version, id)
        }
    }
    .unwrap()
    .to_bytes()
}
