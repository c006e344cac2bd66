//! Whose each request is, over lists that the tests make up.

use std::collections::HashMap;

use super::*;
use crate::catalog::tests::{SETTINGS, listed, shape_at};

/// What each server lists; all are connected unless named in `away`.
struct Servers<'s> {
    shape: &'s Shape,
    lists: HashMap<&'static str, Arc<Listed>>,
    away: &'static [&'static str],
}

impl Lists for Servers<'_> {
    fn known(&self, server: &str) -> Option<Known> {
        Some(Known {
            listed: self.lists.get(server).cloned().unwrap_or_default(),
            complete: !self.away.contains(&server),
        })
    }

    fn merged(&self, listing: Listing) -> Arc<Merged> {
        let of = |member: &Member| self.lists.get(&*member.server).cloned();
        self.shape
            .merged(listing, self.shape.members.iter().map(of).collect())
    }
}

fn servers<'s>(
    shape: &'s Shape,
    listing: Listing,
    lists: &[(&'static str, &[&str])],
) -> Servers<'s> {
    let lists = lists
        .iter()
        .map(|(server, names)| (*server, listed(listing, names)));
    Servers {
        shape,
        lists: lists.collect(),
        away: &[],
    }
}

fn call(method: &str, params: &str) -> Message {
    Message::request("1", method, Some(params))
}

fn to(server: &str, method: &str, params: &str) -> Result<Route, Unroutable> {
    Ok(Route::To {
        server: server.into(),
        request: call(method, params),
    })
}

fn missing(listing: Listing, name: &str) -> Result<Route, Unroutable> {
    Ok(Route::Missing(Missing {
        listing,
        name: name.into(),
    }))
}

