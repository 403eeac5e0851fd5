//! Passwords of API users: hashed with Argon2id, stored in PHC format, which carries salt and cost.
//!
//! Both functions take tens of milliseconds and megabytes on purpose: never call them on a thread that serves sessions.

use argon2::password_hash::{PasswordHasher, PasswordVerifier, phc::PasswordHash};
use argon2::{Algorithm, Argon2, Params, Version};

/// How much work one hash is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cost {
    /// Memory in KiB.
    pub memory: u32,
    /// Passes over it.
    pub passes: u32,
}

impl Default for Cost {
    /// The crate's recommendation: 19 MiB, two passes.
    fn default() -> Self {
        Self { memory: Params::DEFAULT_M_COST, passes: Params::DEFAULT_T_COST }
    }
}

impl Cost {
    /// The least that Argon2 accepts: for tests, where the hash protects nothing.
    pub const LEAST: Self = Self { memory: Params::MIN_M_COST, passes: Params::MIN_T_COST };
}

/// A password that could not be hashed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the password cannot be hashed: {0}")]
pub struct PasswordError(String);

/// Hashes `password` with a fresh salt.
///
/// # Errors
/// If the system has no randomness to give, or `cost` is outside of what Argon2 accepts.
pub fn hash(password: &str, cost: Cost) -> Result<String, PasswordError> {
    let params = Params::new(cost.memory, cost.passes, 1, None)
        .map_err(|error| PasswordError(error.to_string()))?;
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
        .hash_password(password.as_bytes())
        .map(|hash| hash.to_string())
        .map_err(|error| PasswordError(error.to_string()))
}

/// Whether `password` is the one that `hash` was made from. A text that is no hash belongs to no password.
#[must_use]
pub fn verify(password: &str, hash: &str) -> bool {
    PasswordHash::new(hash)
        .is_ok_and(|hash| Argon2::default().verify_password(password.as_bytes(), &hash).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_same_password_verifies() {
        let hash = hash("correct horse", Cost::LEAST).unwrap();
        assert!(verify("correct horse", &hash));
        assert!(!verify("correct horsf", &hash) && !verify("", &hash));
    }

    #[test]
    fn the_same_password_hashes_differently_each_time() {
        assert_ne!(hash("a", Cost::LEAST).unwrap(), hash("a", Cost::LEAST).unwrap());
    }

    #[test]
    fn a_text_that_is_no_hash_verifies_nothing() {
        assert!(!verify("", "") && !verify("x", "x") && !verify("x", "$argon2id$v=19$nonsense"));
    }
}
