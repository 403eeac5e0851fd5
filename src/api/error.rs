//! Errors of the API: one table of codes with their HTTP status and text, and the envelope around them.

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use crate::store::StoreError;

/// An error code of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Code(pub u16);

struct Row {
    code: u16,
    http: u16,
    description: &'static str,
}

const fn row(code: u16, http: u16, description: &'static str) -> Row {
    Row { code, http, description }
}

/// Every documented code, ordered by code. 105 is documented with `user/auth` only.
#[rustfmt::skip]
const TABLE: &[Row] = &[
    row(1, 500, "Database error"),
    row(2, 403, "Service Auth error"),
    row(3, 400, "Wrong hash"),
    row(4, 400, "User or API key not found or session ended"),
    row(5, 400, "Wrong request format"),
    row(6, 500, "Unexpected error"),
    row(7, 400, "Invalid parameters"),
    row(8, 503, "Queue service error, try again later"),
    row(9, 412, "Too large request"),
    row(11, 403, "Access denied"),
    row(12, 400, "Dealer not found"),
    row(13, 403, "Operation not permitted"),
    row(14, 503, "Database unavailable"),
    row(15, 429, "Too many requests (rate limit exceeded)"),
    row(101, 403, "In demo mode this function is disabled"),
    row(102, 400, "Wrong login or password"),
    row(103, 400, "User not activated"),
    row(105, 400, "Login attempts limit exceeded"),
    row(111, 400, "Wrong handler"),
    row(112, 400, "Wrong method"),
    row(201, 400, "Not found in database"),
    row(202, 400, "Too many points in zone"),
    row(203, 400, "Delete entity associated with"),
    row(204, 404, "Entity not found"),
    row(206, 400, "Login already in use"),
    row(207, 400, "Invalid captcha"),
    row(208, 403, "Device blocked"),
    row(209, 400, "Failed sending email"),
    row(210, 400, "Geocoding failed"),
    row(211, 400, "Requested time span is too big"),
    row(212, 400, "Requested limit is too big"),
    row(213, 400, "Cannot perform action: the device is offline"),
    row(214, 400, "Requested operation or parameters are not supported by the device"),
    row(215, 400, "External service error"),
    row(217, 400, "List contains nonexistent entities"),
    row(218, 400, "Malformed external service parameters"),
    row(219, 403, "Not allowed for clones of the device"),
    row(220, 400, "Unknown device model"),
    row(221, 403, "Device limit exceeded"),
    row(222, 400, "Plugin not found"),
    row(223, 400, "Phone number already in use"),
    row(224, 400, "Device ID already in use"),
    row(225, 403, "Not allowed for this legal type"),
    row(226, 400, "Wrong ICCID"),
    row(227, 400, "Wrong activation code"),
    row(228, 400, "Not supported by sensor"),
    row(229, 404, "Requested data is not ready yet"),
    row(230, 400, "Not supported for this entity type"),
    row(231, 409, "Entity type mismatch"),
    row(232, 400, "Input already in use"),
    row(233, 400, "No data file"),
    row(234, 400, "Invalid data format"),
    row(235, 400, "Missing calibration data"),
    row(236, 402, "Feature unavailable due to tariff restrictions"),
    row(237, 400, "Invalid tariff"),
    row(238, 403, "Changing tariff is not allowed"),
    row(239, 404, "New tariff does not exist"),
    row(240, 403, "Not allowed to change tariff too frequently"),
    row(241, 400, "Cannot change phone to bundled sim. Contact tech support."),
    row(242, 400, "There were errors during content validation"),
    row(243, 400, "Device already connected."),
    row(244, 400, "Duplicate entity label."),
    row(245, 400, "New password must be different"),
    row(246, 400, "Invalid user ID"),
    row(247, 409, "Entity already exists"),
    row(248, 400, "Wrong password"),
    row(249, 403, "Operation available for clones only"),
    row(250, 403, "Not allowed for deleted devices"),
    row(251, 403, "Insufficient funds"),
    row(252, 400, "Device already corrupted"),
    row(253, 400, "Device has clones"),
    row(254, 500, "Cannot save file"),
    row(255, 400, "Invalid task state"),
    row(256, 400, "Location already actual"),
    row(257, 403, "Registration forbidden"),
    row(258, 404, "Bundle not found"),
    row(259, 400, "Payments count not comply with summary"),
    row(260, 400, "Payments sum not comply with summary"),
    row(261, 403, "Entity has external links"),
    row(262, 400, "Entries list is missing some entries or contains nonexistent entries"),
    row(263, 400, "No change needed, old and new values are the same"),
    row(264, 403, "Timeout not reached"),
    row(265, 403, "Already done"),
    row(266, 403, "Cannot perform action for the device in current status"),
    row(267, 400, "Too many entities"),
    row(268, 402, "Over quota"),
    row(269, 400, "Invalid file state"),
    row(270, 400, "Too many sensors of same type already exist"),
    row(271, 413, "File over max size"),
    row(272, 400, "Trackers must have same models"),
    row(273, 400, "Duplicate login"),
    row(274, 400, "Empty data file"),
    row(275, 403, "User is blocked"),
    row(276, 403, "Action is forbidden for received session type"),
    row(277, 409, "Security group has users in it"),
    row(278, 409, "Security group is a default one"),
    row(279, 400, "Invalid task period"),
    row(280, 400, "Invalid import request state"),
    row(281, 400, "This resource is closed"),
    row(284, 400, "Not enough points for the specified zone type"),
];

