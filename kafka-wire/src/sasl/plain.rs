//! PLAIN (RFC 4616): name and password, readable for everybody on the way. Only over TLS.
//!
//! One message, from the client; the server answers with nothing but success or failure.
//!
//! ```text
//! message = [authzid] NUL authcid NUL passwd
//! authcid = 1*SAFE      ; who logs in
//! authzid = 1*SAFE      ; as whom it wants to act; Kafka wants it absent or the same
//! passwd  = 1*SAFE
//! SAFE    = any character of UTF-8 but NUL
//! ```
//!
//! RFC 4616 wants name and password prepared with `SASLprep` before they are compared. Kafka does not, neither in its client nor in its
//! broker, and compares bytes; so do we, for what another implementation changed would no longer match.
//!
//! ```
//! use kafka_wire::SecretText;
//! use kafka_wire::sasl::plain;
//!
//! let message = plain::message("alice", &SecretText::new("s3cret"))?;
//! assert_eq!(&message.0[..], b"\0alice\0s3cret");
//!
//! // The other side.
//! let login = plain::Login::parse(&message.0)?;
//! assert_eq!(login.user(), "alice");
//! assert!(login.has_password(&SecretText::new("s3cret")));
//! # Ok::<(), kafka_wire::sasl::SaslError>(())
//! ```

use nom::Parser;
use nom::bytes::complete::{tag, take_while, take_while1};

use super::SaslError;
use super::grammar::{Parsed, expect, read};
use crate::secret::{Secret, SecretText};

/// What the client says; an error if name or password are empty or hold a NUL.
pub fn message(user: &str, password: &SecretText) -> Result<Secret, SaslError> {
    for (field, text) in [("user name", user), ("password", password.expose())] {
        if text.is_empty() {
            return Err(SaslError::Input {
                field,
                rule: "may not be empty",
            });
        }
        if text.contains('\0') {
            return Err(SaslError::Input {
                field,
                rule: "may not hold a NUL",
            });
        }
    }
    Ok(Secret(
        format!("\0{user}\0{}", password.expose())
            .into_bytes()
            .into(),
    ))
}

/// What the server reads: who wants in, and with which password.
#[derive(Debug, Clone)]
pub struct Login {
    user: String,
    password: SecretText,
}

impl Login {
    /// Reads the client's message. Whether the password is right, the caller decides.
    ///
    /// An error if a part is missing, empty or one too many, or if the client wants to act as somebody else ([`SaslError::Identity`]).
    pub fn parse(message: &[u8]) -> Result<Self, SaslError> {
        let (authorization, user, password) = read("PLAIN message", message, parts)?;
        if !authorization.is_empty() && authorization != user {
            return Err(SaslError::Identity);
        }
        Ok(Self {
            user: user.to_owned(),
            password: SecretText::new(password),
        })
    }

    /// Who wants in.
    pub fn user(&self) -> &str {
        &self.user
    }

    /// Whether this is the password that was sent; takes the same time however much of it is right.
    pub fn has_password(&self, expected: &SecretText) -> bool {
        self.password == *expected
    }

    /// The password, for those who do not store it as it is.
    pub fn password(&self) -> &SecretText {
        &self.password
    }
}

/// `[authzid] NUL authcid NUL passwd`
fn parts(input: &str) -> Parsed<'_, (&str, &str, &str)> {
    let nul = || expect("NUL", tag("\0"));
    let safe = |what| expect(what, take_while1(|it| it != '\0'));
    let authorization = take_while(|it| it != '\0');
    (
        authorization,
        nul(),
        safe("a user name"),
        nul(),
        safe("a password"),
    )
        .map(|(authorization, _, user, _, password)| (authorization, user, password))
        .parse(input)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(message: &[u8], expected: &Result<(&str, &str), SaslError>) {
        let login = Login::parse(message);
        let found = login.as_ref().map(|it| (it.user(), it.password().expose()));
        assert_eq!(&found.map_err(Clone::clone), expected, "{message:?}");
    }

    fn malformed(
        offset: usize,
        expected: &'static str,
    ) -> Result<(&'static str, &'static str), SaslError> {
        Err(SaslError::Malformed {
            message: "PLAIN message",
            offset,
            expected,
        })
    }

    #[test]
    fn a_login_has_a_name_and_a_password() {
        check(b"\0tim\0tanstaaftanstaaf", &Ok(("tim", "tanstaaftanstaaf")));
        check(b"tim\0tim\0pw", &Ok(("tim", "pw")));
        check(
            "\0Kürt\0pässword ,=".as_bytes(),
            &Ok(("Kürt", "pässword ,=")),
        );
    }

    #[test]
    fn nobody_acts_as_somebody_else() {
        // The second example of RFC 4616, section 4.
        check(b"Ursel\0Kurt\0xipj3plmq", &Err(SaslError::Identity));
    }

    #[test]
    fn a_part_that_is_missing_empty_or_one_too_many_is_refused() {
        check(b"", &malformed(0, "NUL"));
        check(b"tim", &malformed(3, "NUL"));
        check(b"\0tim", &malformed(4, "NUL"));
        check(b"\0\0pw", &malformed(1, "a user name"));
        check(b"\0tim\0", &malformed(5, "a password"));
        check(b"\0tim\0pw\0", &malformed(7, "the end"));
        check(b"\0tim\0p\0w", &malformed(6, "the end"));
        check(b"\0tim\0p\xffw", &malformed(6, "UTF-8"));
    }

    #[test]
    fn what_could_not_be_read_is_not_sent() {
        for (user, password, field) in [
            ("", "pw", "user name"),
            ("tim", "", "password"),
            ("t\0im", "pw", "user name"),
            ("tim", "p\0w", "password"),
        ] {
            let error = message(user, &SecretText::new(password)).unwrap_err();
            assert!(matches!(error, SaslError::Input { field: found, .. } if found == field));
        }
    }

    #[test]
    fn debug_hides_the_password() {
        let login = Login::parse(b"\0tim\0tanstaaf").unwrap();
        assert!(!format!("{login:?}").contains("tanstaaf"));
    }
}
