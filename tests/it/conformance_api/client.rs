//! A client of the API, and what it makes of answers.

use reqwest::header::{CONTENT_TYPE, HeaderMap};
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

/// Content type of forms.
pub(crate) const FORM: &str = "application/x-www-form-urlencoded";

/// Talks to one server.
pub(crate) struct Client {
    base: String,
    http: reqwest::Client,
}

/// An answer.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Client {
    pub(crate) fn new(base: String) -> Self {
        Self { base, http: reqwest::Client::new() }
    }

    /// A request to `path`, to be completed.
    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, format!("{}{path}", self.base))
    }

    /// POST with a JSON body, as it stands.
    pub(crate) async fn json(&self, path: &str, body: Value) -> Reply {
        self.body(path, "application/json", body.to_string()).await
    }

    /// POST with a JSON body and `hash` in it.
    pub(crate) async fn call(&self, hash: &str, path: &str, mut body: Value) -> Reply {
        body["hash"] = json!(hash);
        self.json(path, body).await
    }

    /// POST with a form body, as it stands.
    pub(crate) async fn form(&self, path: &str, body: &str) -> Reply {
        self.body(path, FORM, body.to_owned()).await
    }

    /// POST with any body.
    pub(crate) async fn body(
        &self,
        path: &str,
        kind: &str,
        body: impl Into<reqwest::Body>,
    ) -> Reply {
        Reply::of(self.request(Method::POST, path).header(CONTENT_TYPE, kind).body(body)).await
    }

    /// GET of a path with its query.
    pub(crate) async fn get(&self, path: &str) -> Reply {
        Reply::of(self.request(Method::GET, path)).await
    }
}

impl Reply {
    /// Sends a request and reads the whole answer.
    pub(crate) async fn of(request: RequestBuilder) -> Self {
        let response = request.send().await.unwrap();
        Self {
            status: response.status().as_u16(),
            headers: response.headers().clone(),
            text: response.text().await.unwrap(),
        }
    }

    /// The body, which is JSON whatever happened.
    pub(crate) fn value(&self) -> Value {
        let kind = self.header("content-type");
        assert!(kind.starts_with("application/json"), "{kind}: {}", self.text);
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {}", self.text))
    }

    /// A header's value, empty if there is none.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// The body of a successful answer.
    pub(crate) fn ok(&self) -> Value {
        let value = self.value();
        assert_eq!((self.status, &value["success"]), (200, &json!(true)), "{}", self.text);
        value
    }

    /// Asserts an error and the shape of its envelope; returns the body.
    pub(crate) fn error(&self, code: u16, http: u16) -> Value {
        let value = self.value();
        assert_eq!(
            (value["status"]["code"].as_u64(), self.status),
            (Some(code.into()), http),
            "{value}"
        );
        assert_eq!(value["success"], json!(false));
        assert!(value["status"]["description"].as_str().is_some_and(|text| !text.is_empty()));
        assert!(value.get("value").is_none() && value.get("id").is_none());
        value
    }

    /// Asserts error 7 about `parameter`.
    pub(crate) fn invalid(&self, parameter: &str) {
        let value = self.error(7, 400);
        let errors = value["errors"].as_array().unwrap();
        assert!(errors.iter().all(|error| error["error"].is_string()), "{value}");
        assert!(errors.iter().any(|error| error["parameter"] == parameter), "{value}");
    }
}
