//! With whom a group or a server is shared: what may be written of it. What it opens to whom is said by `hub::access`.
//!
//! What stands there already stays, also the name of somebody who is no user any more: whoever changes something else need not mend that first.

use serde_json::Value;
use settings::File;

use super::lists;
use crate::problem::Problem;

pub(super) const VISIBILITY: &str = "visibility";
pub(super) const SHARED_WITH: &str = "sharedWithUsers";
const WORDS: [&str; 3] = ["private", "group", "public"];

/// Refuses what nobody could read of `new`, and users who are not there: whoever gets such a name later would come into what is shared with it.
pub(super) fn check(file: &File, old: Option<&Value>, new: &Value) -> Result<(), Problem> {
    let sent = |key| {
        let before = old.and_then(|old| old.get(key));
        new.get(key)
            .filter(|it| !it.is_null() && Some(*it) != before)
    };
    if let Some(word) = sent(VISIBILITY)
        && !word.as_str().is_some_and(|word| WORDS.contains(&word))
    {
        return Err(Problem::request(
            "visibility must be \"private\", \"group\" or \"public\"",
        ));
    }
    match sent(SHARED_WITH) {
        Some(names) => known_users(file, old, names),
        None => Ok(()),
    }
}

fn known_users(file: &File, old: Option<&Value>, names: &Value) -> Result<(), Problem> {
    let names = names.as_array().and_then(|names| {
        let names = names.iter().map(Value::as_str);
        names.collect::<Option<Vec<&str>>>()
    });
    let names = names
        .ok_or_else(|| Problem::request("sharedWithUsers must be a list of the names of users"))?;
    let before = old.and_then(|old| old.get(SHARED_WITH)?.as_array());
    let is_known = |name: &str| {
        before.is_some_and(|before| before.iter().any(|it| it == name))
            || lists::find(file, "users", |user| user["username"] == name).is_some()
    };
    let unknown: Vec<String> = names
        .into_iter()
        .filter(|name| !is_known(name))
        .map(|name| format!("{name:?}"))
        .collect();
    let there_are = match unknown.as_slice() {
        [] => return Ok(()),
        [_] => "there is no user named",
        _ => "there are no users named",
    };
    Err(Problem::request(format!(
        "{there_are} {}; GET /api/users lists them",
        unknown.join(", ")
    )))
}
