//! What each endpoint shows, to whom, and under which names.

mod model;

use std::collections::BTreeSet;

use mcp::merge::{self, Entry};
use secrecy::SecretString;

use super::*;
use crate::access::{Access, Door, Group, Key, Member as GroupMember, Rules};
use crate::upstream::Listed;

pub(crate) const SETTINGS: &str = r#"{
  "mcpServers": {
    "a": { "url": "http://127.0.0.1:1/mcp", "tools": { "hidden": { "enabled": false }, "a-loud": { "enabled": true, "description": "in our words" } } },
    "a-b": { "command": "x", "resources": { "file:///secret": { "enabled": false } } },
    "off": { "command": "x", "enabled": false },
    "team/c": { "command": "x" }
  },
  "groups": [
    { "id": "g1", "name": "dev", "servers": ["a", { "name": "a-b", "alias": "short", "tools": ["one"], "prompts": [] }, "off", "gone"] },
    { "id": "g2", "name": "a", "servers": ["team/c"] }
  ]
}"#;

pub(crate) fn settings(text: &str) -> Settings {
    let file = settings::File::parse(text).unwrap();
    settings::resolve(&file, &|_| None)
}

pub(crate) fn shape_at(text: &str, name: Option<&str>) -> Result<Shape, Nowhere> {
    shape::compile(&settings(text), &endpoint(name), &Caller::anyone())
}

pub(crate) fn listed(listing: Listing, names: &[&str]) -> Arc<Listed> {
    let key = listing.entry_key();
    let entry = |name: &&str| Entry {
        name: (*name).into(),
        raw: format!("{{\"x\":1.0,\"{key}\":\"{name}\"}}").into(),
    };
    let entries: Vec<_> = names.iter().map(entry).collect();
    let mut listed = Listed::default();
    match listing {
        Listing::Tools => listed.tools = entries,
        Listing::Prompts => listed.prompts = entries,
        Listing::Resources => listed.resources = entries,
        Listing::Templates => listed.templates = entries,
    }
    Arc::new(listed)
}

fn endpoint(name: Option<&str>) -> Endpoint {
    name.map_or(Endpoint::Everything, |name| Endpoint::Named(name.into()))
}

fn members(shape: &Shape) -> Vec<(&str, &str)> {
    shape
        .members
        .iter()
        .map(|m| (&*m.server, &*m.shown))
        .collect()
}

fn names(listing: Listing, merged: &Merged) -> Vec<String> {
    let page = merge::page(listing, &merged.result).unwrap();
    page.entries
        .into_iter()
        .map(|entry| entry.name.into())
        .collect()
}

#[test]
fn the_endpoint_without_a_name_shows_what_is_switched_on_in_the_order_of_the_file() {
    let shape = shape_at(SETTINGS, None).unwrap();
    assert_eq!(
        members(&shape),
        [("a", "a"), ("a-b", "a-b"), ("team/c", "team/c")]
    );
    assert!(!shape.transparent);
}

#[test]
fn a_group_wins_over_a_server_of_its_name_and_is_found_by_id_too() {
    assert_eq!(
        members(&shape_at(SETTINGS, Some("a")).unwrap()),
        [("team/c", "team/c")]
    );
    assert_eq!(
        members(&shape_at(SETTINGS, Some("g2")).unwrap()),
        [("team/c", "team/c")]
    );
}

#[test]
fn a_server_with_a_slash_in_its_name_has_an_endpoint() {
    let shape = shape_at(SETTINGS, Some("team/c")).unwrap();
    assert!(shape.transparent);
    assert_eq!(members(&shape), [("team/c", "team/c")]);
}

#[test]
fn a_group_shows_its_own_choice_under_its_own_alias() {
    let shape = shape_at(SETTINGS, Some("dev")).unwrap();
    assert_eq!(members(&shape), [("a", "a"), ("a-b", "short")]);
    let sources = vec![
        Some(listed(Listing::Tools, &["loud", "hidden", "quiet"])),
        Some(listed(Listing::Tools, &["one", "two"])),
    ];
    let merged = shape.merged(Listing::Tools, sources);
    assert_eq!(
        names(Listing::Tools, &merged),
        ["a-loud", "a-quiet", "short-one"]
    );
    assert!(merged.result.contains("\"description\":\"in our words\""));
    let prompts = vec![None, Some(listed(Listing::Prompts, &["p"]))];
    assert!(names(Listing::Prompts, &shape.merged(Listing::Prompts, prompts)).is_empty());
}

#[test]
fn what_is_not_there_is_told_with_what_helps() {
    let text =
        |name: Option<&str>, settings: &str| shape_at(settings, name).unwrap_err().to_string();
    assert!(text(Some("nope"), SETTINGS).contains("no group or server named \"nope\""));
    assert!(text(Some("off"), SETTINGS).contains("mcpServers.off.enabled"));
    let closed = r#"{ "systemConfig": { "routing": { "enableGlobalRoute": false } } }"#;
    assert!(text(None, closed).contains("enableGlobalRoute"));
}

