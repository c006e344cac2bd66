//! When a hub does not answer as wished: what the person is told, and what helps.

use hub::cause::Cause;
use reqwest::StatusCode;
use serde_json::Value;

use super::{Hub, shape};
use crate::failure::{Exit, Failure, root};

/// The name that no server of the hub has, where that is what is wrong.
pub(super) fn unknown_server(answer: &Value) -> Option<String> {
    let cause = answer["errorCode"].as_str().and_then(Cause::find)?;
    let message = answer["message"].as_str()?;
    let (_, rest) = message.split_once('"')?;
    let (name, _) = rest.split_once('"')?;
    (cause == Cause::NoSuchServer).then(|| name.to_owned())
}

impl Failure {
    /// The code that the hub told, if it is one of ours.
    fn told_code(self, answer: &Value) -> Self {
        match answer["errorCode"].as_str().and_then(Cause::find) {
            Some(cause) => self.cause(cause),
            None => self,
        }
    }
}

impl Hub {
    pub(super) fn refused(&self, status: StatusCode, answer: &Value) -> Failure {
        let message = answer["message"]
            .as_str()
            .or_else(|| answer["error"].as_str())
            .unwrap_or("the hub gave no reason");
        // A server's own words may be in it, and lines that look like ours are for nobody to make.
        // rule: safe-x02
        let message = &*message.replace(hub::explained::steers, " ");
        if answer["code"] == "read_only" {
            return Failure::api(message)
                .told_code(answer)
                .cure("start the hub without READONLY to change something in it");
        }
        // Whoever asks by command is told of commands.
        let message = message.split("; GET /api/").next().unwrap_or(message);
        // The operator of the machine is no user of the hub, and a key is none either.
        if status == StatusCode::FORBIDDEN && answer["code"] == "no_user" {
            return Failure::api(message).told_code(answer).cure(
                "sign in on the dashboard, logged in as the user whose sign-in it is to be; or give his login token (of POST /api/auth/login) with `--token` or MCPHUB_TOKEN",
            );
        }
        if status == StatusCode::UNAUTHORIZED || status == StatusCode::FORBIDDEN {
            return Failure::api(format!("{} did not let us in: {message}", self.address()))
                .told_code(answer)
                .cure("on the hub's own machine run this as the user who runs the hub; elsewhere give `--token` (or MCPHUB_TOKEN) with a login token or a bearer key for all servers");
        }
        let exit = if answer["code"] == shape::SIGN_IN_NEEDED {
            Exit::SignInNeeded
        } else {
            Exit::Api
        };
        let failure = Failure::new(exit, message)
            .told_code(answer)
            .explained(answer.get("explained"));
        match (answer["action"].as_str(), answer["code"].as_str()) {
            (Some(action), _) => failure.cure(action),
            (None, Some("no_such_tool")) => {
                failure.cure("`mcphub servers get <server>` lists its tools")
            }
            (None, Some("no_such_group")) => failure.cure("`mcphub groups` lists the names"),
            (None, Some("no_such_key")) => failure.cure("`mcphub keys` lists them"),
            (None, Some("no_such_client")) => failure.cure("`mcphub clients` lists the ids"),
            (None, Some(_) | None) if status == StatusCode::NOT_FOUND => {
                failure.cure("`mcphub servers` lists the names")
            }
            (None, Some(_) | None) => failure,
        }
    }

    pub(super) fn no_hub(&self, status: StatusCode) -> Failure {
        Failure::new(
            Exit::Unreachable,
            format!(
                "what answers at {} is no MCPHub: {status} without JSON",
                self.address()
            ),
        )
        .cause(Cause::NoHub)
        .cure("name the hub with `--url` or MCPHUB_URL, with its BASE_PATH when it has one")
    }

    pub(super) fn unreachable(&self, error: &reqwest::Error) -> Failure {
        let slow = if error.is_timeout() {
            "answers in time"
        } else {
            "answers"
        };
        let failure = Failure::new(
            Exit::Unreachable,
            format!("no hub {slow} at {}: {}", self.address(), root(error)),
        )
        .cause(Cause::NoHub);
        match self.others.as_slice() {
            [] if self.is_on_this_machine() => failure
                .cure("start it with `mcphub`, or name another one with `--url` or MCPHUB_URL"),
            [] => failure.cure(
                "look whether it runs and whether the address is right (`--url` or MCPHUB_URL)",
            ),
            others => failure.cure(format!(
                "start it with `mcphub`, or name one that was started on this machine: --url {}",
                others.join(", --url ")
            )),
        }
    }
}
