//! Settings of features that this version does not have.
//!
//! Their names are known, so that a file written for a later version, or copied from a manual, is understood:
//! at the default they change nothing and are accepted, anything else is refused instead of being ignored.

/// A known setting of a feature that is not built.
#[derive(Debug, Clone, Copy)]
pub struct Unsupported {
    /// Name in the settings file.
    pub name: &'static str,
    /// The only value that is accepted, as it would be written; lists with commas; empty for none.
    pub default: &'static str,
}

macro_rules! unsupported {
    ($( $name:literal = $default:literal, )+) => {
        /// Every known setting this version does not act on.
        pub const UNSUPPORTED: &[Unsupported] = &[ $( Unsupported { name: $name, default: $default }, )+ ];
    };
}

unsupported! {
    // TLS and forwarding headers.
    "proxy.tls_listen" = "",
    "proxy.trusted_ips" = "",
    "kafka.trusted_ca" = "",
    "kafka.allow_insecure_sasl" = "true",
    // The Admin API and its store. `store.mode` may also be `file`: that is what this version does.
    "admin.listen" = "127.0.0.1:8001,[::1]:8001",
    "admin.tls_listen" = "127.0.0.1:8444,[::1]:8444",
    "admin.token" = "",
    "admin.insecure" = "false",
    "admin.allowed_hosts" = "",
    "admin.cors_origins" = "",
    "admin.max_body_bytes" = "10485760",
    "store.path" = "./data",
    "store.mode" = "store",
    "store.key_file" = "",
    "vault.env_prefix" = "",
    // One bound for all buffers together (G-47); each has its own.
    "memory.max_bytes" = "50%",
    // Cross-origin requests beyond streams.
    "http.cors" = "false",
    // Plugins that are not built.
    "compat.admin_secrets" = "mask",
    "compat.confluent_plaintext" = "false",
    "lua.max_instructions" = "1000000",
    "lua.max_memory_bytes" = "4194304",
    "outbound.allowed_hosts" = "",
    "outbound.deny_private" = "false",
    // The other dialects.
    "apisix.enabled" = "false",
    "apisix.listen" = "127.0.0.1:9080,[::1]:9080",
    "apisix.admin_listen" = "127.0.0.1:9180,[::1]:9180",
    "apisix.admin_keys" = "",
    "apisix.allow_admin" = "127.0.0.0/24,::1/128",
    "pubsub.max_pipeline" = "64",
    "pubsub.idle_ms" = "0",
    "pubsub.max_send_bytes" = "65535",
    "rest.enabled" = "false",
    "rest.listen" = "127.0.0.1:8082,[::1]:8082",
    "rest.dialect" = "confluent",
    "rest.base_uri" = "",
    "rest.cors_origins" = "",
    "rest.authorization" = "false",
    "rest.consumer" = "true",
    "rest.producer" = "true",
    "rest.instance_idle_ms" = "300000",
    "rest.max_instances" = "1000",
    "rest.max_record_bytes" = "",
    "rest.max_response_bytes" = "",
    "rest.reported_version" = "",
    "rest.subject_validation" = "true",
}
