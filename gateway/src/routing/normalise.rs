//! The one form of a path: what is compared with routes, however the client wrote it (G-9).

use std::borrow::Cow;

/// Why a path has no normal form; the client gets 400.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PathError {
    /// It does not begin with `/`.
    #[error("the path does not begin with /")]
    NotAbsolute,
    /// A `%` without two hexadecimal digits after it.
    #[error("the path has a broken percent escape")]
    BrokenEscape,
    /// `%00`, or a NUL byte itself.
    #[error("the path has a NUL")]
    Nul,
}

/// Brings a path (no query) to its normal form, in this order: escapes of unreserved characters are decoded and the
/// others written in upper case, so `%2f` stays an escape; `//` becomes `/`; dot segments are removed, never above
/// the root. The result always begins with `/`, and normalising it again changes nothing.
pub fn normalise(path: &str) -> Result<Cow<'_, str>, PathError> {
    if !path.starts_with('/') {
        return Err(PathError::NotAbsolute);
    }
    let decoded = decode(path)?;
    if is_clean(&decoded) {
        return Ok(decoded);
    }
    Ok(Cow::Owned(remove_dots(&decoded)))
}

/// Whether there is neither an empty nor a dot segment.
fn is_clean(path: &str) -> bool {
    !path.contains("//") && !path.contains("/.")
}

fn decode(path: &str) -> Result<Cow<'_, str>, PathError> {
    if path.contains('\0') {
        return Err(PathError::Nul);
    }
    if !path.contains('%') {
        return Ok(Cow::Borrowed(path));
    }
    let mut parts = path.split('%');
    let mut decoded = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (digits, rest) = part.split_at_checked(2).ok_or(PathError::BrokenEscape)?;
        match byte(digits)? {
            0 => return Err(PathError::Nul),
            byte if is_unreserved(byte) => decoded.push(char::from(byte)),
            _ => {
                decoded.push('%');
                decoded.push_str(&digits.to_ascii_uppercase());
            }
        }
        decoded.push_str(rest);
    }
    Ok(Cow::Owned(decoded))
}

/// The byte of two hexadecimal digits; a sign is none.
fn byte(digits: &str) -> Result<u8, PathError> {
    if !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
        return Err(PathError::BrokenEscape);
    }
    u8::from_str_radix(digits, 16).map_err(|_| PathError::BrokenEscape)
}

/// RFC 3986 §2.3.
fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~')
}

fn remove_dots(path: &str) -> String {
    let mut kept: Vec<&str> = Vec::new();
    let mut is_folder = true;
    for segment in path.split('/') {
        is_folder = matches!(segment, "" | "." | "..");
        match segment {
            "" | "." => {}
            ".." => {
                kept.pop();
            }
            _ => kept.push(segment),
        }
    }
    let mut clean = String::with_capacity(path.len());
    for segment in &kept {
        clean.push('/');
        clean.push_str(segment);
    }
    if is_folder || kept.is_empty() {
        clean.push('/');
    }
    clean
}

#[cfg(test)]
mod tests;
