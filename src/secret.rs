//! Secrets: random hashes, their digests, the codes issued to devices, passwords.

use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest as _, Sha256};

use crate::model::Digest;

/// SHA-256 of `secret`.
#[must_use]
pub fn digest(secret: &str) -> Digest {
    Digest(Sha256::digest(secret.as_bytes()).into())
}

/// A fresh random hash: 32 hexadecimal digits.
///
/// # Errors
/// If the system has no randomness to give.
pub fn random_hash() -> Result<String, getrandom::Error> {
    let mut bytes = [0_u8; 16];
    getrandom::fill(&mut bytes)?;
    Ok(hex(&bytes))
}

/// Lower-case hexadecimal digits of `bytes`.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        text.push(char::from_digit(u32::from(byte >> 4), 16).unwrap_or('0'));
        text.push(char::from_digit(u32::from(byte & 15), 16).unwrap_or('0'));
        text
    })
}

/// The authentication code issued to a device: 12 letters and digits, always the same for the same key and device, so that nothing has to be stored.
#[must_use]
pub fn issued_code(key: &str, protocol: &str, identity: &str) -> String {
    const ALPHABET: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let mac = match Hmac::<Sha256>::new_from_slice(key.as_bytes()) {
        Ok(mac) => mac.chain_update(protocol).chain_update(":").chain_update(identity).finalize(),
        Err(_) => return String::new(), // HMAC takes keys of any length
    };
    mac.into_bytes()
        .iter()
        .take(12)
        .map(|byte| char::from(ALPHABET[usize::from(byte & 31)]))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_depends_on_key_protocol_and_device_only() {
        let code = issued_code("key", "p", "1");
        assert_eq!(code, issued_code("key", "p", "1"));
        assert_eq!(code.len(), 12);
        assert!(code != issued_code("key", "p", "2") && code != issued_code("other", "p", "1"));
    }

    #[test]
    fn hashes_are_32_hex_digits_and_differ() {
        let (a, b) = (random_hash().unwrap(), random_hash().unwrap());
        assert!(a != b && a.len() == 32 && a.bytes().all(|c| c.is_ascii_hexdigit()));
    }
}
