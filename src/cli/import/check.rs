//! Checks the lines of an import against what is known, without changing anything.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fmt;
use std::io::Read;
use std::sync::Arc;

use csv::{ReaderBuilder, StringRecord, Trim};

use crate::cli::records::{device_options, key_value, name, protocol_named};
use crate::directory::Directory;
use crate::model::{Digest, Model, TariffId, TrackerId, UserId};
use crate::secret;

/// The columns there may be.
const COLUMNS: [&str; 9] =
    ["user", "label", "protocol", "identity", "secret", "model", "tariff", "phone", "options"];

/// What lines may refer to, and what is taken.
#[derive(Debug, Default)]
pub(super) struct Known {
    pub(super) accounts: HashMap<String, UserId>,
    pub(super) models: HashMap<String, Arc<Model>>,
    pub(super) tariffs: HashSet<TariffId>,
    pub(super) devices: HashMap<(String, String), TrackerId>,
}

impl Known {
    pub(super) fn of(directory: &Directory) -> Self {
        let accounts = directory.users().into_iter().filter(|user| user.master.is_none());
        let devices = directory.devices().into_iter().map(|device| {
            let tracker = &device.tracker;
            ((tracker.protocol.clone(), tracker.identity.clone()), tracker.id)
        });
        Self {
            accounts: accounts.map(|user| (user.login.clone(), user.id)).collect(),
            models: directory
                .models()
                .into_iter()
                .map(|model| (model.code.clone(), model))
                .collect(),
            tariffs: directory.tariffs().iter().map(|tariff| tariff.id).collect(),
            devices: devices.collect(),
        }
    }
}

/// A line in good order.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Row {
    pub(super) user: UserId,
    pub(super) label: String,
    pub(super) protocol: String,
    pub(super) identity: String,
    pub(super) secret: Option<Digest>,
    /// `None`: the protocol's own.
    pub(super) model: Option<String>,
    /// `None`: the usual one.
    pub(super) tariff: Option<TariffId>,
    pub(super) phone: Option<String>,
    pub(super) options: BTreeMap<String, String>,
}

/// What is wrong with a line.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct BadLine {
    line: u64,
    column: Option<&'static str>,
    message: String,
}

impl fmt::Display for BadLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.line)?;
        if let Some(column) = self.column {
            write!(f, "{column}: ")?;
        }
        f.write_str(&self.message)
    }
}

/// All lines, sorted into good and bad.
#[derive(Debug, Default)]
pub(super) struct Checked {
    pub(super) good: Vec<Row>,
    pub(super) bad: Vec<BadLine>,
}

/// Checks all lines. A bad first line is an error of the whole file.
pub(super) fn check(
    file: impl Read,
    known: &Known,
    account: Option<UserId>,
) -> Result<Checked, String> {
    let mut reader = ReaderBuilder::new().trim(Trim::All).from_reader(file);
    let columns = columns(reader.headers().map_err(|error| format!("1: {}", plain(&error)))?)?;
    let mut checked = Checked::default();
    let mut lines = HashMap::new();
    for record in reader.records() {
        let record = match record {
            Ok(record) => record,
            Err(error) => {
                let line = error.position().map_or(0, csv::Position::line);
                checked.bad.push(BadLine { line, column: None, message: plain(&error) });
                continue;
            }
        };
        let line = record.position().map_or(0, csv::Position::line);
        let fields = Fields { record: &record, columns: &columns };
        let row = fields.row(known, account).and_then(|row| {
            match lines.insert((row.protocol.clone(), row.identity.clone()), line) {
                Some(first) => {
                    Err(("identity", format!("`{}` is on line {first} already", row.identity)))
                }
                None => Ok(row),
            }
        });
        match row {
            Ok(row) => checked.good.push(row),
            Err((column, message)) => {
                checked.bad.push(BadLine { line, column: Some(column), message });
            }
        }
    }
    Ok(checked)
}

fn columns(headers: &StringRecord) -> Result<Vec<&'static str>, String> {
    let mut columns: Vec<&'static str> = Vec::new();
    for header in headers {
        let header = header.trim_start_matches('\u{feff}').to_lowercase();
        let column = COLUMNS.into_iter().find(|column| *column == header).ok_or_else(|| {
            format!("1: there is no column `{header}` (known: {})", COLUMNS.join(", "))
        })?;
        if columns.contains(&column) {
            return Err(format!("1: column `{column}` is there twice"));
        }
        columns.push(column);
    }
    match ["protocol", "identity"].into_iter().find(|column| !columns.contains(column)) {
        Some(missing) => Err(format!("1: column `{missing}` is missing")),
        None => Ok(columns),
    }
}

