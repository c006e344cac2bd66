//! The way out, against servers on loopback, and names that lead where a test says.

mod guard;
mod house;
mod limits;
mod proxied;
mod trust;

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::Router;

use super::*;

async fn serve(routes: Router) -> SocketAddr {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, routes).await });
    address
}

fn fetch() -> Fetch {
    Fetch::new(Egress::default())
}

/// Names that lead where we say; others do not exist.
fn lookup(names: &[(&str, &[&str])]) -> Lookup {
    let names: Vec<(String, Vec<IpAddr>)> = names
        .iter()
        .map(|(name, addresses)| {
            let addresses = addresses.iter().map(|address| address.parse().unwrap());
            ((*name).to_owned(), addresses.collect())
        })
        .collect();
    Arc::new(move |name: String| {
        let found = names.iter().find(|(known, _)| *known == name);
        let found = found.map(|(_, addresses)| addresses.clone());
        let unknown = || std::io::Error::other(format!("{name} does not exist"));
        let found = found.ok_or_else(unknown);
        Box::pin(async move { found })
    })
}

fn get_of(url: &str) -> Request {
    http::Request::get(url).body(Vec::new()).unwrap()
}

async fn got(fetch: &Fetch, url: &str, reach: Reach) -> Result<Response, Unanswered> {
    fetch.send(get_of(url), &reach.into()).await
}

/// A listener on all of this machine that nobody may reach.
struct Canary {
    port: u16,
    touched: Arc<AtomicUsize>,
}

impl Canary {
    async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("[::]:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let touched = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&touched);
        tokio::spawn(async move {
            while let Ok((connection, _)) = listener.accept().await {
                count.fetch_add(1, Ordering::SeqCst);
                drop(connection);
            }
        });
        Self { port, touched }
    }

    fn touched(&self) -> usize {
        self.touched.load(Ordering::SeqCst)
    }
}
