//! Whose message it is, when all come on one stream.

use super::*;

fn pipe() -> (Arc<Pipe>, mpsc::Receiver<crate::upstream::stdio::Queued>) {
    let (lines, written) = mpsc::channel(8);
    (
        Arc::new(Pipe::new(Outlet::Lines(Input::queued(lines)))),
        written,
    )
}

fn message(text: &str) -> Message {
    Message::parse(text).unwrap()
}

async fn call(pipe: &Arc<Pipe>, id: u64) -> Reading {
    let outgoing = Outgoing::new(Message::request(&id.to_string(), "tools/call", None));
    pipe.begin(&outgoing, id, true).await.unwrap()
}

fn answer(id: u64) -> Message {
    message(&format!(
        "{{\"jsonrpc\":\"2.0\",\"id\":{id},\"result\":{{}}}}"
    ))
}

#[tokio::test]
async fn each_answer_finds_its_own_call_whatever_their_order() {
    let (pipe, _written) = pipe();
    let (mut one, mut two) = (call(&pipe, 1).await, call(&pipe, 2).await);
    assert!(matches!(pipe.arrived(answer(2)), Place::Delivered));
    assert!(matches!(pipe.arrived(answer(1)), Place::Delivered));
    assert_eq!(one.next().await.unwrap().id(), Some("1"));
    assert_eq!(two.next().await.unwrap().id(), Some("2"));
}

