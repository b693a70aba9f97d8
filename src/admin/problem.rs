//! What went wrong with a request: `application/problem+json` (RFC 9457).

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::finding::Finding;

/// An error as the client sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Problem {
    /// HTTP status.
    pub status: u16,
    /// The status in words.
    pub title: String,
    /// What exactly is wrong, and what to do.
    pub detail: String,
    /// After how many seconds to try again, where that is of use; as the header `retry-after` says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after_s: Option<u64>,
    /// Everything that is wrong with the files, where that is the problem.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<FileError>,
    /// Whether an admin can have it all the same, by saying `force`.
    #[serde(default, skip_serializing_if = "is_false")]
    pub forcible: bool,
}

fn is_false(value: &bool) -> bool {
    !value
}

/// One thing wrong in one file, for programs and for people.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FileError {
    /// Its parts.
    #[serde(flatten)]
    pub finding: Finding,
    /// All of it in one line.
    pub text: String,
}

impl From<Finding> for FileError {
    fn from(finding: Finding) -> Self {
        Self { text: finding.to_string(), finding }
    }
}

impl Problem {
    /// A problem of a status, with what exactly is wrong.
    pub fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        Self {
            status: status.as_u16(),
            title: status.canonical_reason().unwrap_or("Error").to_owned(),
            detail: detail.into(),
            retry_after_s: None,
            errors: Vec::new(),
            forcible: false,
        }
    }

    /// The same, where an admin can force it.
    pub fn forcible(self) -> Self {
        Self { forcible: true, ..self }
    }

    /// The files were not loaded.
    pub fn of_files(findings: Vec<Finding>) -> Self {
        let count = findings.len();
        let detail = format!(
            "nothing has changed: {count} {} in the files",
            if count == 1 { "error" } else { "errors" }
        );
        // Who may break a rule can still not serve what cannot be read.
        let forcible = count > 0 && findings.iter().all(|finding| finding.rule.is_some());
        let errors = findings.into_iter().map(FileError::from).collect();
        Self { errors, forcible, ..Self::new(StatusCode::UNPROCESSABLE_ENTITY, detail) }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let retry_after = self.retry_after_s.map(HeaderValue::from);
        let mut response = (status, axum::Json(self)).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        headers.extend(retry_after.map(|seconds| (header::RETRY_AFTER, seconds)));
        response
    }
}
