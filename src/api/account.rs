//! `/user/get_info`, `/user/settings/read`: what a chat client needs to know about its user.

use serde::Serialize;

use super::auth::Call;
use super::envelope::{Answer, ok_field, ok_with};
use super::time::Shown;
use crate::model::UserId;

#[derive(Serialize)]
struct Info<'a> {
    user_info: UserInfo<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    master: Option<Master>,
    #[serde(skip_serializing_if = "Option::is_none")]
    privileges: Option<Privileges>,
}

#[derive(Serialize)]
struct UserInfo<'a> {
    id: UserId,
    login: &'a str,
    title: &'a str,
    creation_date: Shown<'a>,
    locale: &'a str,
    time_zone: &'a str,
    measurement_system: &'static str,
    demo: bool,
    verified: bool,
}

/// The account of a sub-user.
#[derive(Serialize)]
struct Master {
    id: UserId,
    login: String,
    title: String,
    demo: bool,
}

/// Rights of a sub-user: chatting needs none, and the rest of what rights are about is not here.
#[derive(Serialize)]
struct Privileges {
    rights: [&'static str; 0],
}

/// `get_info`
pub(super) async fn get_info(call: Call) -> Answer {
    let dates = call.dates()?;
    let user = &call.user;
    let master = user.master.and_then(|id| call.state.parts.directory.user(id));
    ok_with(Info {
        user_info: UserInfo {
            id: user.id,
            login: &user.login,
            title: &user.title,
            creation_date: dates.show(user.created),
            locale: &user.locale,
            time_zone: &user.time_zone,
            measurement_system: "metric",
            demo: false,
            verified: true,
        },
        master: master.map(|master| Master {
            id: master.id,
            login: master.login.clone(),
            title: master.title.clone(),
            demo: false,
        }),
        privileges: user.master.map(|_| Privileges { rights: [] }),
    })
}

/// `settings/read`
pub(super) async fn settings(call: Call) -> Answer {
    #[derive(Serialize)]
    struct Settings<'a> {
        time_zone: &'a str,
        locale: &'a str,
        measurement_system: &'static str,
    }
    let user = &call.user;
    ok_field(
        "settings",
        Settings { time_zone: &user.time_zone, locale: &user.locale, measurement_system: "metric" },
    )
}
