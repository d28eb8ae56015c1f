//! Parts of a plugin's configuration that several plugins have: servers, security, error handling.

use std::fmt;
use std::time::Duration;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use uuid::Uuid;

use super::format::Format;
use super::schema::{Absent, Check, Field, Preset, Record, Refused};
use super::secret::Secret;

/// A broker to ask first.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Deserialize)]
pub struct BootstrapServer {
    /// DNS name or IP address, without a port.
    pub host: String,
    /// TCP port.
    pub port: u16,
}

impl fmt::Display for BootstrapServer {
    /// `host:port`, with brackets around an IPv6 address.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bare = self.host.contains(':') && !self.host.starts_with('[');
        if bare {
            write!(f, "[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{}:{}", self.host, self.port)
        }
    }
}

/// How the gateway proves to a broker who it is. In this version every field is null: the schema refuses the rest.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
pub struct Authentication {
    /// `sasl`; null for none.
    pub strategy: Option<String>,
    /// SASL mechanism.
    pub mechanism: Option<String>,
    /// User name, or the id of a delegation token.
    pub user: Option<Secret>,
    /// Password, or the HMAC of a delegation token.
    pub password: Option<Secret>,
    /// Whether user and password are a delegation token.
    pub tokenauth: Option<bool>,
}

/// The transport to the brokers. In this version always plaintext: the schema refuses `ssl=true`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Security {
    /// TLS; null is false.
    pub ssl: Option<bool>,
    /// Whether the broker's certificate is checked. Default: true.
    pub ssl_verify: bool,
    /// Id of the client certificate.
    pub certificate_id: Option<String>,
}

impl Default for Security {
    fn default() -> Security {
        Security {
            ssl: None,
            ssl_verify: true,
            certificate_id: None,
        }
    }
}

/// What clients are told when Kafka fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
pub struct ErrorHandling {
    /// Whether the real error is in the answer; by default a general sentence is (G-36). Default: false.
    pub return_error_message: bool,
}

/// One element of `bootstrap_servers`.
pub(super) static BOOTSTRAP_SERVER: Field =
    Field::record("", &BOOTSTRAP_SERVER_FIELDS, Absent::Null);
static BOOTSTRAP_SERVER_FIELDS: Record = Record::new(&[
    Field::text("host").required().format(Format::Host),
    Field::integer("port").required().between(0, 65_535),
]);

/// A text without further rules, as an element.
pub(super) static TEXT: Field = Field::text("");

/// A topic name, as an element.
pub(super) static TOPIC_NAME: Field = Field::text("").format(Format::KafkaTopic);

/// A label, as an element.
pub(super) static TAG: Field = Field::text("").format(Format::Tag);

/// `authentication`.
pub(super) static AUTHENTICATION: Record = Record::new(&[
    Field::text("mechanism")
        .one_of(&["OAUTHBEARER", "PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"])
        .refused(Refused::WhenSet),
    Field::record("oauthbearer", &OAUTHBEARER, Absent::Null).refused(Refused::WhenSet),
    Field::text("password").secret().refused(Refused::WhenSet),
    Field::text("strategy")
        .one_of(&["sasl"])
        .refused(Refused::WhenSet),
    Field::boolean("tokenauth").refused(Refused::WhenTrue),
    Field::text("user").secret().refused(Refused::WhenSet),
])
.checks(&[
    Check::RequiredWhen {
        field: "strategy",
        is: &["sasl"],
        then: &["mechanism"],
    },
    Check::RequiredWithAny {
        field: "mechanism",
        then: "strategy",
    },
    Check::RequiredWhen {
        field: "mechanism",
        is: &["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"],
        then: &["user", "password"],
    },
    Check::RequiredWhen {
        field: "mechanism",
        is: &["OAUTHBEARER"],
        then: &["oauthbearer"],
    },
    Check::OneOfWhenTrue {
        field: "tokenauth",
        then: "mechanism",
        one_of: &["SCRAM-SHA-256", "SCRAM-SHA-512"],
    },
]);

static OAUTHBEARER: Record = Record::new(&[
    Field::text("client_id").required(),
    Field::text("client_secret").secret().required(),
    Field::map("extensions", &TEXT),
    Field::array("scopes", &TEXT),
    Field::boolean("token_endpoint_tls_verify").default(Preset::Boolean(true)),
    Field::text("token_endpoint_url").required(),
]);

/// `security`.
pub(super) static SECURITY: Record = Record::new(&[
    Field::text("certificate_id")
        .format(Format::Uuid)
        .refused(Refused::WhenSet),
    Field::boolean("ssl").refused(Refused::WhenTrue),
    Field::boolean("ssl_verify").default(Preset::Boolean(true)),
])
.checks(&[Check::TrueWithAny {
    field: "certificate_id",
    then: "ssl",
}]);

/// `error_handling`.
pub(super) static ERROR_HANDLING: Record =
    Record::new(&[Field::boolean("return_error_message").default(Preset::Boolean(false))]);

/// `message_by_lua_functions`: checked as far as it goes without Lua.
pub(super) const LUA_FUNCTIONS: Field = Field::array("message_by_lua_functions", &TEXT)
    .refused(Refused::NotEmpty("lua is not available in this build"));

/// A duration that the plugin's field gives in milliseconds.
pub(super) fn millis<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    u64::deserialize(deserializer).map(Duration::from_millis)
}

/// An id written as text.
pub(super) fn uuid<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Uuid, D::Error> {
    let text = String::deserialize(deserializer)?;
    Uuid::try_parse(&text).map_err(D::Error::custom)
}

#[test]
fn an_ipv6_address_is_bracketed_before_its_port() {
    let server = |host: &str| {
        BootstrapServer {
            host: host.to_owned(),
            port: 9092,
        }
        .to_string()
    };
    assert_eq!(server("localhost"), "localhost:9092");
    assert_eq!(server("::1"), "[::1]:9092");
    assert_eq!(server("[::1]"), "[::1]:9092");
}
