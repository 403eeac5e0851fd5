//! Secrets come from files: one named in the configuration, or a credential that systemd provides.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};

use super::SecretSettings;

/// Shortest device-code key in bytes: what an operator types should not be guessable.
const MIN_KEY_BYTES: usize = 16;

impl SecretSettings {
    /// The key from which device codes are derived, if the operator provides one: from `device_code_key_file`, else from
    /// the file `device_code_key` in `credentials` (the directory that systemd names in `$CREDENTIALS_DIRECTORY`).
    ///
    /// # Errors
    /// If the file cannot be read or holds no usable key.
    pub fn device_code_key(&self, credentials: Option<&Path>) -> anyhow::Result<Option<String>> {
        let file = self
            .device_code_key_file
            .clone()
            .or_else(|| credential(credentials, "device_code_key"));
        let Some(file) = file else { return Ok(None) };
        let key = read(&file)?;
        ensure!(
            key.len() >= MIN_KEY_BYTES,
            "the device-code key in {} has {} bytes, it must have at least {MIN_KEY_BYTES}",
            file.display(),
            key.len()
        );
        Ok(Some(key))
    }
}

fn credential(directory: Option<&Path>, name: &str) -> Option<PathBuf> {
    let file = directory?.join(name);
    file.is_file().then_some(file)
}

/// A secret without the line end that editors add.
///
/// # Errors
/// If the file cannot be read, is empty, or is not one line of text.
pub(crate) fn read(file: &Path) -> anyhow::Result<String> {
    let name = file.display();
    let text =
        fs::read_to_string(file).with_context(|| format!("cannot read the secret in {name}"))?;
    let secret = text.trim_end_matches(['\r', '\n']);
    ensure!(!secret.is_empty(), "the secret in {name} is empty");
    ensure!(!secret.contains(['\r', '\n', '\0']), "the secret in {name} has more than one line");
    Ok(secret.to_owned())
}
