//! The route of the report of availability.

use std::time::{Duration, SystemTime};

use axum::Json;
use axum::extract::State;
use axum::response::IntoResponse as _;
use serde::Deserialize;

use super::asked::{Asked, bad};
use super::routes::{Answer, Shared};
use super::turns::Long;
use crate::clock;
use crate::duration::parse_duration;
use crate::timestamp::{from_rfc3339, is_writable};
use crate::uptime::{Period, Report};

/// More is not kept.
const LONGEST: Duration = Duration::from_secs(400 * 24 * 60 * 60);

/// Of which time.
#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct ReportQuery {
    /// From when: a time (RFC 3339), or how long ago.
    #[param(example = "30d")]
    since: String,
    /// Until when, in the same way; default: now. At most 400 days lie between them.
    until: Option<String>,
}

/// How available everything was
///
/// By what this daemon has seen and answered. What people or a plan took out counts neither for availability nor against it.
#[utoipa::path(get, path = "/api/v1/report", tag = "standing", params(ReportQuery), responses(
    (status = 200, description = "As far as anybody looked.", body = Report),
    (status = 503, description = "What was written down cannot be read; or others take long over it.",
        headers(("retry-after" = u64, description = "In seconds, where others take long."))),
))]
pub(super) async fn report(
    State(shared): State<Shared>,
    Asked(ReportQuery { since, until }): Asked<ReportQuery>,
) -> Answer {
    let period = period(&since, until.as_deref(), clock::wall_now()).map_err(bad)?;
    let until = until.map(|_| period.until);
    let report = shared
        .call_in_turn(Long::Report, move |control| control.uptime(period.since, until))
        .await??;
    Ok(Json(report).into_response())
}

/// Both are times, or so long ago.
fn period(since: &str, until: Option<&str>, now: SystemTime) -> Result<Period, String> {
    let period = Period {
        since: moment("since", since, now)?,
        until: until.map_or(Ok(now), |until| moment("until", until, now))?,
    };
    let length = period.until.duration_since(period.since).unwrap_or_default();
    if length.is_zero() {
        return Err("since: found what is not before the end; expected an earlier time".into());
    }
    if period.until > now {
        return Err("until: found a time that is still to come; expected one that has been".into());
    }
    if length > LONGEST {
        return Err("since: found more than 400d; expected less, for no more is kept".into());
    }
    Ok(period)
}

fn moment(key: &str, text: &str, now: SystemTime) -> Result<SystemTime, String> {
    let ago = parse_duration(text).ok().and_then(|ago| now.checked_sub(ago));
    let time = ago.or_else(|| from_rfc3339(text).ok()).filter(|time| is_writable(*time));
    time.ok_or_else(|| {
        format!(
            "{key}: found {text:?}; expected how long ago, such as \"30d\", or a time, such as \
             \"2026-11-01T00:00:00Z\""
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_absolute_or_ago() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000);
        let ago = |days: u64| now - Duration::from_secs(days * 86_400);
        let of = |since, until| period(since, until, now).map(|p| (p.since, p.until));
        assert_eq!(of("30d", None), Ok((ago(30), now)));
        assert_eq!(of("30d", Some("10d")), Ok((ago(30), ago(10))));
        assert_eq!(of("2027-01-14T08:00:00Z", None), Ok((ago(1), now)));
        for (since, until, why) in [
            ("0s", None, "since: found what is not before"),
            ("1d", Some("2d"), "since: found what is not before"),
            ("1d", Some("2027-01-16T00:00:00Z"), "until: found a time that is still to come"),
            ("401d", None, "since: found more than 400d"),
            ("yesterday", None, "since: found \"yesterday\"; expected how long ago"),
            ("1d", Some(""), "until: found \"\""),
            ("18446744073709551615ms", None, "since: found"),
            ("-009999-01-01T00:00:00Z", None, "since: found \"-009999"),
        ] {
            let found = of(since, until).unwrap_err();
            assert!(found.starts_with(why), "{since} {until:?}: {found}");
        }
    }
}