#[test]
fn groups_are_found_by_id_only_when_names_are_switched_off() {
    let text = SETTINGS.replacen(
        '{',
        r#"{ "systemConfig": { "routing": { "enableGroupNameRoute": false } },"#,
        1,
    );
    assert!(shape_at(&text, Some("dev")).is_err());
    assert!(shape_at(&text, Some("g1")).is_ok());
    assert_eq!(members(&shape_at(&text, Some("a")).unwrap()), [("a", "a")]);
}

#[test]
fn a_caller_sees_nothing_beyond_its_reach_and_cannot_tell_it_from_nothing() {
    let key = Key {
        id: "k".into(),
        name: "k".into(),
        token: SecretString::from("t"),
        enabled: true,
        access: Access::Groups(vec!["dev".into()]),
        owner: None,
    };
    let member = |server: &str, whole| GroupMember {
        server: server.into(),
        whole,
    };
    let dev = Group {
        id: "g1".into(),
        name: "dev".into(),
        members: vec![member("a", true), member("a-b", false)],
        sharing: settings::Sharing::default(),
    };
    let door = Door {
        bearer_required: Some(true),
        loopback: true,
    };
    let caller = Rules::new(door, &[key], &[dev]).admit(Some("t")).unwrap();
    let settings = settings(SETTINGS);
    let seen = |name| shape::compile(&settings, &endpoint(name), &caller);
    assert_eq!(members(&seen(None).unwrap()), [("a", "a")]);
    assert_eq!(
        members(&seen(Some("dev")).unwrap()),
        [("a", "a"), ("a-b", "short")]
    );
    let names: BTreeSet<_> = ["a-b", "team/c", "g2", "nope"]
        .map(|name| {
            seen(Some(name))
                .unwrap_err()
                .to_string()
                .replace(name, "NAME")
        })
        .into();
    assert_eq!(names.len(), 1, "{names:?}");
}

#[test]
fn equal_addresses_of_two_servers_are_told_apart_and_hidden_ones_left_out() {
    let shape = shape_at(SETTINGS, None).unwrap();
    let sources = vec![
        Some(listed(Listing::Resources, &["file:///x"])),
        Some(listed(Listing::Resources, &["file:///x", "file:///secret"])),
        Some(listed(Listing::Resources, &["file:///x", "file:///y"])),
    ];
    let merged = shape.merged(Listing::Resources, sources);
    let expected = [
        "file:///x",
        "mcphub+owner:a-b/file:///x",
        "mcphub+owner:team%2Fc/file:///x",
        "file:///y",
    ];
    assert_eq!(names(Listing::Resources, &merged), expected);
    let bare = "file:///x";
    assert_eq!(merged.owner("file:///x"), Some(Owner { place: 0, bare }));
    let second = merged.owner("mcphub+owner:a-b/file:///x");
    assert_eq!(second, Some(Owner { place: 1, bare }));
    assert_eq!(merged.owner("file:///secret"), None);
}

#[test]
fn a_merged_list_is_made_once_and_anew_when_a_server_lists_something_else() {
    let shape = shape_at(SETTINGS, None).unwrap();
    let (a, b) = (
        listed(Listing::Tools, &["x"]),
        listed(Listing::Tools, &["y"]),
    );
    let sources = |second: &Arc<Listed>| vec![Some(Arc::clone(&a)), Some(Arc::clone(second)), None];
    let first = shape.merged(Listing::Tools, sources(&b));
    assert!(Arc::ptr_eq(
        &first,
        &shape.merged(Listing::Tools, sources(&b))
    ));
    let other = shape.merged(Listing::Tools, sources(&listed(Listing::Tools, &["z"])));
    assert_eq!(names(Listing::Tools, &other), ["a-x", "a-b-z"]);
}

#[test]
fn of_two_servers_that_show_the_same_name_the_first_is_listed() {
    let shape = shape_at(SETTINGS, None).unwrap();
    let sources = vec![
        Some(listed(Listing::Tools, &["b-x"])),
        Some(listed(Listing::Tools, &["x"])),
        None,
    ];
    assert_eq!(
        names(Listing::Tools, &shape.merged(Listing::Tools, sources)),
        ["a-b-x"]
    );
}

#[test]
fn a_change_of_the_settings_that_shows_nothing_new_is_the_same_shape() {
    let with_token = SETTINGS.replace(
        r#""a": { "url""#,
        r#""a": { "oauth": { "accessToken": "t" }, "url""#,
    );
    let (before, after) = (
        shape_at(SETTINGS, None).unwrap(),
        shape_at(&with_token, None).unwrap(),
    );
    assert_eq!(before, after);
    let renamed = SETTINGS.replace("\"hidden\"", "\"visible\"");
    assert_ne!(before, shape_at(&renamed, None).unwrap());
}
