//! Who may do what, how much of it, and how they prove it. The listener is plain, so that much is refused, each with its own code.

use bytes::Bytes;
use kafka_wire::Secret;
use kafka_wire::messages::alter_client_quotas::{
    AlterClientQuotasRequest, EntityData, EntryData, OpData,
};
use kafka_wire::messages::alter_user_scram_credentials::{
    AlterUserScramCredentialsRequest, ScramCredentialUpsertion,
};
use kafka_wire::messages::create_acls::{AclCreation, CreateAclsRequest};
use kafka_wire::messages::create_delegation_token::CreateDelegationTokenRequest;
use kafka_wire::messages::delete_acls::{DeleteAclsFilter, DeleteAclsRequest};
use kafka_wire::messages::describe_acls::DescribeAclsRequest;
use kafka_wire::messages::describe_client_quotas::{ComponentData, DescribeClientQuotasRequest};
use kafka_wire::messages::describe_delegation_token::DescribeDelegationTokenRequest;
use kafka_wire::messages::describe_user_scram_credentials::DescribeUserScramCredentialsRequest;
use kafka_wire::messages::expire_delegation_token::ExpireDelegationTokenRequest;
use kafka_wire::messages::renew_delegation_token::RenewDelegationTokenRequest;
use kafka_wire::messages::sasl_authenticate::SaslAuthenticateRequest;
use kafka_wire::messages::sasl_handshake::SaslHandshakeRequest;

use crate::broker::Broker;

/// `ANY` of resource types, operations and permissions.
const ANY: i8 = 1;

pub(crate) fn sweep(broker: &mut Broker) {
    acls(broker);
    tokens(broker);
    quotas_and_credentials(broker);
    broker.ask(&["ILLEGAL_SASL_STATE"], |_| SaslHandshakeRequest {
        mechanism: "PLAIN".into(),
    });
    broker.ask(&["ILLEGAL_SASL_STATE"], |_| {
        SaslAuthenticateRequest::default()
    });
}

/// Without an authorizer there are none.
fn acls(broker: &mut Broker) {
    const DISABLED: &[&str] = &["SECURITY_DISABLED"];
    broker.ask(DISABLED, |_| CreateAclsRequest {
        creations: vec![AclCreation {
            resource_type: 2,
            resource_name: "orders".into(),
            principal: "User:me".into(),
            host: "*".into(),
            operation: 3,
            permission_type: 3,
            ..Default::default()
        }],
    });
    broker.ask(DISABLED, |_| DescribeAclsRequest {
        resource_type_filter: ANY,
        operation: ANY,
        permission_type: ANY,
        ..Default::default()
    });
    broker.ask(DISABLED, |_| DeleteAclsRequest {
        filters: vec![DeleteAclsFilter {
            resource_type_filter: ANY,
            operation: ANY,
            permission_type: ANY,
            ..Default::default()
        }],
    });
}

/// A client that has not logged in gets no token, whether or not the broker has them at all.
fn tokens(broker: &mut Broker) {
    const REFUSED: &[&str] = &[
        "DELEGATION_TOKEN_AUTH_DISABLED",
        "DELEGATION_TOKEN_REQUEST_NOT_ALLOWED",
    ];
    let hmac = || Secret(Bytes::from_static(b"no such token"));
    broker.ask(REFUSED, |_| CreateDelegationTokenRequest {
        max_lifetime_ms: -1,
        ..Default::default()
    });
    broker.ask(REFUSED, |_| RenewDelegationTokenRequest {
        hmac: hmac(),
        renew_period_ms: -1,
    });
    broker.ask(REFUSED, |_| ExpireDelegationTokenRequest {
        hmac: hmac(),
        expiry_time_period_ms: -1,
    });
    broker.ask(REFUSED, |_| DescribeDelegationTokenRequest::default());
}

fn quotas_and_credentials(broker: &mut Broker) {
    broker.ask(&[], |_| AlterClientQuotasRequest {
        entries: vec![EntryData {
            entity: vec![EntityData {
                entity_type: "client-id".into(),
                entity_name: Some("slow".into()),
            }],
            ops: vec![OpData {
                key: "producer_byte_rate".into(),
                value: 1024.0,
                remove: false,
            }],
        }],
        validate_only: false,
    });
    broker.ask(&[], |_| DescribeClientQuotasRequest {
        components: vec![ComponentData {
            entity_type: "client-id".into(),
            match_type: 0,
            r#match: Some("slow".into()),
        }],
        strict: false,
    });
    broker.ask(&[], |_| AlterUserScramCredentialsRequest {
        upsertions: vec![ScramCredentialUpsertion {
            name: "me".into(),
            mechanism: 1,
            iterations: 4096,
            salt: Bytes::from_static(b"0123456789abcdef"),
            salted_password: Secret(Bytes::from_static(&[1; 32])),
        }],
        ..Default::default()
    });
    broker.ask(&[], |_| DescribeUserScramCredentialsRequest::default());
}
