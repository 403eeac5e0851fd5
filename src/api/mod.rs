//! The HTTP chat API: request in, JSON out, whatever the request.
//!
//! | file | owns |
//! |---|---|
//! | `request`, `form`, `params` | from bytes to parameters, leniently |
//! | `auth`, `throttle` | who calls, how often |
//! | `error`, `envelope`, `time` | the shapes of answers: the table of codes, success, dates |
//! | `chat`, `session`, `account`, `keys`, `trackers`, `employees`, `health` | the actions |
//! | `observe` | what surrounds every action: preflight, headers, counting, caught panics |
//! | `serve` | connections |
//!
//! Every action is mounted under `/`, `/v2` and `/api-v2`, with and without a slash at the end, for GET and POST. Tracker,
//! tariff and credential are answered from the directory in memory; only messages come from the store.

mod account;
mod auth;
mod chat;
mod employees;
mod envelope;
mod error;
mod form;
mod health;
mod keys;
mod observe;
mod params;
mod request;
mod serve;
mod session;
mod settings;
mod state;
mod throttle;
mod time;
mod trackers;

use axum::Router;
use axum::extract::Request;
use axum::routing::{MethodRouter, any};

pub use auth::SESSION_IDLE_MILLIS;
pub use error::{ApiError, Code};
pub use serve::serve;
pub use settings::{ApiSettings, Origin};
pub use state::{ApiParts, ApiState};

/// Where the actions are mounted.
const MOUNTS: [&str; 3] = ["", "/v2", "/api-v2"];

/// Every action by its path.
fn actions() -> Vec<(&'static str, MethodRouter<ApiState>)> {
    vec![
        ("/tracker/chat/list", any(chat::list)),
        ("/tracker/chat/send", any(chat::send)),
        ("/tracker/chat/broadcast", any(chat::broadcast)),
        ("/tracker/chat/mark_read", any(chat::mark_read)),
        ("/tracker/chat/mark_read_all", any(chat::mark_read_all)),
        ("/tracker/chat/updated/list", any(chat::updated)),
        ("/tracker/chat/unread/count", any(chat::unread)),
        ("/tracker/list", any(trackers::list)),
        ("/tracker/read", any(trackers::read)),
        ("/tracker/list_models", any(trackers::models)),
        ("/tracker/employee/read", any(employees::read)),
        ("/tracker/employee/assign", any(employees::assign)),
        ("/employee/list", any(employees::list)),
        ("/user/auth", any(session::auth)),
        ("/user/session/renew", any(session::renew)),
        ("/user/logout", any(session::logout)),
        ("/user/get_info", any(account::get_info)),
        ("/user/settings/read", any(account::settings)),
        ("/api/key/create", any(keys::create)),
        ("/api/key/list", any(keys::list)),
        ("/api/key/delete", any(keys::delete)),
        ("/user/api_key/create", any(keys::create)),
        ("/user/api_key/list", any(keys::list)),
        ("/user/api_key/delete", any(keys::delete)),
    ]
}

/// The API. Install the metrics recorder before: each action registers its counters here.
pub fn router(state: ApiState) -> Router {
    let mut router = Router::new();
    let actions = actions();
    let resources: Vec<_> = actions.iter().filter_map(|(path, _)| resource(path)).collect();
    for (path, route) in actions {
        let route = observe::around(path, route, &state);
        for mount in MOUNTS {
            let path = format!("{mount}{path}");
            router = router.route(&format!("{path}/"), route.clone()).route(&path, route.clone());
        }
    }
    for (path, route) in [
        ("/health", observe::read_only(any(health::health))),
        ("/ready", observe::read_only(any(health::ready))),
        ("/metrics", observe::read_only(any(health::metrics))),
    ] {
        router = router.route(path, observe::around(path, route, &state));
    }
    let unknown = move |request: Request| {
        let code = unknown(request.uri().path(), &resources);
        async move { ApiError::from(code) }
    };
    let fallback = observe::around("unknown", any(unknown), &state);
    router.fallback_service(fallback.with_state(state.clone())).with_state(state)
}

/// The resource of an action's path: everything before the action.
fn resource(path: &str) -> Option<&str> {
    path.rsplit_once('/').map(|(resource, _)| resource).filter(|resource| !resource.is_empty())
}

/// What is wrong with a path that is no action's: its action, or already its resource.
fn unknown(path: &str, resources: &[&str]) -> Code {
    let path = path.strip_suffix('/').unwrap_or(path);
    let known = MOUNTS.iter().any(|mount| {
        let below = path.strip_prefix(mount).and_then(resource);
        below.is_some_and(|resource| resources.contains(&resource))
    });
    if known { Code::WRONG_METHOD } else { Code::WRONG_HANDLER }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_action_differs_from_an_unknown_resource() {
        let actions = actions();
        let resources: Vec<_> = actions.iter().filter_map(|(path, _)| resource(path)).collect();
        for path in
            ["/tracker/chat/foo", "/v2/tracker/chat/foo/", "/api-v2/tracker/foo", "/tracker/chat"]
        {
            assert_eq!(unknown(path, &resources), Code::WRONG_METHOD, "{path}");
        }
        for path in [
            "/",
            "",
            "/foo",
            "/foo/bar",
            "/v2",
            "/v2/",
            "/v3/tracker/chat/list",
            "/tracker/foo/bar",
        ] {
            assert_eq!(unknown(path, &resources), Code::WRONG_HANDLER, "{path}");
        }
    }
}
