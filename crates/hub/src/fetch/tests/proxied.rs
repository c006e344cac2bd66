//! Requests through a proxy: what is judged all the same, and what goes past it.

use axum::http::Uri;
use axum::routing::get;

use super::*;

/// A proxy for plain http that answers everything itself and counts.
async fn proxy() -> (SocketAddr, Arc<AtomicUsize>) {
    let asked = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&asked);
    let routes = Router::new().fallback(move |uri: Uri| {
        count.fetch_add(1, Ordering::SeqCst);
        async move { format!("through the proxy: {uri}") }
    });
    (serve(routes).await, asked)
}

fn proxied(variables: &[(&str, String)], names: &[(&str, &[&str])]) -> Fetch {
    let environment = |name: &str| {
        let found = variables.iter().find(|(known, _)| *known == name);
        found.map(|(_, value)| value.clone())
    };
    Fetch::new(Egress {
        proxies: Proxies::from_environment(&environment).unwrap(),
        lookup: Some(lookup(names)),
        ..Egress::default()
    })
}

/// rule: at-56
#[tokio::test]
async fn public_names_go_through_the_proxy_and_exceptions_past_it() {
    let (address, asked) = proxy().await;
    let direct = serve(Router::new().route("/", get(|| async { "direct" }))).await;
    let fetch = proxied(
        &[
            ("HTTP_PROXY", format!("http://{address}")),
            ("NO_PROXY", "past.test".to_owned()),
        ],
        &[("public.test", &["1.1.1.1"]), ("past.test", &["127.0.0.1"])],
    );
    let answer = got(&fetch, "http://public.test/a", Reach::Public)
        .await
        .unwrap();
    assert_eq!(answer.body(), b"through the proxy: http://public.test/a");
    // Only the proxy knows this name.
    let answer = got(&fetch, "http://unknown.test/a", Reach::Public).await;
    assert!(answer.is_ok(), "{answer:?}");
    assert_eq!(asked.load(Ordering::SeqCst), 2);

    let past = format!("http://past.test:{}/", direct.port());
    let answer = got(&fetch, &past, Reach::Any).await.unwrap();
    assert_eq!(answer.body(), b"direct");
    let loopback = format!("http://{direct}/");
    let answer = got(&fetch, &loopback, Reach::Loopback).await.unwrap();
    assert_eq!(answer.body(), b"direct");
    assert_eq!(asked.load(Ordering::SeqCst), 2);
}

/// rule: safe-s11
#[tokio::test]
async fn the_address_at_the_other_end_is_a_servers_own_only_past_the_proxy() {
    let fetch = proxied(
        &[
            ("HTTPS_PROXY", "http://proxy.test:3128".to_owned()),
            ("NO_PROXY", "past.test".to_owned()),
        ],
        &[],
    );
    for (url, own) in [
        ("https://inner.test/mcp", false),
        ("https://past.test/mcp", true),
    ] {
        let url = url::Url::parse(url).unwrap();
        match fetch.outlet(&url, &Way::from(Reach::Any)).await.unwrap() {
            Outlet::General { is_direct, .. } => assert_eq!(is_direct, own, "{url}"),
            Outlet::Plain(_) => panic!("plain TCP to {url}"),
        }
    }
}

/// rule: safe-s02
#[tokio::test]
async fn a_proxy_is_not_asked_for_names_that_lead_inward() {
    let (address, asked) = proxy().await;
    let fetch = proxied(
        &[("ALL_PROXY", format!("http://{address}"))],
        &[("inner.test", &["1.1.1.1", "10.0.0.1"])],
    );
    for url in [
        "http://inner.test/",
        "http://10.0.0.1/",
        "http://169.254.169.254/",
    ] {
        let refused = got(&fetch, url, Reach::Public).await.unwrap_err();
        assert!(
            matches!(refused, Unanswered::Refused(_)),
            "{url}: {refused}"
        );
    }
    assert_eq!(asked.load(Ordering::SeqCst), 0);
}

/// rule: safe-s02
#[tokio::test]
async fn the_proxys_own_name_is_no_way_in() {
    let (address, asked) = proxy().await;
    let fetch = proxied(
        &[
            ("ALL_PROXY", format!("http://proxy.test:{}", address.port())),
            ("NO_PROXY", "proxy.test".to_owned()),
        ],
        &[
            ("proxy.test", &["127.0.0.1"]),
            ("public.test", &["1.1.1.1"]),
        ],
    );
    let answer = got(&fetch, "http://public.test/", Reach::Public).await;
    assert!(answer.is_ok(), "{answer:?}");
    let inward = format!("http://proxy.test:{}/", address.port());
    let refused = got(&fetch, &inward, Reach::Public).await.unwrap_err();
    assert!(matches!(refused, Unanswered::Refused(_)), "{refused}");
    assert_eq!(asked.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_proxy_that_is_away_is_said_and_not_passed_by() {
    let gone = {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        listener.local_addr().unwrap()
    };
    let fetch = proxied(
        &[("ALL_PROXY", format!("http://{gone}"))],
        &[("public.test", &["1.1.1.1"])],
    );
    let answer = got(&fetch, "http://public.test/", Reach::Public).await;
    let said = matches!(&answer, Err(Unanswered::Network(why)) if why.contains("refused"));
    assert!(said, "{answer:?}");
}
