//! The guard against addresses that look inward, and the limits, against servers on loopback.

use std::io::Write as _;
use std::net::SocketAddr;

use axum::Router;
use axum::http::{HeaderMap, Uri};
use axum::response::Redirect;
use axum::routing::{get, post};

use super::*;

async fn serve(routes: Router) -> SocketAddr {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, routes).await });
    address
}

fn fetch() -> Fetch {
    Fetch::new(&[]).unwrap()
}

fn get_of(url: &str) -> Request {
    http::Request::get(url).body(Vec::new()).unwrap()
}

/// rule: s01
#[test]
fn inner_addresses_in_any_spelling_are_refused_for_a_public_server() {
    for spelling in [
        "127.0.0.1",
        "127.1",
        "2130706433",
        "0x7f000001",
        "0177.0.0.1",
        "127.0.0.53",
        "0.0.0.0",
        "0",
        "10.0.0.1",
        "10.1",
        "172.16.0.1",
        "172.31.255.255",
        "192.168.1.1",
        "169.254.169.254",
        "2852039166",
        "0xa9fea9fe",
        "100.64.0.1",
        "198.18.0.1",
        "192.0.0.1",
        "224.0.0.1",
        "240.0.0.1",
        "255.255.255.255",
        "[::1]",
        "[::]",
        "[::ffff:127.0.0.1]",
        "[::ffff:a9fe:a9fe]",
        "[::127.0.0.1]",
        "[fe80::1]",
        "[fc00::1]",
        "[fd00:ec2::254]",
        "[fec0::1]",
        "[64:ff9b::10.0.0.1]",
        "[64:ff9b:1::a00:1]",
        "[2002:7f00:1::]",
        "[2001:0:0:0:0:0:80ff:fffe]",
        "[ff02::1]",
    ] {
        for scheme in ["http", "https"] {
            let url = Url::parse(&format!("{scheme}://{spelling}/metadata")).unwrap();
            assert!(Reach::Public.admit_url(&url).is_err(), "{url} was admitted");
        }
    }
    for public in [
        "1.1.1.1",
        "8.8.8.8",
        "172.32.0.1",
        "[2606:4700::1111]",
        "example.test",
    ] {
        let url = Url::parse(&format!("https://{public}/")).unwrap();
        assert_eq!(Reach::Public.admit_url(&url), Ok(()), "{url}");
    }
}

#[test]
fn a_servers_own_address_opens_its_own_class_and_no_other() {
    let of = |url: &str| Reach::of_server(&Url::parse(url).unwrap(), false);
    assert_eq!(of("https://mcp.example.test/mcp"), Reach::Public);
    assert_eq!(of("http://localhost:9000/mcp"), Reach::Loopback);
    assert_eq!(of("http://[::1]:9000/mcp"), Reach::Loopback);
    assert_eq!(of("http://10.0.0.5/mcp"), Reach::Private);
    assert_eq!(of("http://169.254.169.254/mcp"), Reach::Public);
    let url = Url::parse("https://mcp.corp.example.test/mcp").unwrap();
    assert_eq!(Reach::of_server(&url, true), Reach::Any);

    assert!(Reach::Private.admit("127.0.0.1".parse().unwrap()).is_err());
    assert!(Reach::Loopback.admit("10.0.0.1".parse().unwrap()).is_err());
    assert!(
        Reach::Any
            .admit("169.254.169.254".parse().unwrap())
            .is_err()
    );
    assert!(Reach::Any.admit("10.0.0.1".parse().unwrap()).is_ok());
}

/// rule: s02
#[test]
fn one_inner_address_among_several_refuses_the_whole_name() {
    let found = ["1.1.1.1:0".parse().unwrap(), "10.0.0.1:0".parse().unwrap()];
    let refused =
        resolver::judge(Reach::Public, "two.example.test".to_owned(), &found).unwrap_err();
    assert!(
        refused.to_string().contains("two.example.test"),
        "{refused}"
    );
    assert!(refused.to_string().contains("10.0.0.1"), "{refused}");
}

