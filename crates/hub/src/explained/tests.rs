//! Tests: what a person reads, to the letter.

use std::time::{Duration, SystemTime};

use oauth::step::Stage;

use super::*;
use crate::journal::{Asked, Entry};

#[test]
fn an_error_reads_as_five_lines_under_its_server_and_code() {
    let cause = Cause::RegistrationRedirectRefused;
    let explained = Explained::of(cause, Some("linear"))
        .because(cause, "it takes https://hub.example.com only")
        .evidence(Some(
            "400 from POST mcp.linear.app/register, 14:02:11".into(),
        ))
        .meanwhile(Meanwhile {
            tools: 23,
            ..Meanwhile::default()
        })
        .with_waiting(2);
    let text = explained.to_string();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(
        lines[0],
        "linear: sign-in failed                                          MCPHUB-AUTH-014"
    );
    for (at, begins) in [
        (
            1,
            "What happened   The login server refused the callback address.",
        ),
        (
            2,
            "Evidence        400 from POST mcp.linear.app/register, 14:02:11",
        ),
        (3, "Why             It takes https://hub.example.com only. "),
    ] {
        assert!(lines[at].starts_with(begins), "{text}");
    }
    assert!(text.contains("(RFC 7591 3.2.2)."), "{text}");
    assert!(text.contains("mcphub auth login linear --forget"), "{text}");
    assert!(
        text.ends_with("\nMeanwhile       23 tools stay listed. 2 calls wait."),
        "{text}"
    );
    assert!(
        lines
            .iter()
            .all(|line| line.chars().count() <= WIDTH + LABEL),
        "{text}"
    );
}

/// An exchange of this stage; the journal's clock stands still.
fn asked(stage: Stage, path: &str, status: Option<u16>) -> Entry {
    let time = SystemTime::UNIX_EPOCH + Duration::from_secs(1);
    let mut entry = Entry::decision(time, "up", stage, "answered");
    entry.status = status;
    entry.request = Some(Asked {
        method: "GET".into(),
        host: "as.test".into(),
        path: path.into(),
    });
    entry
}

fn decided(stage: Stage, cause: Option<Cause>, why: Option<&str>) -> Entry {
    let time = SystemTime::UNIX_EPOCH + Duration::from_secs(1);
    let mut entry = Entry::decision(time, "up", stage, "decided");
    entry.cause = cause;
    entry.why = why.map(str::to_owned);
    entry
}

#[test]
fn the_last_exchange_of_the_account_is_the_evidence_and_nobody_elses() {
    let journal = Journal::default();
    let record = |user: Option<&str>, path: &str, status| {
        let mut entry = asked(Stage::Discovery, path, status);
        entry.user = user.map(str::to_owned);
        journal.record(entry);
    };
    let cause = Cause::NoServerMetadata;
    assert_eq!(journal.evidence(&Account::shared("up"), cause), None);
    record(None, "/first", Some(404));
    record(Some("alice"), "/hers", Some(400));
    let of = |user| journal.evidence(&Account::of("up", user), cause).unwrap();
    assert!(
        of(None).starts_with("404 from GET as.test/first, "),
        "{}",
        of(None)
    );
    assert!(of(Some("alice")).starts_with("400 from GET as.test/hers, "));
    assert!(of(Some("bob")).starts_with("404 from GET as.test/first, "));
    record(None, "/silent", None);
    assert!(of(None).starts_with("GET as.test/silent: answered, "));
}

#[test]
fn the_evidence_is_the_exchange_at_which_it_was_decided_and_none_of_another_step() {
    let journal = Journal::default();
    let evidence = |cause| journal.evidence(&Account::shared("up"), cause);
    journal.record(asked(Stage::Discovery, "/metadata", Some(200)));
    journal.record(asked(Stage::Registration, "/register", Some(400)));
    let refused = Cause::RegistrationRedirectRefused;
    journal.record(decided(Stage::Registration, Some(refused), Some("no")));
    journal.record(asked(Stage::Revoke, "/revoke", Some(200)));
    journal.record(asked(Stage::Discovery, "/later", Some(200)));
    for (cause, shown) in [
        (refused, Some("400 from GET as.test/register, ")),
        (Cause::NoRegistration, Some("200 from GET as.test/later, ")),
        (Cause::SignInEnded, None),
        (Cause::TokenNotGiven, None),
        (Cause::TokenRefused, None),
        (Cause::TokenTooLittle, None),
        (Cause::ScopesInVain, None),
        (Cause::RegistrationOff, None),
        (Cause::KeyUnusable, None),
        (Cause::AnswerUnknown, None),
    ] {
        let evidence = evidence(cause);
        let starts = |shown: &str| evidence.as_ref().is_some_and(|it| it.starts_with(shown));
        assert!(
            shown.map_or(evidence.is_none(), starts),
            "{cause}: {evidence:?}"
        );
    }
    journal.record(decided(Stage::Connect, None, None));
    assert_eq!(evidence(refused), None, "that was before the sign-in");
}

