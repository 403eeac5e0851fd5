//! `/employee/list`, `/tracker/employee/read|assign`: drivers and which tracker they drive.
//!
//! Sub-users read; assigning needs a right that they do not have. `sort` takes `field=asc|desc` expressions on the fields shown.

use std::collections::HashMap;

use serde::Serialize;

use super::auth::Call;
use super::envelope::{Answer, ok, ok_with};
use super::error::{ApiError, Code};
use super::time::Shown;
use crate::model::{Assignment, Employee, EmployeeId, TrackerId};

/// An employee as clients see it. What the gateway does not know is null or empty.
#[derive(Serialize)]
struct Item<'a> {
    id: EmployeeId,
    tracker_id: Option<TrackerId>,
    first_name: &'a str,
    middle_name: &'a str,
    last_name: &'a str,
    email: &'a str,
    phone: &'a str,
    driver_license_number: &'static str,
    driver_license_cats: &'static str,
    driver_license_issue_date: Option<&'static str>,
    driver_license_valid_till: Option<&'static str>,
    hardware_key: Option<&'a str>,
    icon_id: Option<i64>,
    avatar_file_name: Option<&'static str>,
    department_id: Option<i64>,
    location: Option<()>,
    personnel_number: &'a str,
    ssn: &'static str,
    tags: [i64; 0],
}

impl<'a> Item<'a> {
    fn new(employee: &'a Employee, tracker: Option<TrackerId>) -> Self {
        Self {
            id: employee.id,
            tracker_id: tracker,
            first_name: &employee.first_name,
            middle_name: &employee.middle_name,
            last_name: &employee.last_name,
            email: &employee.email,
            phone: &employee.phone,
            driver_license_number: "",
            driver_license_cats: "",
            driver_license_issue_date: None,
            driver_license_valid_till: None,
            hardware_key: employee.hardware_key.as_deref(),
            icon_id: None,
            avatar_file_name: None,
            department_id: None,
            location: None,
            personnel_number: &employee.personnel_number,
            ssn: "",
            tags: [],
        }
    }
}

/// `employee/list`
pub(super) async fn list(call: Call) -> Answer {
    #[derive(Serialize)]
    struct Page<'a> {
        list: Vec<Item<'a>>,
        count: usize,
    }
    let page = |name| match call.params.int(name)?.map(usize::try_from) {
        None => Ok(None),
        Some(Ok(number)) => Ok(Some(number)),
        Some(Err(_)) => Err(ApiError::invalid(name, "must not be negative")),
    };
    let (offset, limit) = (page("offset")?.unwrap_or(0), page("limit")?.unwrap_or(usize::MAX));
    let filter = call.params.text("filter")?.map(|filter| filter.to_lowercase());
    let order = order(&call)?;
    let directory = &call.state.parts.directory;
    let mut employees = directory.employees_of(call.user.account());
    employees.retain(|employee| filter.as_ref().is_none_or(|filter| matches(employee, filter)));
    // The last expression first: sorting is stable, so that earlier ones weigh more.
    for (field, descending) in order.into_iter().rev() {
        employees.sort_by(|a, b| {
            let order = field(a).cmp(&field(b));
            if descending { order.reverse() } else { order }
        });
    }
    let driven: HashMap<_, _> = directory
        .all_visible(&call.user)
        .iter()
        .filter_map(|device| Some((device.tracker.employee?, device.tracker.id)))
        .collect();
    let list = employees
        .iter()
        .skip(offset)
        .take(limit)
        .map(|employee| Item::new(employee, driven.get(&employee.id).copied()))
        .collect();
    ok_with(Page { list, count: employees.len() })
}

fn matches(employee: &Employee, filter: &str) -> bool {
    [
        &employee.first_name,
        &employee.middle_name,
        &employee.last_name,
        &employee.email,
        &employee.phone,
        &employee.personnel_number,
    ]
    .into_iter()
    .any(|field| field.to_lowercase().contains(filter))
}

type Field = fn(&Employee) -> (i64, String);

