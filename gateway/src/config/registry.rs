//! The fields of `schema_registry`. This version talks to no registry: the fields are checked, then refused.

use super::format::Format;
use super::schema::{Absent, Check, Field, Preset, Record, Refused};
use super::shared::TEXT;

/// `schema_registry` of a plugin that reads.
pub(super) static SCHEMA_REGISTRY_CONSUMER: Record =
    Record::new(&[Field::record("confluent", &CONSUMER, Absent::Null).refused(Refused::WhenSet)]);

/// `schema_registry` of a plugin that writes.
pub(super) static SCHEMA_REGISTRY_PRODUCER: Record =
    Record::new(&[Field::record("confluent", &PRODUCER, Absent::Null).refused(Refused::WhenSet)]);

static CONSUMER: Record = Record::new(&[AUTHENTICATION, SSL_VERIFY, TTL, URL]);

static PRODUCER: Record = Record::new(&[
    AUTHENTICATION,
    Field::record("key_schema", &SUBJECT, Absent::Null),
    SSL_VERIFY,
    TTL,
    URL,
    Field::record("value_schema", &SUBJECT, Absent::Null),
]);

const AUTHENTICATION: Field = Field::record("authentication", &AUTHENTICATION_FIELDS, Absent::Fill);
const SSL_VERIFY: Field = Field::boolean("ssl_verify").default(Preset::Boolean(true));
const TTL: Field = Field::number("ttl")
    .default(Preset::Integer(300))
    .between(0, 3_600);
const URL: Field = Field::text("url").required().format(Format::HttpUrl);

static SUBJECT: Record = Record::new(&[
    Field::text("schema_version").default(Preset::Text("latest")),
    Field::text("subject_name").required(),
]);

static AUTHENTICATION_FIELDS: Record = Record::new(&[
    Field::record("basic", &BASIC, Absent::Null),
    Field::text("mode")
        .default(Preset::Text("none"))
        .one_of(&["basic", "none", "oauth2"]),
    Field::record("oauth2", &OAUTH2, Absent::Null),
    Field::record("oauth2_client", &OAUTH2_CLIENT, Absent::Null),
])
.checks(&[
    Check::RequiredWhen {
        field: "mode",
        is: &["basic"],
        then: &["basic"],
    },
    Check::RequiredWhen {
        field: "mode",
        is: &["oauth2"],
        then: &["oauth2"],
    },
]);

static BASIC: Record = Record::new(&[
    Field::text("password").secret().required(),
    Field::text("username").secret().required(),
]);

static OAUTH2: Record = Record::new(&[
    Field::array("audience", &TEXT).default(Preset::Texts(&[])),
    Field::text("client_id").secret(),
    Field::text("client_secret").secret(),
    Field::text("grant_type")
        .default(Preset::Text("client_credentials"))
        .one_of(&["client_credentials", "password"]),
    Field::text("password").secret(),
    Field::array("scopes", &TEXT).default(Preset::Texts(&["openid"])),
    Field::text("token_endpoint").required(),
    Field::map("token_headers", &MASKED),
    Field::map("token_post_args", &MASKED),
    Field::text("username").secret(),
])
.checks(&[Check::RequiredWhen {
    field: "grant_type",
    is: &["password"],
    then: &["username", "password"],
}]);

static MASKED: Field = Field::text("").secret();

static OAUTH2_CLIENT: Record = Record::new(&[
    Field::text("auth_method")
        .default(Preset::Text("client_secret_post"))
        .one_of(&[
            "client_secret_basic",
            "client_secret_jwt",
            "client_secret_post",
            "none",
        ]),
    Field::text("client_secret_jwt_alg")
        .default(Preset::Text("HS512"))
        .one_of(&["HS256", "HS512"]),
    Field::text("http_proxy"),
    Field::text("http_proxy_authorization").secret(),
    Field::number("http_version")
        .default(Preset::Number(1.1))
        .one_of_numbers(&[1.0, 1.1]),
    Field::text("https_proxy"),
    Field::text("https_proxy_authorization").secret(),
    Field::boolean("keep_alive").default(Preset::Boolean(true)),
    Field::text("no_proxy"),
    Field::boolean("ssl_verify").default(Preset::Boolean(true)),
    Field::integer("timeout")
        .default(Preset::Integer(10_000))
        .between(0, 2_147_483_646),
]);