#[test]
fn a_tool_goes_to_the_owner_of_its_prefix_under_its_own_name() {
    let shape = shape_at(SETTINGS, None).unwrap();
    let servers = servers(
        &shape,
        Listing::Tools,
        &[("a", &["loud"]), ("a-b", &["x"]), ("team/c", &["y-z"])],
    );
    let routed = |name: &str| {
        let params = format!(r#"{{"arguments":{{"name":1e999}}, "name":"{name}","_meta":{{}}}}"#);
        route(&shape, &servers, call("tools/call", &params))
    };
    let bare =
        |name: &str| format!(r#"{{"arguments":{{"name":1e999}}, "name":"{name}","_meta":{{}}}}"#);
    assert_eq!(routed("a-loud"), to("a", "tools/call", &bare("loud")));
    assert_eq!(routed("a-b-x"), to("a-b", "tools/call", &bare("x")));
    assert_eq!(
        routed("team/c-y-z"),
        to("team/c", "tools/call", &bare("y-z"))
    );
}

#[test]
fn of_two_possible_owners_the_one_that_has_it_is_meant() {
    let shape = shape_at(SETTINGS, None).unwrap();
    let servers = servers(
        &shape,
        Listing::Tools,
        &[("a", &["b-only"]), ("a-b", &["other"])],
    );
    let routed = route(
        &shape,
        &servers,
        call("tools/call", r#"{"name":"a-b-only"}"#),
    );
    assert_eq!(routed, to("a", "tools/call", r#"{"name":"b-only"}"#));
}

#[test]
fn a_name_that_two_servers_show_means_the_one_that_is_listed() {
    let shape = shape_at(SETTINGS, None).unwrap();
    let mut servers = servers(&shape, Listing::Tools, &[("a", &["b-x"]), ("a-b", &["x"])]);
    let call = || call("tools/call", r#"{"name":"a-b-x"}"#);
    let to_first = to("a", "tools/call", r#"{"name":"b-x"}"#);
    assert_eq!(route(&shape, &servers, call()), to_first);
    servers.lists.remove("a-b");
    servers.away = &["a-b"];
    assert_eq!(route(&shape, &servers, call()), to_first);
}

#[test]
fn an_address_told_apart_by_a_hub_behind_this_one_leads_there_as_it_is() {
    let shape = shape_at(SETTINGS, None).unwrap();
    let listed = [("a-b", &["mcphub+owner:inner/file:///x"][..])];
    let servers = servers(&shape, Listing::Resources, &listed);
    let params = r#"{"uri":"mcphub+owner:inner/file:///x"}"#;
    assert_eq!(
        route(&shape, &servers, call("resources/read", params)),
        to("a-b", "resources/read", params)
    );
}

#[test]
fn hidden_and_missing_tools_get_the_same_answer() {
    let shape = shape_at(SETTINGS, None).unwrap();
    let servers = servers(&shape, Listing::Tools, &[("a", &["loud", "hidden"])]);
    for name in ["a-hidden", "a-nope", "nobody-x", "a-", "a", ""] {
        let params = format!(r#"{{"name":"{name}"}}"#);
        let routed = route(&shape, &servers, call("tools/call", &params));
        assert_eq!(routed, missing(Listing::Tools, name), "{name}");
    }
}

#[test]
fn a_server_that_is_away_is_asked_for_what_it_never_listed() {
    let shape = shape_at(SETTINGS, None).unwrap();
    let mut servers = servers(&shape, Listing::Tools, &[]);
    servers.away = &["a"];
    let routed = |name| {
        route(
            &shape,
            &servers,
            call("tools/call", &format!(r#"{{"name":"{name}"}}"#)),
        )
    };
    assert_eq!(routed("a-any"), to("a", "tools/call", r#"{"name":"any"}"#));
    assert_eq!(routed("a-hidden"), missing(Listing::Tools, "a-hidden"));
}

#[test]
fn a_single_server_gets_its_requests_as_they_are_and_hidden_things_are_missing() {
    let text = SETTINGS.replace(r#""name": "a", "#, r#""name": "other", "#);
    let shape = shape_at(&text, Some("a")).unwrap();
    let servers = servers(&shape, Listing::Tools, &[("a", &["loud", "hidden"])]);
    let routed = |method: &str, params: &str| route(&shape, &servers, call(method, params));
    assert_eq!(
        routed("tools/call", r#"{"name":"loud"}"#),
        to("a", "tools/call", r#"{"name":"loud"}"#)
    );
    assert_eq!(
        routed("tools/call", r#"{"name":"hidden"}"#),
        missing(Listing::Tools, "hidden")
    );
    assert_eq!(
        routed("tools/call", r#"{"name":"nope"}"#),
        missing(Listing::Tools, "nope")
    );
    // No prompt is hidden here, so the server says itself what it does not have.
    assert_eq!(
        routed("prompts/get", r#"{"name":"p"}"#),
        to("a", "prompts/get", r#"{"name":"p"}"#)
    );
}

#[test]
fn a_resource_goes_to_its_owner_and_a_prefix_comes_off() {
    let shape = shape_at(SETTINGS, None).unwrap();
    let lists: &[(&'static str, &[&str])] = &[
        ("a", &["file:///x"]),
        ("a-b", &["file:///x", "file:///secret"]),
    ];
    let servers = servers(&shape, Listing::Resources, lists);
    let routed = |uri: &str| {
        route(
            &shape,
            &servers,
            call("resources/read", &format!(r#"{{"uri":"{uri}"}}"#)),
        )
    };
    let plain = r#"{"uri":"file:///x"}"#;
    assert_eq!(routed("file:///x"), to("a", "resources/read", plain));
    assert_eq!(
        routed("mcphub+owner:a-b/file:///x"),
        to("a-b", "resources/read", plain)
    );
    for hidden in [
        "mcphub+owner:a-b/file:///secret",
        "mcphub+owner:nobody/file:///x",
        "file:///nowhere",
    ] {
        assert_eq!(routed(hidden), missing(Listing::Resources, hidden));
    }
}

#[test]
fn an_address_that_only_a_template_explains_goes_to_the_most_literal_template() {
    let shape = shape_at(SETTINGS, None).unwrap();
    let lists: &[(&'static str, &[&str])] =
        &[("a", &["test://{any}"]), ("a-b", &["test://{id}/data"])];
    let servers = servers(&shape, Listing::Templates, lists);
    let routed = |uri: &str| {
        route(
            &shape,
            &servers,
            call("resources/subscribe", &format!(r#"{{"uri":"{uri}"}}"#)),
        )
    };
    assert_eq!(
        routed("test://1/data"),
        to("a-b", "resources/subscribe", r#"{"uri":"test://1/data"}"#)
    );
    assert_eq!(
        routed("test://1"),
        to("a", "resources/subscribe", r#"{"uri":"test://1"}"#)
    );
}

#[test]
fn an_address_that_nobody_lists_goes_to_the_only_server_with_resources() {
    let shape = shape_at(SETTINGS, None).unwrap();
    let servers = servers(
        &shape,
        Listing::Resources,
        &[("team/c", &["file:///known"])],
    );
    let routed = route(
        &shape,
        &servers,
        call("resources/read", r#"{"uri":"file:///new"}"#),
    );
    assert_eq!(
        routed,
        to("team/c", "resources/read", r#"{"uri":"file:///new"}"#)
    );
}

#[test]
fn a_completion_goes_to_the_owner_of_the_prompt_or_template() {
    let shape = shape_at(SETTINGS, None).unwrap();
    let prompts = servers(&shape, Listing::Prompts, &[("a", &["ask"])]);
    let params = |name: &str| {
        format!(r#"{{"ref":{{"type":"ref/prompt","name":"{name}"}},"argument":{{"name":"x"}}}}"#)
    };
    let routed = route(
        &shape,
        &prompts,
        call("completion/complete", &params("a-ask")),
    );
    assert_eq!(routed, to("a", "completion/complete", &params("ask")));
    let templates = servers(&shape, Listing::Templates, &[("a-b", &["test://{id}"])]);
    let params = r#"{"ref":{"type":"ref/resource","uri":"test://{id}"},"argument":{}}"#;
    let routed = route(&shape, &templates, call("completion/complete", params));
    assert_eq!(routed, to("a-b", "completion/complete", params));
}

#[test]
fn a_name_written_twice_is_refused_because_two_readers_could_differ() {
    let shape = shape_at(SETTINGS, None).unwrap();
    let servers = servers(&shape, Listing::Tools, &[("a", &["loud", "hidden"])]);
    let routed = route(
        &shape,
        &servers,
        call("tools/call", r#"{"name":"a-loud","name":"a-hidden"}"#),
    );
    assert!(matches!(routed, Err(Unroutable::Unreadable(_))));
    let nameless = route(&shape, &servers, call("tools/call", "{}")).unwrap_err();
    assert_eq!(
        nameless.to_string(),
        "tools/call needs the string params.name"
    );
}

#[test]
fn a_method_that_names_nothing_is_not_routed_by_name() {
    let shape = shape_at(SETTINGS, None).unwrap();
    let servers = servers(&shape, Listing::Tools, &[]);
    let request = call("tasks/list", "{}");
    assert_eq!(
        route(&shape, &servers, request.clone()),
        Ok(Route::Nameless(request))
    );
}
