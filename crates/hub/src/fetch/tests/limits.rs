//! How much is read, and for how long.

use std::io::Write as _;

use axum::http::HeaderMap;
use axum::routing::get;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::*;

/// rule: safe-b01
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
    let answer = got(&fetch(), &format!("http://{address}/"), Reach::Loopback).await;
    assert_eq!(answer.unwrap_err(), Unanswered::TooLarge);
}

/// rule: safe-b02
#[tokio::test]
async fn a_server_that_never_answers_is_given_up() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::time::pause();
    let answer = got(&fetch(), &format!("http://{address}/"), Reach::Loopback).await;
    assert_eq!(answer.unwrap_err(), Unanswered::Timeout);
}

/// A gigabyte in a megabyte: the piece of deflate that ends in a full flush may be repeated.
///
/// rule: safe-b01
#[tokio::test]
async fn of_a_megabyte_that_unpacks_to_a_gigabyte_little_more_than_the_limit_is_unpacked() {
    const PIECE: usize = 1 << 20;
    const TIMES: usize = 1 << 10;
    let mut deflate = flate2::Compress::new(flate2::Compression::best(), false);
    let mut piece = Vec::with_capacity(PIECE);
    let zeros = vec![0; PIECE];
    let flushed = deflate.compress_vec(&zeros, &mut piece, flate2::FlushCompress::Full);
    assert_eq!(flushed.unwrap(), flate2::Status::Ok);
    assert_eq!(deflate.total_in() as usize, PIECE);
    let bomb = piece.repeat(TIMES);
    assert!(bomb.len() < 2 * PIECE, "{} bytes", bomb.len());
    let (url, _written) = raw(move |mut stream| async move {
        let head = format!(
            "HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: {}\r\n\r\n",
            10 + bomb.len()
        );
        let gzip = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];
        let whole = [head.as_bytes(), &gzip, &bomb].concat();
        // The other side may hang up before it has read all.
        usize::from(stream.write_all(&whole).await.is_ok())
    })
    .await;
    let before = tokio::time::Instant::now();
    let answer = got(&fetch(), &url, Reach::Loopback).await;
    assert_eq!(answer.unwrap_err(), Unanswered::TooLarge);
    assert!(
        before.elapsed() < GET_TIME,
        "it was not given up by its time"
    );
}

#[tokio::test]
async fn an_unreachable_server_is_named_by_the_innermost_cause() {
    let address = {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        listener.local_addr().unwrap()
    };
    let error = got(&fetch(), &format!("http://{address}/"), Reach::Loopback)
        .await
        .unwrap_err();
    assert!(
        matches!(&error, Unanswered::Network(why) if why.contains("refused")),
        "{error}"
    );
}

/// A server that reads the request and then writes as it is told, until the other side hangs up; gives what it could write.
async fn raw<W, F>(write: W) -> (String, tokio::task::JoinHandle<usize>)
where
    W: FnOnce(tokio::net::TcpStream) -> F + Send + 'static,
    F: Future<Output = usize> + Send,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let written = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut request = [0; 4096];
        let read = stream.read(&mut request).await.unwrap();
        assert!(read > 0);
        write(stream).await
    });
    (url, written)
}

/// rule: safe-b01
#[tokio::test]
async fn of_a_document_without_end_little_more_than_the_limit_is_read() {
    const END: usize = 100 << 20;
    let (url, written) = raw(|mut stream| async move {
        let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {END}\r\n\r\n");
        stream.write_all(head.as_bytes()).await.unwrap();
        let piece = vec![b' '; 64 << 10];
        let mut written = 0;
        while written < END && stream.write_all(&piece).await.is_ok() {
            written += piece.len();
        }
        written
    })
    .await;
    let answer = got(&fetch(), &url, Reach::Loopback).await;
    assert_eq!(answer.unwrap_err(), Unanswered::TooLarge);
    // What the two sockets hold in between counts too.
    let written = written.await.unwrap();
    assert!(written < 16 << 20, "{written} bytes were taken");
}

/// rule: safe-b01
#[tokio::test]
async fn ten_thousand_headers_are_no_answer() {
    let (url, _written) = raw(|mut stream| async move {
        let mut head = "HTTP/1.1 200 OK\r\n".to_owned();
        for number in 0..10_000 {
            head += &format!("x-{number}: {number}\r\n");
        }
        head += "content-length: 2\r\n\r\n{}";
        // The other side may hang up before it has read all.
        let sent = stream.write_all(head.as_bytes()).await;
        usize::from(sent.is_ok())
    })
    .await;
    let answer = got(&fetch(), &url, Reach::Loopback).await;
    assert!(matches!(answer, Err(Unanswered::Network(_))), "{answer:?}");
}

/// rule: safe-b02
#[tokio::test]
async fn an_answer_that_is_silent_after_its_head_is_given_up() {
    let (url, _open) = raw(|mut stream| async move {
        let head = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n";
        stream.write_all(head.as_bytes()).await.unwrap();
        // Until the other side hangs up.
        stream.read(&mut [0; 1]).await.unwrap_or_default()
    })
    .await;
    tokio::time::pause();
    let answer = got(&fetch(), &url, Reach::Loopback).await;
    assert_eq!(answer.unwrap_err(), Unanswered::Timeout);
}

/// rule: safe-b02
#[tokio::test]
async fn an_answer_that_drips_is_given_up_in_the_same_time() {
    for (method, head) in [
        ("GET", "HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n"),
        ("GET", "HTTP/1.1 200 OK\r\n"),
        // A token answer.
        ("POST", "HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n"),
    ] {
        let (url, written) = raw(move |mut stream| async move {
            stream.write_all(head.as_bytes()).await.unwrap();
            let mut every = tokio::time::interval(Duration::from_secs(1));
            let mut written = 0;
            loop {
                every.tick().await;
                if stream.write_all(b"x").await.is_err() {
                    return written;
                }
                written += 1;
            }
        })
        .await;
        tokio::time::pause();
        let begun = tokio::time::Instant::now();
        let request = http::Request::builder().method(method).uri(&url);
        let request = request.body(b"code=secret".to_vec()).unwrap();
        let answer = fetch().send(request, &Reach::Loopback.into()).await;
        assert_eq!(answer.unwrap_err(), Unanswered::Timeout);
        assert!(begun.elapsed() <= Duration::from_secs(15 + 1), "{method}");
        assert!(written.await.unwrap() >= 3);
        tokio::time::resume();
    }
}
