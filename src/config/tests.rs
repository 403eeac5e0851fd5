use std::path::Path;

use super::*;

const EXAMPLE: &str = include_str!("../../systemd/cabwire.toml");

fn errors(text: &str) -> String {
    Config::parse("cabwire.toml", text).unwrap_err().to_string()
}

#[test]
fn an_empty_file_is_the_default_configuration() {
    assert_eq!(Config::parse("cabwire.toml", "").unwrap(), Config::default());
}

#[test]
fn the_example_is_the_default_configuration() {
    assert_eq!(Config::parse("cabwire.toml", EXAMPLE).unwrap(), Config::default());
}

/// Keys of a table, as the parser itself lists them when it refuses an unknown one.
fn keys_of(header: &str, required: &str) -> Vec<String> {
    let text = format!("{header}\n{required}\nno_such_key = 1\n");
    let error = Config::parse("f", &text).unwrap_err();
    let known = error.problems[0].message.split_once("(known: ").unwrap().1;
    let known = known.trim_end_matches(')').split(", ");
    known.filter(|key| !key.is_empty()).map(str::to_owned).collect()
}

#[test]
fn the_example_shows_every_key() {
    let tables = keys_of("", "");
    assert!(tables.contains(&"limits".to_owned()), "{tables:?}");
    for table in tables {
        let (header, required) = match table.as_str() {
            "listener" => ("[[listener]]".to_owned(), "protocol = \"auto\"\naddresses = []"),
            _ => (format!("[{table}]"), ""),
        };
        let (_, section) = EXAMPLE.split_once(&header).unwrap_or_else(|| panic!("no {header}"));
        let section = section.split("\n[").next().unwrap();
        for key in keys_of(&header, required) {
            let shown = section
                .lines()
                .any(|line| line.trim_start_matches("# ").starts_with(&format!("{key} =")));
            assert!(shown, "{header} {key} is not in systemd/cabwire.toml");
        }
    }
}

#[test]
fn what_the_example_only_mentions_is_valid_too() {
    let uncommented: String = EXAMPLE
        .lines()
        .map(|line| match line.strip_prefix("# ") {
            Some(rest) if rest.starts_with("[[") || is_assignment(rest) => format!("{rest}\n"),
            _ => format!("{line}\n"),
        })
        .collect();
    let config = Config::parse("cabwire.toml", &uncommented).unwrap();
    assert!(config.outbox.message_lifetime_hours.is_some());
    assert!(config.secrets.device_code_key_file.is_some());
    assert!(!config.listeners.is_empty());
}

fn is_assignment(line: &str) -> bool {
    let Some((key, _)) = line.split_once(" = ") else { return false };
    key.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_')
}

#[test]
fn an_unknown_key_is_refused_with_line_and_what_there_is() {
    assert_eq!(
        errors("[outbox]\nfirst_retry_seconds = 5\nmax_retry = 7\n"),
        "cabwire.toml:3: outbox.max_retry: there is no such key (known: first_retry_seconds, max_retry_seconds, \
         message_lifetime_hours)"
    );
    assert_eq!(
        errors("\n[limts]\nlogin_seconds = 5\n"),
        "cabwire.toml:2: limts: there is no such key (known: store, listener, api, limits, outbox, log, secrets)"
    );
}

#[test]
fn a_bad_value_is_refused_with_line_and_key() {
    assert_eq!(
        errors("[log]\nformat = \"text\"\n\n[limits]\nlogin_seconds = \"soon\"\n"),
        "cabwire.toml:5: limits.login_seconds: invalid type: string \"soon\", expected a whole number from 0 to 4294967295"
    );
    assert_eq!(
        errors("limits.lanes = -1"),
        "cabwire.toml:1: limits.lanes: invalid value: integer `-1`, expected a whole number from 0 to 65535"
    );
    assert_eq!(
        errors("[log]\nformat = \"xml\"\n"),
        "cabwire.toml:2: log.format: unknown variant `xml`, expected `text` or `json`"
    );
    assert_eq!(
        errors(
            "[[listener]]\nprotocol = \"auto\"\naddresses = [\n  \"[::]:5000\",\n  \"localhost:5001\",\n]\n"
        ),
        "cabwire.toml:3: listener.addresses: `localhost:5001` is not an address with a port, like 127.0.0.1:8080, \
         0.0.0.0:8080 or [::]:8080"
    );
    assert_eq!(
        errors("\n[[listener]]\nprotocol = \"auto\"\n"),
        "cabwire.toml:2: listener: `addresses` is missing"
    );
}

