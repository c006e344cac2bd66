//! Where requests may not go: addresses in any spelling, names, redirects.

use axum::http::Uri;
use axum::response::Redirect;
use axum::routing::{get, post};

use super::*;

// rule: safe-s01, safe-s04, safe-s05
const INNER: [&str; 38] = [
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
    "[::ffff:0:0]",
    "[fe80::a9fe:a9fe]",
];

/// rule: safe-s01
#[test]
fn inner_addresses_in_any_spelling_are_refused_for_a_public_server() {
    for spelling in INNER {
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

// Also what metadata names as an endpoint, and what a challenge points to, goes this way.
/// rule: safe-s01, safe-s04, safe-s05
#[tokio::test]
async fn no_spelling_of_an_inner_address_reaches_this_machine() {
    let canary = Canary::start().await;
    let fetch = fetch();
    for spelling in INNER {
        for scheme in ["http", "https"] {
            let url = format!("{scheme}://{spelling}:{}/token", canary.port);
            // A type of addresses that the request cannot even be written with is as good as refused.
            let Ok(request) = http::Request::post(&url).body(b"code=secret".to_vec()) else {
                continue;
            };
            let refused = fetch
                .send(request, &Reach::Public.into())
                .await
                .unwrap_err();
            assert!(
                matches!(refused, Unanswered::Refused(_)),
                "{url}: {refused}"
            );
        }
    }
    assert_eq!(canary.touched(), 0);
}

/// rule: safe-s02
#[tokio::test]
async fn a_name_that_leads_inward_is_refused_whole() {
    let canary = Canary::start().await;
    let names: &[(&str, &[&str])] = &[
        ("private.test", &["10.0.0.1"]),
        ("here.test", &["127.0.0.1"]),
        ("here6.test", &["::1"]),
        ("mixed.test", &["1.1.1.1", "127.0.0.1"]),
        ("nat64.test", &["64:ff9b::7f00:1"]),
        ("6to4.test", &["2002:7f00:1::"]),
        ("ula.test", &["fd00::1"]),
        ("mapped.test", &["::ffff:127.0.0.1"]),
        ("cloud.test", &["169.254.169.254"]),
    ];
    let fetch = Fetch::new(Egress {
        lookup: Some(lookup(names)),
        ..Egress::default()
    });
    for (name, _) in names {
        for scheme in ["http", "https"] {
            let url = format!("{scheme}://{name}:{}/", canary.port);
            let refused = got(&fetch, &url, Reach::Public).await.unwrap_err();
            let said = matches!(&refused, Unanswered::Refused(why) if why.contains(name));
            assert!(said, "{url}: {refused}");
        }
    }
    let unknown = got(&fetch, "http://nowhere.test/", Reach::Public).await;
    assert!(
        matches!(unknown, Err(Unanswered::Network(_))),
        "{unknown:?}"
    );
    assert_eq!(canary.touched(), 0);
    let allowed = got(
        &fetch,
        &format!("http://here.test:{}/", canary.port),
        Reach::Any,
    )
    .await;
    assert!(
        matches!(allowed, Err(Unanswered::Network(_))),
        "{allowed:?}"
    );
    assert_eq!(canary.touched(), 1);
}

/// rule: at-62
#[test]
fn a_servers_own_address_opens_its_own_class_and_no_other() {
    let of = |url: &str| Reach::of_sign_in(&Url::parse(url).unwrap(), false);
    assert_eq!(of("https://mcp.example.test/mcp"), Reach::Public);
    assert_eq!(of("http://localhost:9000/mcp"), Reach::Loopback);
    assert_eq!(of("http://LOCALHOST.:9000/mcp"), Reach::Loopback);
    assert_eq!(of("http://[::1]:9000/mcp"), Reach::Loopback);
    assert_eq!(of("http://0.0.0.0:9000/mcp"), Reach::Loopback);
    assert_eq!(of("http://10.0.0.5/mcp"), Reach::Private);
    assert_eq!(of("http://169.254.7.7/mcp"), Reach::LinkLocal);
    assert_eq!(of("http://169.254.169.254/mcp"), Reach::Public);
    let url = Url::parse("https://mcp.corp.example.test/mcp").unwrap();
    assert_eq!(Reach::of_sign_in(&url, true), Reach::Any);

    let admits = |reach: Reach, address: &str| reach.admit(address.parse().unwrap()).is_ok();
    assert!(!admits(Reach::Private, "127.0.0.1"));
    assert!(!admits(Reach::Loopback, "10.0.0.1"));
    assert!(!admits(Reach::LinkLocal, "10.0.0.1"));
    assert!(admits(Reach::LinkLocal, "169.254.7.8"));
    assert!(admits(Reach::Any, "10.0.0.1"));
    assert!(admits(Reach::Any, "169.254.7.8"));
}

/// rule: safe-s11
#[tokio::test]
async fn a_persons_own_address_may_be_inner_but_never_where_clouds_hand_out_keys() {
    let names: &[(&str, &[&str])] = &[
        ("container", &["127.0.0.1"]),
        ("rebound.test", &["169.254.169.254"]),
        ("link.test", &["169.254.7.7"]),
    ];
    let here = serve(Router::new().route("/", get(|| async { "here" }))).await;
    let fetch = Fetch::new(Egress {
        lookup: Some(lookup(names)),
        ..Egress::default()
    });
    let outlet = async |url: &str, allow: bool| {
        let url = Url::parse(url).unwrap();
        let way = Reach::of_server(&url, allow).into();
        fetch.outlet(&url, &way).await
    };
    let dialled = async |url: &str, allow: bool| match outlet(url, allow).await.unwrap() {
        Outlet::Plain(dialer) => dialer.dial().await,
        Outlet::General { .. } => panic!("more than TCP to {url}"),
    };
    let asked = async |url: &str, allow: bool| {
        let way = Reach::of_server(&Url::parse(url).unwrap(), allow).into();
        fetch.general(&way).await.get(url).send().await
    };
    for cloud in [
        "http://169.254.169.254/latest",
        "http://2852039166/",
        "http://[::ffff:a9fe:a9fe]/",
        "http://169.254.170.2/v2",
        "http://100.100.100.200/",
        "http://168.63.129.16/",
        "http://[fd00:ec2::254]/",
    ] {
        for allow in [false, true] {
            let refused = outlet(cloud, allow).await.err().unwrap();
            assert!(
                matches!(refused, TrustError::OutOfReach(..)),
                "{cloud}: {refused}"
            );
        }
    }
    for (url, allow) in [
        ("http://10.0.0.5/mcp", false),
        ("http://169.254.7.7/mcp", false),
    ] {
        assert!(outlet(url, allow).await.is_ok(), "{url}");
    }
    let container = format!("http://container:{}/", here.port());
    let answer = asked(&container, false).await.unwrap();
    assert_eq!(answer.text().await.unwrap(), "here");
    dialled(&container, false).await.unwrap();
    for (name, allow) in [
        ("rebound.test", false),
        ("rebound.test", true),
        ("link.test", false),
    ] {
        let url = format!("http://{name}/");
        let refused = dialled(&url, allow).await.unwrap_err().to_string();
        assert!(refused.contains("leads to an inner address"), "{refused}");
        let refused = unanswered(&asked(&url, allow).await.unwrap_err());
        assert!(
            matches!(refused, Unanswered::Refused(_)),
            "{name}: {refused}"
        );
    }
}

/// rule: safe-s02
#[test]
fn one_inner_address_among_several_refuses_the_whole_name() {
    let found = ["1.1.1.1".parse().unwrap(), "10.0.0.1".parse().unwrap()];
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
    let refused = got(&fetch(), &url, Reach::Public).await.unwrap_err();
    assert!(
        matches!(&refused, Unanswered::Refused(why) if why.contains("localhost")),
        "{refused}"
    );
    let answer = got(&fetch(), &url, Reach::Loopback).await.unwrap();
    assert_eq!(answer.body(), b"here");
}

/// rule: safe-s08
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
    let followed = got(&fetch, &format!("http://{address}/"), Reach::Loopback)
        .await
        .unwrap();
    assert_eq!(followed.body(), b"same origin");
    let away = got(&fetch, &format!("http://{address}/away"), Reach::Loopback)
        .await
        .unwrap();
    assert_eq!(away.status(), StatusCode::TEMPORARY_REDIRECT);
}

// rule: safe-s08
#[test]
fn a_redirect_from_https_to_http_on_the_same_host_is_not_followed() {
    let from = "https://as.example.test/metadata";
    let next = |to: &str| {
        let mut answer = http::Response::new(Vec::new());
        *answer.status_mut() = StatusCode::FOUND;
        answer.headers_mut().insert(LOCATION, to.parse().unwrap());
        redirected(from, &answer, get_of(from))
    };
    for elsewhere in [
        "http://as.example.test/metadata",
        "http://as.example.test:443/metadata",
        "https://as.example.test:8443/metadata",
        "//evil.example.test/metadata",
        "file:///etc/passwd",
    ] {
        assert!(next(elsewhere).is_none(), "{elsewhere}");
    }
    let same = next("https://as.example.test/elsewhere").unwrap();
    assert_eq!(same.uri(), "https://as.example.test/elsewhere");
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
    let answer = fetch()
        .send(request, &Reach::Loopback.into())
        .await
        .unwrap();
    assert_eq!(answer.status(), StatusCode::TEMPORARY_REDIRECT);
}

// rule: safe-s07
#[tokio::test]
async fn a_redirect_loop_ends() {
    let hops = Arc::new(AtomicUsize::new(0));
    let asked = Arc::clone(&hops);
    let address = serve(Router::new().fallback(move |uri: Uri| {
        asked.fetch_add(1, Ordering::SeqCst);
        async move { Redirect::temporary(uri.path()) }
    }))
    .await;
    let refused = got(&fetch(), &format!("http://{address}/"), Reach::Loopback)
        .await
        .unwrap_err();
    assert!(matches!(refused, Unanswered::Refused(_)), "{refused}");
    let asked = hops.load(Ordering::SeqCst);
    assert!(asked <= 1 + 5, "asked {asked} times");
}
