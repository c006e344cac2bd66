//! The way through the list on a hub that is one person's own.

use http::{Method, StatusCode, header};
use lab::{Browser, Decision};
use serde_json::json;

use crate::person::{Person, onward, own_hub};
use crate::stage::{Stage, request};

#[tokio::test]
async fn one_click_for_each_leads_through_all_servers_and_back_to_the_list() {
    let names = ["one", "two", "three"];
    let (worlds, stage) = own_hub(&names).await;
    let mut person = Person::default();
    let list = person.opens(&stage, "/connect").await;
    assert_eq!(list.status, StatusCode::OK, "{}", list.text);
    assert!(
        list.text.contains("3 servers wait for a sign-in"),
        "{}",
        list.text
    );
    assert!(list.text.contains("tools:read") && list.text.contains("Login server"));
    assert!(!list.text.contains("<script") && !list.text.contains("type=\"password\""));
    let before: usize = worlds.iter().map(|world| world.requests().len()).sum();
    person.opens(&stage, "/connect").await;
    let after: usize = worlds.iter().map(|world| world.requests().len()).sum();
    assert_eq!(before, after, "looking asks nobody anything");

    for (place, name) in (1..).zip(names) {
        let back = person.signs_in(&stage, name, Decision::Allow).await;
        assert_eq!(back.status, StatusCode::SEE_OTHER, "{}", back.text);
        assert_eq!(back.header(header::LOCATION), "../connect");
        let list = person.opens(&stage, "/connect").await;
        let said = match names.get(place) {
            Some(next) => format!("Next: {next} ({} of 3)", place + 1),
            None => "All are signed in".to_owned(),
        };
        assert!(list.text.contains(&said), "{said} in {}", list.text);
        assert_eq!(
            list.text
                .matches("Signed in and connected, 4 tools")
                .count(),
            place
        );
        assert_eq!(list.text.matches("<button").count(), names.len() - place);
    }
    for world in worlds {
        assert_eq!(world.counts().tokens_issued, 1);
    }
}

