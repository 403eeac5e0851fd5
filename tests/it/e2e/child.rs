//! The daemon as the process that an operator runs, so that it can be killed.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Stdio;

use protocols::registry;
use serde_json::Value;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child as Process, Command};

use super::daemon::{database, patient};

/// A running daemon process; killed when dropped.
pub struct Child {
    process: Process,
    pub api: SocketAddr,
    devices: HashMap<String, SocketAddr>,
}

impl Child {
    /// Starts the daemon on the database in `directory` and waits until it listens.
    pub async fn start(directory: &Path) -> Self {
        let file = directory.join("cabwire.toml");
        std::fs::write(&file, configuration(directory)).unwrap();
        let mut process = Command::new(env!("CARGO_BIN_EXE_cabwire"))
            .arg("--config")
            .arg(file)
            .arg("serve")
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let mut log = BufReader::new(process.stderr.take().unwrap()).lines();
        let (mut api, mut devices) = (None, HashMap::new());
        while api.is_none() {
            let line = patient(log.next_line()).await.unwrap().expect("the daemon has ended");
            let fields = serde_json::from_str::<Value>(&line).unwrap_or_default()["fields"].take();
            let Some(address) = fields["address"].as_str() else { continue };
            match fields["protocol"].as_str() {
                Some(protocol) => {
                    devices.insert(protocol.to_owned(), address.parse().unwrap());
                }
                None => api = address.parse().ok(),
            }
        }
        // Whoever writes a log into a full pipe waits.
        tokio::spawn(async move { while let Ok(Some(_)) = log.next_line().await {} });
        Self { process, api: api.unwrap(), devices }
    }

    /// Where devices of a protocol connect.
    pub fn port(&self, protocol: &str) -> SocketAddr {
        self.devices[protocol]
    }

    /// Ends it on the spot, without a chance to do anything more.
    pub async fn kill(mut self) {
        self.process.kill().await.unwrap();
    }
}

fn configuration(directory: &Path) -> String {
    let listeners: String = registry::ALL
        .iter()
        .map(|protocol| {
            let name = protocol.info().name;
            format!("[[listener]]\nprotocol = \"{name}\"\naddresses = [\"127.0.0.1:0\"]\n")
        })
        .collect();
    format!(
        "[store]\nurl = \"sqlite:{}\"\n{listeners}[api]\naddresses = [\"127.0.0.1:0\"]\nrequests_per_second = 0\n\
         [log]\nformat = \"json\"\n",
        database(directory).display()
    )
}