#[test]
fn values_that_make_no_sense_are_all_reported_in_file_order() {
    let text = "\
[limits]
login_seconds = 0
connections = 0

[outbox]
first_retry_seconds = 60
max_retry_seconds = 30

[[listener]]
protocol = \"auto\"
addresses = [\"127.0.0.1:5000\"]

[[listener]]
protocol = \"telepathy\"
addresses = [\"127.0.0.1:5000\"]
";
    let mut known = vec![AUTO];
    known.extend(registry::ALL.iter().map(|protocol| protocol.info().name));
    assert_eq!(
        errors(text),
        format!(
            "cabwire.toml:2: limits.login_seconds: is 0, must be at least 1\n\
             cabwire.toml:3: limits.connections: is 0, must be at least 1\n\
             cabwire.toml:7: outbox.max_retry_seconds: is 30, must not be less than first_retry_seconds (60)\n\
             cabwire.toml:14: listener.protocol: there is no protocol `telepathy` (known: {})\n\
             cabwire.toml:15: listener.addresses: 127.0.0.1:5000 is listed twice",
            known.join(", ")
        )
    );
}

#[test]
fn a_store_this_build_does_not_know_is_refused() {
    assert_eq!(
        errors("store.url = \"mysql://localhost/x\""),
        "cabwire.toml:1: store.url: `mysql://localhost/x` is no store this build knows; expected `sqlite:` and a path"
    );
    let config = Config::parse("f", "store.url = \"sqlite:/var/lib/cabwire/c.db\"").unwrap();
    assert_eq!(config.store.path(), Path::new("/var/lib/cabwire/c.db"));
}

#[test]
fn bounds_of_the_api_and_the_log_filter_are_checked() {
    assert_eq!(
        errors("[api]\nheader_seconds = 0\nmax_body_bytes = 1000\n"),
        "cabwire.toml:2: api.header_seconds: is 0, must be at least 1\n\
         cabwire.toml:3: api.max_body_bytes: is 1000, must be at least 262144"
    );
    let filter = errors("[log]\nfilter = \"info,cabwire=loud\"\n");
    assert!(filter.starts_with("cabwire.toml:2: log.filter: "), "{filter}");
}

#[test]
fn a_mistake_of_syntax_has_its_line() {
    let error = errors("[store]\nurl = \"sqlite:x.db\n\n[log]\n");
    assert!(error.starts_with("cabwire.toml:2: "), "{error}");
}

#[test]
fn a_file_that_is_not_there_is_said() {
    let error = Config::load(Path::new("/nonexistent/cabwire.toml")).unwrap_err().to_string();
    assert_eq!(
        error,
        "/nonexistent/cabwire.toml: cannot be read: No such file or directory (os error 2)"
    );
}

#[test]
fn every_protocol_has_a_listener_or_shares_the_port_of_one_that_has() {
    let listeners = default_listeners();
    for protocol in registry::ALL {
        let port = protocol.info().default_port;
        assert!(listeners.iter().any(|l| l.addresses.iter().any(|a| a.port() == port)));
    }
    assert_eq!(listeners.last().unwrap(), &Listener::everywhere(AUTO, AUTO_PORT));
}

#[test]
fn the_device_code_key_comes_from_its_file_or_from_a_credential() {
    let directory = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let file = directory.path().join(name);
        fs::write(&file, text).unwrap();
        file
    };
    write("device_code_key", "from a credential\n");
    let named = write("named", "from a named file\r\n");

    let none = SecretSettings::default();
    assert_eq!(none.device_code_key(None).unwrap(), None);
    let key = none.device_code_key(Some(directory.path())).unwrap();
    assert_eq!(key.as_deref(), Some("from a credential"));
    let settings = SecretSettings { device_code_key_file: Some(named) };
    let key = settings.device_code_key(Some(directory.path())).unwrap();
    assert_eq!(key.as_deref(), Some("from a named file"));

    let settings = SecretSettings { device_code_key_file: Some(write("short", "short")) };
    let error = settings.device_code_key(None).unwrap_err().to_string();
    assert!(error.ends_with("short has 5 bytes, it must have at least 16"), "{error}");
}