#[tokio::test]
async fn a_no_is_told_and_leads_back_and_the_server_still_waits() {
    let (_worlds, stage) = own_hub(&["one", "two"]).await;
    let mut person = Person::default();
    person.opens(&stage, "/connect").await;
    let refused = person.signs_in(&stage, "one", Decision::Deny).await;
    assert_eq!(refused.status, StatusCode::BAD_REQUEST);
    assert!(
        refused.text.contains("href=\"../connect\""),
        "{}",
        refused.text
    );
    let list = person.opens(&stage, "/connect").await;
    assert!(
        list.text.contains("2 servers wait for a sign-in"),
        "{}",
        list.text
    );
    assert!(list.text.contains("access_denied"), "{}", list.text);
    let back = person.signs_in(&stage, "one", Decision::Allow).await;
    assert_eq!(back.status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn a_sign_in_that_was_not_begun_in_the_list_ends_where_it_always_did() {
    let (_worlds, stage) = own_hub(&["one", "two"]).await;
    let mut person = Person::default();
    person.opens(&stage, "/connect").await;
    person.signs_in(&stage, "one", Decision::Allow).await;
    let link = stage.hub.sign_ins().begin("two").await.unwrap().url;
    let back = Browser::new()
        .unwrap()
        .decide(&link, Decision::Allow)
        .await
        .unwrap();
    let back = back.strip_prefix("http://localhost:3000").unwrap();
    let done = person.opens(&stage, back).await;
    assert_eq!(done.status, StatusCode::OK, "{}", done.text);
    assert!(done.text.contains("You are signed in"), "{}", done.text);
    // And who comes with another browser does not learn what else waits.
    let (_worlds, stage) = own_hub(&["one", "two"]).await;
    person = Person::default();
    person.opens(&stage, "/connect").await;
    let clicked = person.sends_form(&stage, "server=one").await;
    let link = onward(&clicked).unwrap();
    let back = Browser::new()
        .unwrap()
        .decide(link, Decision::Allow)
        .await
        .unwrap();
    let back = back.strip_prefix("http://localhost:3000").unwrap();
    let done = Person::default().opens(&stage, back).await;
    assert_eq!(done.status, StatusCode::OK, "{}", done.text);
    assert!(!done.text.contains("connect\""), "{}", done.text);
}

// rule: safe-w12
#[tokio::test]
async fn a_click_that_comes_from_elsewhere_begins_nothing() {
    let (worlds, stage) = own_hub(&["one"]).await;
    let mut person = Person::default();
    person.opens(&stage, "/connect").await;
    let (tie, nonce) = (person.tie.clone(), person.cookies[0].clone());
    let cookie = format!("{}={}", nonce.0, nonce.1);
    let body = format!("tie={tie}&server=one");
    let here = ("origin", "http://localhost:3000");
    for (headers, body) in [
        (vec![here], body.as_str()),
        (vec![("cookie", cookie.as_str())], &body),
        (vec![("cookie", &cookie), here], "server=one"),
        (
            vec![("cookie", &cookie), ("origin", "https://evil.example")],
            &body,
        ),
        (
            vec![("cookie", &cookie), here, ("sec-fetch-site", "cross-site")],
            &body,
        ),
    ] {
        let mut click = request(Method::POST, "/connect");
        for (name, value) in &headers {
            click.headers_mut().insert(*name, value.parse().unwrap());
        }
        *click.body_mut() = body.to_owned().into();
        let answer = stage.send(click).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{headers:?} {body}");
        assert_eq!(onward(&answer), None);
    }
    assert_eq!(worlds[0].requests_at(lab::Endpoint::Authorize).len(), 0);
    // A form of another process is too old.
    person.tie = "old".into();
    let answer = person.sends_form(&stage, "server=one").await;
    assert!(
        answer.text.contains("Please click once more"),
        "{}",
        answer.text
    );
    let answer = person.sends_form(&stage, "server=one").await;
    assert!(onward(&answer).is_some(), "{}", answer.text);
}

#[tokio::test]
async fn a_hub_that_waits_for_nobody_says_so() {
    let stage = Stage::new("{}").await;
    let list = Person::default().opens(&stage, "/connect").await;
    assert_eq!(list.status, StatusCode::OK);
    assert!(
        list.text.contains("Nothing waits for a sign-in"),
        "{}",
        list.text
    );
    assert!(!list.text.contains("<form"), "{}", list.text);
    let mut by_number = request(Method::GET, "/connect");
    let host = "127.0.0.1:3000".parse().unwrap();
    by_number.headers_mut().insert(header::HOST, host);
    let led = stage.send(by_number).await;
    assert_eq!(led.status, StatusCode::TEMPORARY_REDIRECT);
    assert_eq!(
        led.header(header::LOCATION),
        "http://localhost:3000/connect"
    );
}

#[tokio::test]
async fn who_asks_under_another_name_is_led_to_the_address_that_callbacks_come_to_and_not_in_circles()
 {
    let settings =
        json!({ "systemConfig": { "install": { "baseUrl": "https://hub.example.com/" } } });
    let stage = Stage::new(&settings.to_string()).await;
    let led = Person::default().opens(&stage, "/connect").await;
    assert_eq!(led.status, StatusCode::TEMPORARY_REDIRECT);
    let address = led.header(header::LOCATION);
    assert_eq!(address, "https://hub.example.com/connect?here");
    let path = address.strip_prefix("https://hub.example.com").unwrap();
    // A proxy may hide the name.
    let asked = Person::default().opens(&stage, path).await;
    assert_eq!(asked.status, StatusCode::OK);
    assert!(asked.text.contains("type=\"password\""), "{}", asked.text);
    // One that hides itself as well cannot be told from a browser on this machine, which may keep no Secure cookie.
    let cookie = asked.header(header::SET_COOKIE);
    assert!(cookie.ends_with("; SameSite=Strict"), "{cookie}");
}
