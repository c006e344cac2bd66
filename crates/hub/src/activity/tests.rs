//! Calls that end in each way, the bounds of the ring, and what is found in it.

use super::*;
use crate::access::KeyName;

fn activity() -> (Activity, Clock) {
    let clock = Clock::manual(SystemTime::UNIX_EPOCH + Duration::from_secs(1_000));
    (Activity::new(clock.clone()), clock)
}

fn under_way(activity: &Activity, server: &str, tool: &str) -> UnderWay {
    let key = KeyName {
        id: "1".into(),
        name: "Cursor at work".into(),
    };
    let by = By {
        who: Who {
            key: Some(Arc::new(key)),
            ..Who::default()
        },
        client: Some("editor".into()),
        group: None,
    };
    UnderWay::new(activity.clone(), (server.into(), short(tool)), by)
}

fn success() -> Message {
    Message::success("1", r#"{"content":[]}"#)
}

fn refusal(text: &str) -> Message {
    Message::failure(Some("1"), -1, text, None)
}

#[tokio::test(start_paused = true)]
async fn a_call_is_written_once_with_its_duration_however_it_ends() {
    let (activity, _) = activity();
    let mut told = activity.subscribe();
    let long = under_way(&activity, "a", "long");
    tokio::time::advance(Duration::from_millis(1_500)).await;
    long.answered(&success());
    under_way(&activity, "a", "refused").answered(&refusal("no"));
    under_way(&activity, "a", "given up").ended(Some(&refusal("the hub stops")));
    under_way(&activity, "a", "cancelled").ended(None);
    drop(under_way(&activity, "a", "dropped"));
    let asks = Message::success("1", r#"{"resultType":"input_required"}"#);
    under_way(&activity, "a", "asks").answered_or_asked(&asks);
    let entries = activity.entries();
    let told_of = entries
        .iter()
        .map(|entry| (entry.id, &*entry.tool, &entry.outcome));
    let failed = Outcome::Failed("the hub stops".into());
    assert_eq!(
        told_of.collect::<Vec<_>>(),
        [
            (5, "dropped", &Outcome::Cancelled),
            (4, "cancelled", &Outcome::Cancelled),
            (3, "given up", &failed),
            (2, "refused", &Outcome::Refused("no".into())),
            (1, "long", &Outcome::Answered),
        ]
    );
    assert_eq!(entries[4].took, Duration::from_millis(1_500));
    assert!(told.has_changed().unwrap());
    assert_eq!(*told.borrow_and_update(), 5);
}

#[test]
fn a_server_that_may_not_ask_keeps_no_call_out_by_the_word_for_it() {
    let (activity, _) = activity();
    let asks = Message::success("1", r#"{"resultType":"input_required"}"#);
    under_way(&activity, "a", "t").answered(&asks);
    under_way(&activity, "a", "u").answered_or_asked(&asks);
    under_way(&activity, "a", "v").answered_or_asked(&success());
    let tools: Vec<_> = activity
        .entries()
        .iter()
        .map(|it| it.tool.clone())
        .collect();
    assert_eq!(tools, ["v".into(), "t".into()]);
}

#[test]
fn a_missing_sign_in_is_told_without_its_link() {
    let (activity, _) = activity();
    let needed = crate::sign_in::Needed {
        server: "a".into(),
        state: crate::sign_in::State::OauthRequired,
        reason: "nobody signed in yet".into(),
        action: "open the link".into(),
        authorization_url: Some("https://as.example.test/authorize?state=x".into()),
        user_code: Some("ABCD".into()),
        cause: None,
    };
    under_way(&activity, "a", "t").failed(&crate::upstream::CallError::NeedsSignIn(needed));
    let why = Outcome::Failed("a sign-in is missing: nobody signed in yet".into());
    assert_eq!(activity.entries()[0].outcome, why);
}

#[test]
fn the_ring_is_bounded_in_entries_and_in_the_length_of_their_texts() {
    let (activity, _) = activity();
    for _ in 0..=MOST {
        under_way(&activity, "a", "t").answered(&success());
    }
    under_way(&activity, "a", &"é".repeat(5_000)).answered(&refusal(&"no ".repeat(5_000)));
    let entries = activity.entries();
    assert_eq!((entries.len(), entries[0].id), (MOST, MOST as u64 + 2));
    assert_eq!(entries[0].tool.len(), LONGEST_NAME);
    assert!(entries[0].outcome.why().unwrap().len() < 310);
    assert!(activity.entry(2).is_none() && activity.entry(u64::MAX).is_none());
    assert_eq!(activity.entry(3).unwrap().id, 3);
}

#[test]
fn what_ended_before_a_time_is_forgotten_and_numbers_go_on() {
    let (activity, clock) = activity();
    under_way(&activity, "a", "old").answered(&success());
    clock.advance(Duration::from_secs(60));
    under_way(&activity, "a", "new").answered(&success());
    assert_eq!(activity.forget_before(clock.now()), 1);
    assert_eq!(activity.entry(2).unwrap().tool, "new".into());
    assert!(activity.entry(1).is_none());
    clock.advance(Duration::from_secs(1));
    assert_eq!(activity.forget_before(clock.now()), 1);
    under_way(&activity, "a", "next").answered(&success());
    assert_eq!(activity.entries()[0].id, 3);
}

/// The numbers of the calls that are found in two.
fn found(narrow: impl FnOnce(&mut Wanted)) -> Vec<u64> {
    let (activity, _) = activity();
    under_way(&activity, "GitHub", "create_issue").answered(&success());
    under_way(&activity, "git", "log").answered(&refusal("not a repository"));
    let mut wanted = Wanted::default();
    narrow(&mut wanted);
    let mut entries = activity.entries();
    entries.retain(|entry| wanted.lets_through(entry));
    entries.iter().map(|entry| entry.id).collect()
}

fn some(text: &str) -> Option<String> {
    Some(text.to_owned())
}

#[test]
fn a_name_matches_where_it_holds_what_is_wanted_and_exactly_on_demand() {
    assert_eq!(found(|_| {}), [2, 1]);
    assert_eq!(found(|it| it.server = some("git")), [2, 1]);
    let exactly = |it: &mut Wanted| (it.server, it.exact) = (some("git"), true);
    assert_eq!(found(exactly), [2]);
    assert_eq!(found(|it| it.tool = some("ISSUE")), [1]);
    assert_eq!(found(|it| it.key_name = some("cursor")), [2, 1]);
    assert_eq!(found(|it| it.key_id = some("1")), [2, 1]);
    assert!(found(|it| it.key_id = some("2")).is_empty());
    assert!(found(|it| it.user = some("a")).is_empty());
    assert!(found(|it| it.group = some("a")).is_empty());
}

#[test]
fn calls_are_found_by_outcome_words_time_and_number() {
    let then = Some(SystemTime::UNIX_EPOCH);
    assert_eq!(found(|it| it.success = Some(false)), [2]);
    assert_eq!(found(|it| it.text = some("Editor repository")), [2]);
    assert!(found(|it| it.text = some("repository issue")).is_empty());
    assert_eq!(found(|it| it.up_to = Some(1)), [1]);
    assert_eq!(found(|it| it.since = then), [2, 1]);
    assert!(found(|it| it.until = then).is_empty());
}

#[test]
fn a_call_ended_at_the_time_that_is_shown_of_it() {
    let (activity, clock) = activity();
    clock.advance(Duration::from_nanos(12_345_678));
    under_way(&activity, "a", "t").answered(&success());
    let shown = SystemTime::UNIX_EPOCH + Duration::from_millis(1_000_012);
    let entry = activity.entry(1).unwrap();
    assert_eq!(entry.ended, shown);
    let wanted = Wanted {
        since: Some(shown),
        until: Some(shown),
        ..Wanted::default()
    };
    assert!(wanted.lets_through(&entry));
}

#[test]
fn a_number_that_is_told_late_takes_back_none() {
    let (activity, _) = activity();
    let mut told = activity.subscribe();
    activity.tell(2);
    activity.tell(1);
    assert_eq!(*told.borrow_and_update(), 2);
    activity.tell(2);
    assert!(told.has_changed().unwrap(), "calls may have been forgotten");
}

#[test]
fn sums_and_names_are_those_of_the_calls() {
    let entry = |tool: &str, milliseconds: u64, outcome| {
        Arc::new(Entry {
            id: 1,
            ended: SystemTime::UNIX_EPOCH,
            took: Duration::from_millis(milliseconds),
            server: "a".into(),
            tool: tool.into(),
            by: By::default(),
            outcome,
        })
    };
    let mut entries: Vec<_> = (1..=99)
        .map(|took| entry("x", took, Outcome::Answered))
        .collect();
    entries.push(entry("b", 1_050, Outcome::Cancelled));
    let sums = Sums::of(&entries);
    assert_eq!((sums.calls, sums.succeeded), (100, 99));
    assert_eq!((sums.median.as_millis(), sums.p95.as_millis()), (50, 95));
    assert_eq!(sums.average.as_millis(), 60);
    assert_eq!(Sums::of(&[]), Sums::default());
    let names = Names::of(&entries);
    assert_eq!(
        (names.servers, names.tools),
        (vec!["a".to_owned()], vec!["b".to_owned(), "x".to_owned()])
    );
    assert!(names.groups.is_empty() && names.users.is_empty() && names.keys.is_empty());
}