/// The expressions of `sort`: field, and whether descending.
fn order(call: &Call) -> Result<Vec<(Field, bool)>, ApiError> {
    let wrong = || ApiError::invalid("sort", "must be fields of an employee, with =asc or =desc");
    let expressions = call.params.texts("sort")?.unwrap_or_default();
    expressions
        .iter()
        .map(|expression| {
            let (name, direction) = expression.split_once('=').unwrap_or((expression, "asc"));
            let field: Field = match name.trim() {
                "id" => |employee| (employee.id.0, String::new()),
                "first_name" => |employee| (0, employee.first_name.to_lowercase()),
                "middle_name" => |employee| (0, employee.middle_name.to_lowercase()),
                "last_name" => |employee| (0, employee.last_name.to_lowercase()),
                "email" => |employee| (0, employee.email.to_lowercase()),
                "phone" => |employee| (0, employee.phone.clone()),
                "personnel_number" => |employee| (0, employee.personnel_number.to_lowercase()),
                _ => return Err(wrong()),
            };
            match direction.trim() {
                "asc" => Ok((field, false)),
                "desc" => Ok((field, true)),
                _ => Err(wrong()),
            }
        })
        .collect()
}

/// `tracker/employee/read`
pub(super) async fn read(call: Call) -> Answer {
    #[derive(Serialize)]
    struct Driver<'a> {
        current: Option<Item<'a>>,
        last_change: Option<Change<'a>>,
    }
    #[derive(Serialize)]
    struct Change<'a> {
        new_employee_id: Option<EmployeeId>,
        changed: Shown<'a>,
        origin: &'static str,
        hardware_key: Option<&'a str>,
        location: Option<()>,
    }
    let dates = call.dates()?;
    let device = call.tracker(call.params.need_int("tracker_id")?)?;
    if device.tracker.blocked {
        return Err(Code::DEVICE_BLOCKED.into());
    }
    let parts = &call.state.parts;
    let current = device.tracker.employee.and_then(|id| parts.directory.employee(id));
    let last = parts.store.last_assignment(device.tracker.id).await?;
    let changed_to = last.as_ref().and_then(|last| parts.directory.employee(last.employee?));
    ok_with(Driver {
        current: current.as_deref().map(|employee| Item::new(employee, Some(device.tracker.id))),
        last_change: last.as_ref().map(|last| Change {
            new_employee_id: last.employee,
            changed: dates.show(last.changed),
            origin: if last.by_device { "tracker" } else { "supervisor" },
            hardware_key: changed_to
                .as_ref()
                .filter(|_| last.by_device)
                .and_then(|employee| employee.hardware_key.as_deref()),
            location: None,
        }),
    })
}

/// `tracker/employee/assign`. A `new_employee_id` of null takes the driver away; leaving it out is an error.
pub(super) async fn assign(call: Call) -> Answer {
    if call.user.master.is_some() {
        return Err(Code::NOT_PERMITTED.into());
    }
    let tracker = call.params.need_int("tracker_id")?;
    let employee = call.params.int("new_employee_id")?.map(EmployeeId);
    if !call.params.mentions("new_employee_id") {
        return Err(ApiError::invalid("new_employee_id", "must be given, null for nobody"));
    }
    let parts = &call.state.parts;
    let device = call.tracker(tracker)?;
    if device.tracker.blocked {
        return Err(Code::DEVICE_BLOCKED.into());
    }
    let own = |id| parts.directory.employee(id).is_some_and(|e| e.user == call.user.account());
    if employee.is_some_and(|id| !own(id)) {
        return Err(Code::NOT_FOUND.into());
    }
    if device.tracker.employee == employee {
        return Err(Code::NO_CHANGE.into());
    }
    let changed = parts.clock.wall();
    // Nobody drives two trackers: the one driven before is left first.
    if let Some(id) = employee {
        let before = parts.directory.all_visible(&call.user);
        for other in before.iter().filter(|other| other.tracker.employee == Some(id)) {
            let nobody = Assignment { employee: None, changed, by_device: false };
            parts.store.assign_employee(other.tracker.id, nobody).await?;
        }
    }
    let assignment = Assignment { employee, changed, by_device: false };
    parts.store.assign_employee(device.tracker.id, assignment).await?;
    parts.directory.refresh().await?;
    Ok(ok())
}