#[allow(missing_docs)] // the table says what each means
impl Code {
    pub const DATABASE: Self = Self(1);
    pub const WRONG_HASH: Self = Self(3);
    pub const NO_SESSION: Self = Self(4);
    pub const WRONG_FORMAT: Self = Self(5);
    pub const UNEXPECTED: Self = Self(6);
    pub const INVALID: Self = Self(7);
    pub const BUSY: Self = Self(8);
    pub const TOO_LARGE: Self = Self(9);
    pub const NOT_PERMITTED: Self = Self(13);
    pub const DATABASE_UNAVAILABLE: Self = Self(14);
    pub const TOO_MANY_REQUESTS: Self = Self(15);
    pub const WRONG_LOGIN: Self = Self(102);
    pub const LOGIN_ATTEMPTS: Self = Self(105);
    pub const WRONG_HANDLER: Self = Self(111);
    pub const WRONG_METHOD: Self = Self(112);
    pub const NOT_FOUND: Self = Self(201);
    pub const DEVICE_BLOCKED: Self = Self(208);
    pub const NOT_SUPPORTED: Self = Self(214);
    pub const NONEXISTENT_ENTITIES: Self = Self(217);
    pub const LIMIT_EXCEEDED: Self = Self(221);
    pub const TARIFF: Self = Self(236);
    pub const NO_CHANGE: Self = Self(263);
    pub const OVER_QUOTA: Self = Self(268);
    pub const USER_BLOCKED: Self = Self(275);

    fn row(self) -> &'static Row {
        const UNEXPECTED: &Row = &row(6, 500, "Unexpected error");
        match TABLE.binary_search_by_key(&self.0, |row| row.code) {
            Ok(index) => TABLE.get(index).unwrap_or(UNEXPECTED),
            Err(_) => UNEXPECTED,
        }
    }

    /// HTTP status that goes with it.
    #[must_use]
    pub fn http(self) -> u16 {
        self.row().http
    }

    /// The documented text.
    #[must_use]
    pub fn description(self) -> &'static str {
        self.row().description
    }
}

/// An unsuccessful answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiError {
    code: Code,
    errors: Vec<Problem>,
    list: Vec<i64>,
    reason: Option<String>,
}

/// What is wrong with one parameter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct Problem {
    parameter: &'static str,
    error: String,
}

impl From<Code> for ApiError {
    fn from(code: Code) -> Self {
        Self { code, errors: Vec::new(), list: Vec::new(), reason: None }
    }
}

impl ApiError {
    /// Code 7 for one parameter, by its documented name.
    pub(super) fn invalid(parameter: &'static str, error: impl Into<String>) -> Self {
        let errors = vec![Problem { parameter, error: error.into() }];
        Self { errors, ..Code::INVALID.into() }
    }

    /// Code 217 with the ids it is about, which the documentation leaves open.
    pub(super) fn nonexistent(list: Vec<i64>) -> Self {
        Self { list, ..Code::NONEXISTENT_ENTITIES.into() }
    }

    /// An error with a sentence for whoever runs the gateway.
    pub(super) fn because(code: Code, reason: impl Into<String>) -> Self {
        Self { reason: Some(reason.into()), ..code.into() }
    }
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        // The store reports its own troubles; here only what the caller met.
        tracing::debug!(%error, "a call failed in the store");
        match error {
            StoreError::Busy => Code::BUSY,
            StoreError::Unavailable(_) => Code::DATABASE_UNAVAILABLE,
            StoreError::NotFound(_) => Code::NOT_FOUND,
            StoreError::Conflict(_) | StoreError::Corrupt(_) => Code::DATABASE,
        }
        .into()
    }
}

#[derive(Serialize)]
struct Envelope<'a> {
    success: bool,
    status: Status,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    errors: &'a [Problem],
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    list: &'a [i64],
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
}

#[derive(Serialize)]
struct Status {
    code: u16,
    description: &'static str,
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let row = self.code.row();
        let body = serde_json::to_vec(&Envelope {
            success: false,
            status: Status { code: row.code, description: row.description },
            errors: &self.errors,
            list: &self.list,
            reason: self.reason.as_deref(),
        })
        .unwrap_or_default();
        let status = StatusCode::from_u16(row.http).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = super::envelope::json(body);
        *response.status_mut() = status;
        response.extensions_mut().insert(self.code);
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_ordered_and_complete() {
        assert!(TABLE.is_sorted_by(|a, b| a.code < b.code));
        assert_eq!(TABLE.len(), 99 + 1, "the published rows, and 105");
    }

    #[test]
    fn codes_have_the_published_status() {
        let published = [
            (1, 500),
            (3, 400),
            (4, 400),
            (5, 400),
            (6, 500),
            (7, 400),
            (8, 503),
            (9, 412),
            (13, 403),
            (14, 503),
            (15, 429),
            (102, 400),
            (105, 400),
            (111, 400),
            (112, 400),
            (201, 400),
            (208, 403),
            (214, 400),
            (217, 400),
            (221, 403),
            (236, 402),
            (263, 400),
            (268, 402),
            (275, 403),
        ];
        for (code, http) in published {
            assert_eq!((Code(code).row().code, Code(code).http()), (code, http));
        }
    }

    #[test]
    fn an_unpublished_code_is_an_unexpected_error() {
        assert_eq!((Code(10).http(), Code(10).description()), (500, "Unexpected error"));
    }
}
