//! What is asked of the calls: parameters of MCPHub's names, and some of our own. One that cannot be meant is refused with a word on it.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use axum::http::Uri;
use hub::activity::Wanted;
use url::form_urlencoded;
use utoipa::IntoParams;

use crate::problem::Problem;

/// As MCPHub has it.
const USUAL_LIMIT: usize = 20;
const MOST: usize = 100;
const USUAL_DAYS: u64 = 30;
const MOST_DAYS: u64 = 36_500;
/// Each is looked for in each text of each call.
const MOST_WORDS: usize = 16;
const A_DAY: u64 = 24 * 60 * 60;

/// Which part of a list.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes what `Asked` reads")]
pub(super) struct Page {
    /// From 1.
    page: Option<usize>,
    /// Calls on a page, up to 100; 20 where nothing is said.
    limit: Option<usize>,
}

/// Which calls.
#[derive(IntoParams)]
#[into_params(parameter_in = Query, rename_all = "camelCase")]
#[expect(dead_code, reason = "describes what `Asked` reads")]
pub(super) struct Narrowed {
    /// Of servers whose name holds this.
    server: Option<String>,
    /// Of tools whose name holds this.
    tool: Option<String>,
    /// `success` or `error`.
    status: Option<String>,
    /// Through groups whose name holds this.
    group: Option<String>,
    /// Of users whose name holds this.
    username: Option<String>,
    /// Of the bearer key with this id.
    key_id: Option<String>,
    /// Of bearer keys whose name holds this.
    key_name: Option<String>,
    /// That ended at or after this time: RFC 3339, or a day.
    start_date: Option<String>,
    /// That ended at or before this time.
    end_date: Option<String>,
    /// Up to 16 words, each of which is in one of the entry's texts.
    text: Option<String>,
    /// `true`: names are what is said, and do not only hold it.
    exact: Option<bool>,
    /// No call with a higher number: further pages stay as they are while more is called.
    up_to: Option<u64>,
}

/// How old.
#[derive(IntoParams)]
#[into_params(parameter_in = Query, rename_all = "camelCase")]
#[expect(dead_code, reason = "describes what `Asked` reads")]
pub(super) struct Old {
    /// Days; 30 where nothing is said, and 0 is everything.
    days_old: Option<u64>,
}

/// What stands in the address.
pub(super) struct Asked<'u>(BTreeMap<Cow<'u, str>, Cow<'u, str>>);

impl<'u> Asked<'u> {
    /// What is said without a value is as good as not said; what is said twice has no meaning.
    pub(super) fn read(uri: &'u Uri) -> Result<Self, Problem> {
        let mut asked = BTreeMap::new();
        let pairs = form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes());
        for (name, value) in pairs.filter(|(_, value)| !value.is_empty()) {
            if asked.contains_key(&name) {
                return Err(Problem::request(format!("{name:?} is said twice")));
            }
            asked.insert(name, value);
        }
        Ok(Self(asked))
    }

    pub(super) fn page(&self) -> Result<(usize, usize), Problem> {
        let page = self.number("page", 1..=u64::MAX)?;
        let limit = self.number("limit", 1..=MOST as u64)?;
        let size = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
        Ok((page.map_or(1, size), limit.map_or(USUAL_LIMIT, size)))
    }

    pub(super) fn age(&self) -> Result<Duration, Problem> {
        let days = self.number("daysOld", 0..=MOST_DAYS)?;
        Ok(Duration::from_secs(days.unwrap_or(USUAL_DAYS) * A_DAY))
    }

    pub(super) fn wanted(&self) -> Result<Wanted, Problem> {
        let text = |name: &str| self.said(name).map(str::to_owned);
        Ok(Wanted {
            server: text("server"),
            tool: text("tool"),
            group: text("group"),
            user: text("username"),
            key_id: text("keyId"),
            key_name: text("keyName"),
            exact: self.one_of("exact", [("true", true), ("false", false)])? == Some(true),
            text: self.words()?.map(str::to_owned),
            success: self.one_of("status", [("success", true), ("error", false)])?,
            since: self.time("startDate", "00:00:00")?,
            until: self.time("endDate", "23:59:59.999")?,
            up_to: self.number("upTo", 0..=u64::MAX)?,
        })
    }

    fn said(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(|value| &**value)
    }

    fn words(&self) -> Result<Option<&str>, Problem> {
        let said = self.said("text");
        let words = said.map_or(0, |text| text.split_whitespace().count());
        if words > MOST_WORDS {
            return Err(Problem::request(format!(
                "text may be up to {MOST_WORDS} words, and is {words}"
            )));
        }
        Ok(said)
    }

    fn number(
        &self,
        name: &str,
        range: std::ops::RangeInclusive<u64>,
    ) -> Result<Option<u64>, Problem> {
        let Some(said) = self.said(name) else {
            return Ok(None);
        };
        let number = said.parse().ok().filter(|number| range.contains(number));
        let (least, most) = range.into_inner();
        let bounds = match most {
            u64::MAX => format!("from {least}"),
            most => format!("from {least} to {most}"),
        };
        let wrong = || Problem::request(format!("{name} must be a number {bounds}, not {said:?}"));
        number.map(Some).ok_or_else(wrong)
    }

    fn one_of(&self, name: &str, known: [(&str, bool); 2]) -> Result<Option<bool>, Problem> {
        let Some(said) = self.said(name) else {
            return Ok(None);
        };
        let found = known.iter().find(|(word, _)| *word == said);
        let [(one, _), (other, _)] = known;
        found.map(|(_, value)| Some(*value)).ok_or_else(|| {
            Problem::request(format!("{name} must be {one:?} or {other:?}, not {said:?}"))
        })
    }

    /// `time_of_day`: what a day without a time means.
    fn time(&self, name: &str, time_of_day: &str) -> Result<Option<SystemTime>, Problem> {
        let Some(said) = self.said(name) else {
            return Ok(None);
        };
        let time = read(said).or_else(|| read(&format!("{said}T{time_of_day}Z")));
        time.map(Some).ok_or_else(|| {
            Problem::request(format!(
                "{name} must be a time like 2026-11-27T21:00:00Z, or a day, not {said:?}"
            ))
        })
    }
}

/// What was before 1970 is as good as then.
fn read(said: &str) -> Option<SystemTime> {
    let milliseconds = said.parse::<jiff::Timestamp>().ok()?.as_millisecond();
    let since = u64::try_from(milliseconds).unwrap_or_default();
    SystemTime::UNIX_EPOCH.checked_add(Duration::from_millis(since))
}