/// The CSV reader's errors in the words of someone who looks at the file.
fn plain(error: &csv::Error) -> String {
    match error.kind() {
        csv::ErrorKind::UnequalLengths { expected_len, len, .. } => {
            format!("has {len} fields, the first line has {expected_len}")
        }
        csv::ErrorKind::Utf8 { .. } => "is not UTF-8 text".to_owned(),
        csv::ErrorKind::Io(error) => format!("cannot be read: {error}"),
        _ => error.to_string(),
    }
}

struct Fields<'a> {
    record: &'a StringRecord,
    columns: &'a [&'static str],
}

type Bad = (&'static str, String);

impl Fields<'_> {
    /// The field in `column`, if it has anything in it.
    fn get(&self, column: &str) -> Option<&str> {
        let index = self.columns.iter().position(|name| *name == column)?;
        self.record.get(index).filter(|field| !field.is_empty())
    }

    fn row(&self, known: &Known, account: Option<UserId>) -> Result<Row, Bad> {
        let need = |column| self.get(column).ok_or_else(|| (column, "is missing".to_owned()));
        let protocol =
            protocol_named(need("protocol")?).map_err(|error| ("protocol", error.to_string()))?;
        let named = |column, text: &str| name(text).map_err(|error| (column, error));
        let identity = named("identity", need("identity")?)?;
        let label = self.get("label").map(|text| named("label", text)).transpose()?;
        let device = (protocol.info().name.to_owned(), identity);
        if let Some(tracker) = known.devices.get(&device) {
            return Err((
                "identity",
                format!("`{}` belongs to tracker {tracker} already", device.1),
            ));
        }
        let (protocol_name, identity) = device;
        let options = device_options(protocol, &self.options()?)
            .map_err(|error| ("options", error.root_cause().to_string()))?;
        Ok(Row {
            user: self.user(known, account)?,
            label: label.unwrap_or_else(|| identity.clone()),
            protocol: protocol_name,
            identity,
            secret: self.get("secret").map(secret::digest),
            model: self.model(known, protocol.info().name)?,
            tariff: self.tariff(known)?,
            phone: self.get("phone").map(|text| named("phone", text)).transpose()?,
            options,
        })
    }

    fn user(&self, known: &Known, account: Option<UserId>) -> Result<UserId, Bad> {
        match self.get("user") {
            None => account
                .ok_or_else(|| ("user", "is missing; name one here or with --user".to_owned())),
            Some(login) => known
                .accounts
                .get(login)
                .copied()
                .ok_or_else(|| ("user", format!("there is no account `{login}`"))),
        }
    }

    fn model(&self, known: &Known, protocol: &str) -> Result<Option<String>, Bad> {
        let Some(code) = self.get("model") else { return Ok(None) };
        let bad = |message| ("model", message);
        let model = known.models.get(code);
        let model = model
            .ok_or_else(|| bad(format!("there is no model `{code}`; see `cabwire model list`")))?;
        model.check_protocol(protocol).map_err(bad)?;
        Ok(Some(code.to_owned()))
    }

    fn tariff(&self, known: &Known) -> Result<Option<TariffId>, Bad> {
        let Some(text) = self.get("tariff") else { return Ok(None) };
        let tariff = text.parse().ok().map(TariffId).filter(|id| known.tariffs.contains(id));
        match tariff {
            None => {
                Err(("tariff", format!("there is no tariff `{text}`; see `cabwire tariff list`")))
            }
            tariff => Ok(tariff),
        }
    }

    fn options(&self) -> Result<Vec<(String, String)>, Bad> {
        let parts = self.get("options").unwrap_or_default().split(';').map(str::trim);
        parts
            .filter(|part| !part.is_empty())
            .map(|part| {
                key_value(part).map_err(|_| ("options", format!("`{part}` is not key=value")))
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use protocols::registry;

    use super::*;

    fn known() -> Known {
        Known {
            accounts: HashMap::from([("fleet".to_owned(), UserId(7))]),
            models: [model("display", None), model("foreign", Some("smoke_signals/standard"))]
                .into_iter()
                .map(|model| (model.code.clone(), Arc::new(model)))
                .collect(),
            tariffs: HashSet::from([TariffId(3)]),
            devices: HashMap::from([((first().to_owned(), "taken".to_owned()), TrackerId(17))]),
        }
    }

    fn model(code: &str, profile: Option<&str>) -> Model {
        Model {
            code: code.to_owned(),
            name: String::new(),
            vendor: String::new(),
            kind: String::new(),
            id_type: "custom".to_owned(),
            profile: profile.map(str::to_owned),
            chat: Some(true),
        }
    }

    fn first() -> &'static str {
        registry::ALL[0].info().name
    }

    fn lines(checked: &Checked) -> Vec<String> {
        checked.bad.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn good_lines_become_trackers() {
        let text = format!(
            "Identity , protocol,label,secret,model,tariff,phone,user\n\
             1001,{p},\"Van, red\",s3cret,display,3,+4930,fleet\n\
             1002,{p},,,,,,\n",
            p = first()
        );
        let checked = check(text.as_bytes(), &known(), Some(UserId(1))).unwrap();
        assert_eq!(lines(&checked), Vec::<String>::new());
        let [one, two] = checked.good.as_slice() else { panic!("{checked:?}") };
        assert_eq!((one.user, one.label.as_str()), (UserId(7), "Van, red"));
        assert_eq!(one.secret, Some(secret::digest("s3cret")));
        assert_eq!((one.model.as_deref(), one.tariff), (Some("display"), Some(TariffId(3))));
        assert_eq!(one.phone.as_deref(), Some("+4930"));
        assert_eq!((two.user, two.label.as_str()), (UserId(1), "1002"));
        assert_eq!((&two.model, two.tariff, two.secret), (&None, None, None));
    }

    #[test]
    fn every_bad_line_is_reported_with_its_number() {
        let names: Vec<_> = registry::ALL.iter().map(|protocol| protocol.info().name).collect();
        let p = first();
        let text = format!(
            "protocol,identity,user,model,tariff,options\n\
             {p},1,,,,\n\
             smoke_signals,2,,,,\n\
             {p},,,,,\n\
             {p},taken,,,,\n\
             {p},1,,,,\n\
             {p},3,nobody,,,\n\
             {p},4,,fancy,,\n\
             {p},5,,,gold,\n\
             {p},6,,,,colour=red\n\
             {p},7,,,,colour\n\
             {p},8\n\
             {p},9,,,,\n"
        );
        let checked = check(text.as_bytes(), &known(), Some(UserId(1))).unwrap();
        let report = lines(&checked);
        let expected = [
            format!(
                "3: protocol: there is no protocol `smoke_signals` (known: {})",
                names.join(", ")
            ),
            "4: identity: is missing".to_owned(),
            "5: identity: `taken` belongs to tracker 17 already".to_owned(),
            "6: identity: `1` is on line 2 already".to_owned(),
            "7: user: there is no account `nobody`".to_owned(),
            "8: model: there is no model `fancy`; see `cabwire model list`".to_owned(),
            "9: tariff: there is no tariff `gold`; see `cabwire tariff list`".to_owned(),
            report[7].clone(),
            "11: options: `colour` is not key=value".to_owned(),
            "12: has 2 fields, the first line has 6".to_owned(),
        ];
        assert!(
            report[7].starts_with("10: options: unknown option `colour` (known: "),
            "{report:?}"
        );
        assert_eq!(report, expected);
        assert_eq!(checked.good.len(), 2);
    }

    #[test]
    fn a_model_of_another_protocol_is_bad() {
        let text = format!("protocol,identity,model\n{p},1,foreign\n{p},2,display\n", p = first());
        let checked = check(text.as_bytes(), &known(), Some(UserId(1))).unwrap();
        let [line] = lines(&checked).try_into().unwrap();
        assert!(
            line.starts_with(
                "2: model: model `foreign` has the profile smoke_signals/standard and"
            ),
            "{line}"
        );
        assert_eq!(checked.good.len(), 1);
    }

    #[test]
    fn a_file_without_the_needed_columns_is_refused() {
        let error = |text: &str| check(text.as_bytes(), &known(), None).unwrap_err();
        assert_eq!(error("protocol,label\n"), "1: column `identity` is missing");
        assert_eq!(error("protocol,identity,identity\n"), "1: column `identity` is there twice");
        assert!(
            error("protocol,imei\n").starts_with("1: there is no column `imei` (known: user, ")
        );
    }

    #[test]
    fn a_line_without_an_owner_is_bad() {
        let text = format!("protocol,identity\n{},1\n", first());
        let checked = check(text.as_bytes(), &known(), None).unwrap();
        assert_eq!(lines(&checked), ["2: user: is missing; name one here or with --user"]);
    }
}