// rule: safe-x05
#[tokio::test]
async fn an_answer_with_an_id_that_nobody_asked_with_goes_to_nobody() {
    let (pipe, _written) = pipe();
    let _one = call(&pipe, 1).await;
    let strange = message(r#"{"jsonrpc":"2.0","id":"1","result":{}}"#);
    assert!(matches!(pipe.arrived(answer(7)), Place::Nobody(_)));
    assert!(matches!(pipe.arrived(strange), Place::Nobody(_)));
}

#[tokio::test]
async fn a_question_of_the_server_goes_to_the_only_call_and_to_none_of_several() {
    let (pipe, _written) = pipe();
    let ask = || message(r#"{"jsonrpc":"2.0","id":9,"method":"elicitation/create","params":{}}"#);
    assert!(matches!(pipe.arrived(ask()), Place::Outside(_)));
    let mut one = call(&pipe, 1).await;
    assert!(matches!(pipe.arrived(ask()), Place::Delivered));
    assert_eq!(
        one.next().await.unwrap().method(),
        Some("elicitation/create")
    );
    let two = call(&pipe, 2).await;
    assert!(matches!(pipe.arrived(ask()), Place::Refused(..)));
    drop(two);
    assert!(matches!(pipe.arrived(ask()), Place::Delivered));
}

#[tokio::test]
async fn a_question_that_its_caller_does_not_take_in_is_refused_and_not_forgotten() {
    let (pipe, _written) = pipe();
    let mut one = call(&pipe, 1).await;
    let ask = || message(r#"{"jsonrpc":"2.0","id":9,"method":"elicitation/create","params":{}}"#);
    for _ in 1..QUEUE {
        assert!(matches!(pipe.arrived(ask()), Place::Delivered));
    }
    assert!(matches!(pipe.arrived(ask()), Place::Refused(..)));
    one.next().await.unwrap();
    assert!(matches!(pipe.arrived(ask()), Place::Delivered));
}

#[tokio::test]
async fn what_waits_for_a_caller_is_bounded_in_bytes_too_and_the_answer_is_not() {
    let (pipe, _written) = pipe();
    let mut one = call(&pipe, 1).await;
    let large = format!(
        "{{\"jsonrpc\":\"2.0\",\"method\":\"notifications/progress\",\"params\":{{\"progressToken\":1,\"message\":\"{}\"}}}}",
        "x".repeat(MOST_HELD)
    );
    assert!(matches!(pipe.arrived(message(&large)), Place::Delivered));
    assert!(matches!(pipe.arrived(message(&large)), Place::Nobody(_)));
    one.next().await.unwrap();
    assert!(matches!(pipe.arrived(message(&large)), Place::Delivered));
    let answer = format!(
        "{{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":\"{}\"}}",
        "x".repeat(MOST_HELD)
    );
    assert!(matches!(pipe.arrived(message(&answer)), Place::Delivered));
    one.next().await.unwrap();
    assert_eq!(one.next().await.unwrap().id(), Some("1"));
}

#[tokio::test]
async fn a_flood_of_progress_never_costs_the_answer() {
    let (pipe, _written) = pipe();
    let mut one = call(&pipe, 1).await;
    let progress = || {
        message(
            r#"{"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":1,"progress":1}}"#,
        )
    };
    let delivered = (0..500)
        .filter(|_| matches!(pipe.arrived(progress()), Place::Delivered))
        .count();
    assert_eq!(delivered, QUEUE - 1);
    assert!(matches!(pipe.arrived(answer(1)), Place::Delivered));
    let mut last = one.next().await.unwrap();
    for _ in 0..delivered {
        last = one.next().await.unwrap();
    }
    assert_eq!(last.id(), Some("1"));
}

#[tokio::test]
async fn the_end_of_the_stream_fails_what_waits_and_what_comes_later() {
    let (pipe, _written) = pipe();
    let mut one = call(&pipe, 1).await;
    pipe.ended(Trouble::Exited {
        status: "exit status: 3".into(),
        stderr: None,
    });
    assert!(matches!(
        one.next().await,
        Err(Refused::Failed(Trouble::Exited { .. }))
    ));
    let outgoing = Outgoing::new(Message::request("2", "tools/call", None));
    assert!(matches!(
        pipe.begin(&outgoing, 2, true).await,
        Err(Refused::Unsent(Trouble::Exited { .. }))
    ));
}

#[tokio::test]
async fn an_answer_over_the_limit_fails_its_own_call_alone() {
    let (pipe, _written) = pipe();
    let (mut one, mut two) = (call(&pipe, 1).await, call(&pipe, 2).await);
    assert!(pipe.too_large(
        br#"{"result":{"content":[{"id":2,"#,
        br#""}]},"jsonrpc":"2.0","id":1}"#,
        10
    ));
    assert!(matches!(
        one.next().await,
        Err(Refused::Failed(Trouble::TooLarge { limit: 10 }))
    ));
    assert!(pipe.too_large(
        br#"{"jsonrpc":"2.0","id":2,"result":{"content":[{"#,
        br#""id":1}]}}"#,
        10
    ));
    assert!(matches!(
        two.next().await,
        Err(Refused::Failed(Trouble::TooLarge { limit: 10 }))
    ));
    assert!(!pipe.too_large(br#"{"jsonrpc":"2.0","method":"x","params":{"#, b"}}", 10));
}

// rule: mcp-transport-stdio-lines
#[tokio::test]
async fn a_message_with_line_breaks_is_written_as_one_line() {
    let (pipe, mut written) = pipe();
    let text =
        "{\"jsonrpc\":\"2.0\",\r\n \"method\":\"notifications/x\",\n\"params\":{\"a\":\"b\\nc\"}}";
    pipe.send(&Outgoing::new(message(text))).await.unwrap();
    let line = written.recv().await.unwrap().line;
    assert!(!line.contains(&b'\n') && !line.contains(&b'\r'));
    assert_eq!(
        message(std::str::from_utf8(&line).unwrap()).params(),
        Some(r#"{"a":"b\nc"}"#)
    );
}

#[tokio::test]
async fn a_connection_that_is_let_go_waits_for_its_calls_and_takes_no_later_one() {
    let (lines, _read) = mpsc::channel(8);
    let pipe = Arc::new(Pipe::new(Outlet::Lines(Input::queued(lines))));
    let request = |id: u64| Outgoing::new(Message::request(&id.to_string(), "tools/call", None));
    let call = pipe.begin(&request(1), 1, true).await.unwrap();
    let own = pipe.begin(&request(2), 2, false).await.unwrap();
    let mut drained = Box::pin(pipe.drained());
    assert!(futures::poll!(&mut drained).is_pending());
    drop(call);
    assert!(futures::poll!(&mut drained).is_ready());
    let late = pipe.begin(&request(3), 3, true).await;
    assert!(matches!(late, Err(Refused::Unsent(_))));
    drop(own);
}