#[test]
fn the_evidence_is_of_the_sign_in_that_failed_and_not_of_another_one_meanwhile() {
    let journal = Journal::default();
    let refused = Cause::RegistrationRefused;
    let record = |mut entry: Entry, sign_in: &str| {
        entry.sign_in = Some(sign_in.into());
        journal.record(entry);
    };
    record(asked(Stage::Registration, "/of-this", Some(400)), "this");
    record(asked(Stage::Registration, "/of-that", Some(201)), "that");
    record(
        decided(Stage::Registration, Some(refused), Some("no")),
        "this",
    );
    let evidence = journal.evidence(&Account::shared("up"), refused).unwrap();
    assert!(
        evidence.starts_with("400 from GET as.test/of-this, "),
        "{evidence}"
    );
}

#[test]
fn the_evidence_of_a_refused_answer_is_the_answer() {
    let journal = Journal::default();
    journal.record(asked(Stage::Registration, "/register", Some(201)));
    let why = r#"iss is "https://other.test", expected "https://as.test""#;
    let cause = Cause::AnswerElsewhere;
    journal.record(decided(Stage::Callback, Some(cause), Some(why)));
    journal.record(asked(Stage::Discovery, "/later", Some(200)));
    let evidence = journal.evidence(&Account::shared("up"), cause).unwrap();
    let shown = format!("{why}, in the answer that came with the browser, ");
    assert!(evidence.starts_with(&shown), "{evidence}");
}

// rule: safe-x03
#[test]
fn a_name_stands_in_the_command_of_an_error_as_a_name() {
    for (name, command) in [
        ("a/b", "mcphub auth login a/b"),
        ("x; rm -rf ~", "mcphub auth login 'x; rm -rf ~'"),
        ("it's", r"mcphub auth login 'it'\''s'"),
        ("--all", "mcphub auth login -- --all"),
    ] {
        let explained = Explained::of(Cause::SignInNeeded, Some(name));
        assert_eq!(explained.command.as_deref(), Some(command));
    }
}

#[test]
fn an_explanation_goes_through_json_unchanged() {
    let explained = Explained::of(Cause::IssuerMismatch, Some("up"));
    let told = serde_json::to_value(&explained).unwrap();
    assert_eq!(told["code"], "MCPHUB-AUTH-065");
    assert_eq!(told["word"], "issuer-mismatch");
    assert!(
        told["whatHappened"].is_string() && told["do"].is_string(),
        "{told}"
    );
    assert_eq!(
        serde_json::from_value::<Explained>(told).unwrap(),
        explained
    );
}

#[test]
fn messages_become_sentences_and_words_of_a_protocol_stay() {
    assert_eq!(sentence("the code has ended"), "The code has ended.");
    assert_eq!(sentence("invalid_grant: ended"), "invalid_grant: ended.");
    assert_eq!(sentence("Done!"), "Done!");
    assert_eq!(sentence(" "), "");
}

// rule: safe-x03
#[test]
fn a_name_cannot_become_a_command() {
    for (name, shown) in [
        ("linear", "linear"),
        ("io.github/a", "io.github/a"),
        ("", "''"),
        ("a b", "'a b'"),
        ("a\n;b", "'a\n;b'"),
        ("a;rm'x", r"'a;rm'\''x'"),
        ("https://a.test/$(id)?b&c", "'https://a.test/$(id)?b&c'"),
    ] {
        assert_eq!(quoted(name), shown);
    }
}

// rule: safe-x03
#[test]
fn a_name_cannot_become_an_option() {
    for (command, name, shown) in [
        (
            "mcphub auth login <server> --forget",
            "a",
            "mcphub auth login a --forget",
        ),
        (
            "mcphub auth login <server> --forget",
            "-a",
            "mcphub auth login --forget -- -a",
        ),
        (
            "mcphub auth complete <server> '<address>'",
            "--help",
            "mcphub auth complete -- --help '<address>'",
        ),
        ("mcphub servers", "-a", "mcphub servers"),
    ] {
        assert_eq!(named(command, name), shown);
    }
}

// rule: safe-x03
#[test]
fn the_command_that_gives_a_client_names_the_server_that_needs_it() {
    let whole =
        "mcphub add 'https://api.test/mcp?a=b' --name 'my hub' --client-id ... --client-secret ...";
    assert_eq!(with_client("https://api.test/mcp?a=b", "my hub"), whole);
    let dashed = with_client("https://api.test/mcp", "-gh");
    assert!(dashed.contains(" --name=-gh "), "{dashed}");
}

#[test]
fn that_the_hub_tries_again_is_said_once() {
    let meanwhile = |signed_in| Meanwhile {
        signed_in,
        tries_again: true,
        tools: 0,
    };
    let said = |explained: Explained| {
        let lines = explained.lines().into_iter();
        lines
            .map(|(_, text)| text.to_lowercase())
            .collect::<String>()
    };
    let refused = || Explained::of(Cause::ConnectionRefused, Some("wiki"));
    for (explained, rest) in [
        (refused().meanwhile(meanwhile(true)), "the sign-in is kept."),
        (
            refused().helps("start it").meanwhile(meanwhile(false)),
            "start it.",
        ),
    ] {
        let told = said(explained);
        assert_eq!(told.matches(TRIES_AGAIN).count(), 1, "{told}");
        assert!(told.contains(rest), "{told}");
    }
}