#[tokio::test]
async fn a_name_of_this_machine_is_refused_unless_the_server_is_on_this_machine() {
    let address = serve(Router::new().route("/", get(|| async { "here" }))).await;
    let url = format!("http://localhost:{}/", address.port());
    let refused = fetch().send(get_of(&url), Reach::Public).await.unwrap_err();
    assert!(
        matches!(&refused, Unanswered::Refused(why) if why.contains("localhost")),
        "{refused}"
    );
    let answer = fetch().send(get_of(&url), Reach::Loopback).await.unwrap();
    assert_eq!(answer.body(), b"here");
}

/// rule: s08
#[tokio::test]
async fn redirects_stay_on_their_origin() {
    let elsewhere = serve(Router::new().route("/", get(|| async { "stolen" }))).await;
    let there = format!("http://{elsewhere}/");
    let address = serve(
        Router::new()
            .route("/", get(|| async { Redirect::temporary("/next") }))
            .route("/next", get(|| async { "same origin" }))
            .route(
                "/away",
                get(move || async move { Redirect::temporary(&there) }),
            ),
    )
    .await;
    let fetch = fetch();
    let followed = fetch
        .send(get_of(&format!("http://{address}/")), Reach::Loopback)
        .await
        .unwrap();
    assert_eq!(followed.body(), b"same origin");
    let away = fetch
        .send(get_of(&format!("http://{address}/away")), Reach::Loopback)
        .await
        .unwrap();
    assert_eq!(away.status(), StatusCode::TEMPORARY_REDIRECT);
}

#[tokio::test]
async fn a_post_follows_no_redirect() {
    let address = serve(
        Router::new()
            .route("/", post(|| async { Redirect::temporary("/next") }))
            .route("/next", post(|| async { "posted twice" })),
    )
    .await;
    let request = http::Request::post(format!("http://{address}/"))
        .body(b"code=secret".to_vec())
        .unwrap();
    let answer = fetch().send(request, Reach::Loopback).await.unwrap();
    assert_eq!(answer.status(), StatusCode::TEMPORARY_REDIRECT);
}

#[tokio::test]
async fn a_redirect_loop_ends() {
    let address = serve(
        Router::new().fallback(|uri: Uri| async move { Redirect::temporary(&format!("{uri}x")) }),
    )
    .await;
    let refused = fetch()
        .send(get_of(&format!("http://{address}/")), Reach::Loopback)
        .await
        .unwrap_err();
    assert!(matches!(refused, Unanswered::Refused(_)), "{refused}");
}

/// rule: b01
#[tokio::test]
async fn an_answer_is_bounded_after_decompression() {
    let mut zipped = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    zipped.write_all(&vec![b' '; 64 * LARGEST]).unwrap();
    let zipped = zipped.finish().unwrap();
    assert!(zipped.len() < LARGEST);
    let address = serve(Router::new().route(
        "/",
        get(move || async move {
            let mut headers = HeaderMap::new();
            headers.insert("content-encoding", "gzip".parse().unwrap());
            (headers, zipped)
        }),
    ))
    .await;
    let answer = fetch()
        .send(get_of(&format!("http://{address}/")), Reach::Loopback)
        .await;
    assert_eq!(answer.unwrap_err(), Unanswered::TooLarge);
}

/// rule: b02
#[tokio::test]
async fn a_server_that_never_answers_is_given_up() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::time::pause();
    let answer = fetch()
        .send(get_of(&format!("http://{address}/")), Reach::Loopback)
        .await;
    assert_eq!(answer.unwrap_err(), Unanswered::Timeout);
}

#[tokio::test]
async fn an_unreachable_server_is_named_by_the_innermost_cause() {
    let address = {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        listener.local_addr().unwrap()
    };
    let error = fetch()
        .send(get_of(&format!("http://{address}/")), Reach::Loopback)
        .await
        .unwrap_err();
    assert!(
        matches!(&error, Unanswered::Network(why) if why.contains("refused")),
        "{error}"
    );
}
