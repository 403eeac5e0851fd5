//! `employee`: drivers.

use std::sync::Arc;

use anyhow::{anyhow, ensure};

use super::output::{self, Outcome};
use super::records::Records;
use super::table::Table;
use crate::model::{Employee, EmployeeId, NewEmployee};

#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    /// Add an employee
    Add {
        /// Account it belongs to
        #[arg(long, value_name = "LOGIN")]
        user: String,
        #[command(flatten)]
        fields: Fields,
    },
    /// List employees
    List {
        /// Only of this account
        #[arg(long, value_name = "LOGIN")]
        user: Option<String>,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Change an employee; what is not given stays
    Change {
        /// Employee id
        id: i64,
        #[command(flatten)]
        fields: Fields,
    },
    /// Remove an employee
    Remove {
        /// Employee id
        id: i64,
    },
}

#[derive(Debug, clap::Args)]
pub(super) struct Fields {
    /// First name
    #[arg(long, value_parser = line)]
    first_name: Option<String>,
    /// Middle name
    #[arg(long, value_parser = line)]
    middle_name: Option<String>,
    /// Last name
    #[arg(long, value_parser = line)]
    last_name: Option<String>,
    /// E-mail address
    #[arg(long, value_parser = line)]
    email: Option<String>,
    /// Phone number
    #[arg(long, value_parser = line)]
    phone: Option<String>,
    /// Key or card that identifies the driver at the device; empty removes it
    #[arg(long, value_parser = line)]
    hardware_key: Option<String>,
    /// Personnel number
    #[arg(long, value_parser = line)]
    personnel_number: Option<String>,
}

impl Fields {
    fn over(self, old: NewEmployee) -> NewEmployee {
        let hardware_key = match self.hardware_key {
            Some(key) => Some(key).filter(|key| !key.is_empty()),
            None => old.hardware_key,
        };
        NewEmployee {
            first_name: self.first_name.unwrap_or(old.first_name),
            middle_name: self.middle_name.unwrap_or(old.middle_name),
            last_name: self.last_name.unwrap_or(old.last_name),
            email: self.email.unwrap_or(old.email),
            phone: self.phone.unwrap_or(old.phone),
            hardware_key,
            personnel_number: self.personnel_number.unwrap_or(old.personnel_number),
        }
    }
}

pub(super) async fn run(command: Command, records: &Records) -> anyhow::Result<Outcome> {
    match command {
        Command::Add { user, fields } => {
            let user = records.account(&user)?;
            let new = fields.over(NewEmployee::default());
            let named = !new.first_name.is_empty() || !new.last_name.is_empty();
            ensure!(named, "an employee needs --first-name or --last-name");
            let employee = records.store.create_employee(user.id, new).await?;
            output::print(&format!(
                "employee {} {} is added\n",
                employee.id,
                full_name(&employee)
            ))?;
        }
        Command::List { user, json } => list(records, user.as_deref(), json)?,
        Command::Change { id, fields } => {
            let old = find(records, id)?;
            let new = fields.over(as_new(&old));
            ensure!(new != as_new(&old), "nothing to change: give at least one option");
            records.store.change_employee(old.id, new).await?;
            output::print(&format!("employee {id} is changed\n"))?;
        }
        Command::Remove { id } => {
            records.store.remove_employee(find(records, id)?.id).await?;
            output::print(&format!("employee {id} is removed\n"))?;
        }
    }
    Ok(Outcome::Done)
}

fn find(records: &Records, id: i64) -> anyhow::Result<Arc<Employee>> {
    let found = records.directory.employee(EmployeeId(id));
    found.ok_or_else(|| anyhow!("there is no employee {id}; see `cabwire employee list`"))
}

fn as_new(employee: &Employee) -> NewEmployee {
    NewEmployee {
        first_name: employee.first_name.clone(),
        middle_name: employee.middle_name.clone(),
        last_name: employee.last_name.clone(),
        email: employee.email.clone(),
        phone: employee.phone.clone(),
        hardware_key: employee.hardware_key.clone(),
        personnel_number: employee.personnel_number.clone(),
    }
}

fn list(records: &Records, user: Option<&str>, json: bool) -> anyhow::Result<()> {
    let accounts = match user {
        Some(login) => vec![records.user(login)?.account()],
        None => records.directory.users().iter().map(|user| user.id).collect(),
    };
    let employees: Vec<_> =
        accounts.into_iter().flat_map(|account| records.directory.employees_of(account)).collect();
    if json {
        return output::print_json(&employees);
    }
    let mut table =
        Table::new(&[">id", "account", "name", "phone", "email", "hardware key", "number"]);
    for employee in &employees {
        table.row([
            employee.id.to_string(),
            records.login_of(employee.user),
            full_name(employee),
            employee.phone.clone(),
            employee.email.clone(),
            employee.hardware_key.clone().unwrap_or_default(),
            employee.personnel_number.clone(),
        ]);
    }
    output::print(&table.render_or("no employees"))
}

fn full_name(employee: &Employee) -> String {
    let names = [&employee.first_name, &employee.middle_name, &employee.last_name];
    let names: Vec<_> =
        names.into_iter().filter(|name| !name.is_empty()).map(String::as_str).collect();
    names.join(" ")
}

fn line(text: &str) -> Result<String, String> {
    const LONGEST: usize = 255;
    let text = text.trim();
    if text.chars().count() > LONGEST || text.chars().any(char::is_control) {
        return Err(format!("expected at most {LONGEST} printable characters"));
    }
    Ok(text.to_owned())
}
