//! What the settings file holds after a sign-in, told without giving anything away.

use std::path::Path;

use serde_json::Value;

use super::cause::Cause;
use super::hub::SERVER;

/// Keys whose values are shown shortened.
const SECRET: [&str; 5] = [
    "accessToken",
    "refreshToken",
    "clientSecret",
    "clientId",
    "client_id",
];

/// The `oauth` keys of the practice server.
pub(super) fn read(settings: &Path) -> Result<Vec<(String, String)>, Cause> {
    let text = std::fs::read_to_string(settings)?;
    let file: Value = serde_json::from_str(&text)
        .map_err(|error| Cause::Missing(format!("the settings file is no longer JSON: {error}")))?;
    let oauth = file["mcpServers"][SERVER]["oauth"].as_object();
    let oauth = oauth.ok_or_else(|| {
        Cause::Missing("the settings file has no oauth for the server".to_owned())
    })?;
    Ok(oauth
        .iter()
        .map(|(key, value)| (key.clone(), told(key, value)))
        .collect())
}

/// The permission bits of the file, as `0600`.
#[cfg(unix)]
pub(super) fn mode(settings: &Path) -> Result<String, Cause> {
    use std::os::unix::fs::PermissionsExt;
    Ok(format!(
        "{:04o}",
        std::fs::metadata(settings)?.permissions().mode() & 0o7777
    ))
}

#[cfg(not(unix))]
pub(super) fn mode(_settings: &Path) -> Result<String, Cause> {
    Ok("as the folder's".to_owned())
}

fn told(key: &str, value: &Value) -> String {
    match value {
        Value::String(text) if SECRET.contains(&key) => {
            let shown: String = text.chars().take(9).collect();
            format!("{shown}…  ({} characters)", text.chars().count())
        }
        Value::String(text) => text.clone(),
        Value::Object(fields) => {
            let names: Vec<_> = fields.keys().map(String::as_str).collect();
            format!("{{ {} }}", names.join(", "))
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) => value.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_token_is_never_shown_whole() {
        let token = "at-0123456789abcdef";
        let shown = told("accessToken", &json!(token));
        assert_eq!(shown, "at-012345…  (19 characters)");
        assert!(!told("registration", &json!({ "clientSecret": token })).contains(token));
    }
}
