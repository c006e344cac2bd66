//! What can only be seen by looking at several parts of the file together.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::file::File;
use crate::group::Sharing;
use crate::problem::{Problem, nearest};
use crate::reader::shown;
use crate::resolve::{Settings, resolve};
use crate::server::{Server, Transport, may_be_passed_on};
use crate::user::ADMIN;

/// All that a person should change in a file, in one environment.
pub fn check(file: &File, lookup: &dyn Fn(&str) -> Option<String>) -> Vec<Problem> {
    resolve(file, lookup).problems
}

pub(crate) fn across(file: &File, settings: &mut Settings) {
    let mut found = Vec::new();
    for path in file.written_twice() {
        let key = path.last().map_or("", String::as_str);
        let problem = Problem::warning(
            path,
            format!(
                "`{}` is written more than once, and the last one counts",
                shown(key)
            ),
        );
        found.push(problem.cure("remove the others"));
    }
    for server in &settings.servers {
        misplaced(file, server, &mut found);
    }
    members(settings, &mut found);
    people(file, settings, &mut found);
    let mut names = BTreeSet::new();
    for (index, group) in settings.groups.iter().enumerate() {
        if !names.insert(&group.name) {
            let path = ["groups".to_owned(), index.to_string(), "name".to_owned()];
            let message = format!(
                "another group is named `{}`, and that one is served",
                shown(&group.name)
            );
            found.push(Problem::warning(&path, message).cure("give it a name of its own"));
        }
    }
    settings.problems.append(&mut found);
}

/// Keys that make no difference for a server of this kind.
fn misplaced(file: &File, server: &Server, found: &mut Vec<Problem>) {
    let path_to = |key: &str| ["mcpServers".to_owned(), server.name.clone(), key.to_owned()];
    let never = |name: &&String| !may_be_passed_on(name.trim());
    for name in server.passthrough_headers.iter().filter(never) {
        let message = format!(
            "`{}` belongs to one connection or to the protocol, and is never passed on",
            shown(name)
        );
        found.push(Problem::warning(&path_to("passthroughHeaders"), message));
    }
    match &server.transport {
        Ok(Transport::Http { .. }) if server.start_on_demand => {
            let message = "only local servers are started on demand; it makes no difference here";
            found.push(Problem::warning(&path_to("startOnDemand"), message));
        }
        Ok(Transport::Stdio { .. })
            if file
                .at(&path_to("oauth"))
                .is_some_and(|oauth| !oauth.is_null()) =>
        {
            let message = "a local server has no sign-in; it makes no difference here";
            found.push(Problem::warning(&path_to("oauth"), message));
        }
        Ok(_) | Err(_) => {}
    }
}

/// Owners, and those with whom something is shared, who are no users: what is misspelt opens nothing, and whoever gets the name later would come in.
fn people(file: &File, settings: &Settings, found: &mut Vec<Problem>) {
    for server in &settings.servers {
        strangers(
            &["mcpServers", &server.name],
            &server.sharing,
            settings,
            found,
        );
    }
    let groups = file.at(&["groups".to_owned()]).and_then(Value::as_array);
    for (index, entry) in groups.into_iter().flatten().enumerate() {
        let id = entry.get("id").or_else(|| entry.get("name"));
        let id = id.and_then(Value::as_str).unwrap_or_default();
        if let Some(group) = settings.groups.iter().find(|group| group.id == id) {
            strangers(
                &["groups", &index.to_string()],
                &group.sharing,
                settings,
                found,
            );
        }
    }
}

fn strangers(place: &[&str], sharing: &Sharing, settings: &Settings, found: &mut Vec<Problem>) {
    let is_user = |name: &str| {
        let mut users = settings.users.iter();
        name.is_empty() || name == ADMIN || users.any(|user| user.username == name)
    };
    let owner = sharing.owner.iter().map(|name| ("owner", name));
    let others = sharing
        .with_users
        .iter()
        .map(|name| ("sharedWithUsers", name));
    for (key, name) in owner.chain(others).filter(|(_, name)| !is_user(name)) {
        let path: Vec<String> = place
            .iter()
            .chain(&[key])
            .map(|&part| part.to_owned())
            .collect();
        let problem = Problem::warning(&path, format!("`{}` is no user", shown(name)));
        let names = settings.users.iter().map(|user| user.username.as_str());
        found.push(match nearest(name, names) {
            Some(name) => problem.cure(format!("did you mean `{name}`?")),
            None => problem.cure("write a name of `users`, or take this one out"),
        });
    }
}

fn members(settings: &Settings, found: &mut Vec<Problem>) {
    for (index, group) in settings.groups.iter().enumerate() {
        for member in group
            .servers
            .iter()
            .filter(|member| !settings.servers.contains(&member.name))
        {
            let path = ["groups".to_owned(), index.to_string(), "servers".to_owned()];
            let message = format!(
                "group `{}` names `{}`, which is no server",
                shown(&group.name),
                shown(&member.name)
            );
            let problem = Problem::warning(&path, message);
            found.push(match nearest(&member.name, settings.servers.names()) {
                Some(name) => problem.cure(format!("did you mean `{name}`?")),
                None => problem.cure("add the server, or take the name out"),
            });
        }
    }
}
