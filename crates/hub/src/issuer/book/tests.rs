//! Pairs and families with the clock in the hand.

use super::*;

fn at(seconds: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000 + seconds)
}

fn grant() -> Grant {
    Grant {
        family: new_family(),
        client_id: "c".into(),
        username: "alice".into(),
        account: Some("mark".into()),
        scope: "read".into(),
        resource: Some("/mcp".into()),
        refreshes: true,
        agreed_at: at(0),
    }
}

fn give(book: &mut Book, grant: &Grant, now: SystemTime) -> Words {
    book.give(grant, &OAuthServer::default(), now)
}

/// The book as another process reads it.
fn reread(book: &Book) -> Book {
    Book::read(Some(&book.written()))
}

fn renewed(book: &mut Book, word: &str, now: SystemTime) -> Words {
    let Renewal::Good(grant) = book.renew(word, "c", now) else {
        panic!("{word} is good for nothing");
    };
    book.spend(word, now);
    give(book, &grant, now)
}

#[test]
fn what_is_written_gives_nobody_a_token() {
    let (mut book, grant) = (Book::default(), grant());
    let words = give(&mut book, &grant, at(0));
    let written = book.written().to_string();
    for secret in [
        &words.access,
        words.refresh.as_ref().unwrap(),
        &grant.family,
    ] {
        assert!(!written.contains(secret.as_str()), "{written}");
    }
    assert_eq!(words.expires_in, 3_600);
    assert_ne!(Some(&words.access), words.refresh.as_ref());
}

#[test]
fn a_renewal_gives_what_the_sign_in_gave() {
    let (mut book, grant) = (Book::default(), grant());
    let words = give(&mut book, &grant, at(0));
    let book = reread(&book);
    let good = book.renew(&words.refresh.unwrap(), "c", at(4_000));
    assert_eq!(good, Renewal::Good(Box::new(grant)));
}

// rule: rfc9700-4.14.2, mcphub-lost-answer
#[test]
fn a_refresh_token_that_is_used_again_ends_the_family_unless_its_answer_may_have_been_lost() {
    let (mut book, grant) = (Book::default(), grant());
    let first = give(&mut book, &grant, at(0)).refresh.unwrap();
    let second = renewed(&mut book, &first, at(10)).refresh.unwrap();
    let mut book = reread(&book);
    // The answer was lost: the client asks once more.
    let third = renewed(&mut book, &first, at(10 + 59)).refresh.unwrap();
    assert_ne!(second, third);
    assert_eq!(book.renew(&first, "c", at(10 + 60)), Renewal::Reused);
    // Each of the two answers is good once.
    renewed(&mut book, &second, at(200));
    let fifth = renewed(&mut book, &third, at(200)).refresh.unwrap();
    assert_eq!(book.renew(&second, "c", at(300)), Renewal::Reused);
    assert!(book.end_family_of(&second, "c"));
    assert_eq!(book.renew(&fifth, "c", at(300)), Renewal::Unknown);
    assert_eq!(book.written(), json!([]));
}

// rule: as-grant-end
#[test]
fn a_sign_in_ends_a_while_after_the_person_agreed_however_often_it_was_renewed() {
    let server = OAuthServer {
        grant_lifetime: Some(Duration::from_secs(10_000)),
        ..OAuthServer::default()
    };
    let (mut book, grant) = (Book::default(), grant());
    book.give(&grant, &server, at(0));
    let words = book.give(&grant, &server, at(9_000));
    assert_eq!(words.expires_in, 1_000);
    let book = reread(&book);
    let refresh = words.refresh.unwrap();
    let Renewal::Good(kept) = book.renew(&refresh, "c", at(9_999)) else {
        panic!("it is good until then");
    };
    assert!(!kept.is_over(&server, at(9_999)) && kept.is_over(&server, at(10_000)));
    assert_eq!(book.renew(&refresh, "c", at(10_000)), Renewal::Unknown);
    let for_ever = OAuthServer {
        grant_lifetime: None,
        ..server
    };
    assert!(!kept.is_over(&for_ever, at(1_000_000_000)));
}

// rule: rfc9700-4.14.2
#[test]
fn an_old_token_is_known_for_what_it_is_when_nothing_is_kept_of_it() {
    let (mut book, grant) = (Book::default(), grant());
    let first = give(&mut book, &grant, at(0)).refresh.unwrap();
    let mut last = renewed(&mut book, &first, at(10)).refresh.unwrap();
    for day in 1..5 {
        last = renewed(&mut book, &last, at(day * 86_400)).refresh.unwrap();
    }
    let mut book = reread(&book);
    assert!(
        !book
            .written()
            .to_string()
            .contains(&Digest::of(&first).written())
    );
    assert_eq!(book.renew(&first, "c", at(5 * 86_400)), Renewal::Reused);
    assert_eq!(
        book.renew(&new_family(), "c", at(5 * 86_400)),
        Renewal::Unknown
    );
    let strange = word(&new_family());
    assert_eq!(book.renew(&strange, "c", at(5 * 86_400)), Renewal::Unknown);
    assert_eq!(
        book.renew(&first, "d", at(5 * 86_400)),
        Renewal::Unknown,
        "nobody else ends it"
    );
    assert!(!book.end_family_of(&first, "d"));
}

// rule: as-refresh-bound
#[test]
fn a_refresh_token_is_its_clients_alone() {
    let (mut book, grant) = (Book::default(), grant());
    let word = give(&mut book, &grant, at(0)).refresh.unwrap();
    assert_eq!(book.renew(&word, "d", at(1)), Renewal::NotYours);
    assert!(
        matches!(book.renew(&word, "c", at(100)), Renewal::Good(_)),
        "and is not used up by another"
    );
}

#[test]
fn a_refresh_token_ends_when_its_time_is_over() {
    let (mut book, grant) = (Book::default(), grant());
    let word = give(&mut book, &grant, at(0)).refresh.unwrap();
    assert_eq!(book.renew(&word, "c", at(1_209_600)), Renewal::Unknown);
    assert!(matches!(
        book.renew(&word, "c", at(1_209_599)),
        Renewal::Good(_)
    ));
}

// rule: rfc7009-2.1
#[test]
fn a_token_that_is_taken_back_takes_its_family_along_and_no_other() {
    for which in [
        |words: &Words| words.access.clone(),
        |words: &Words| words.refresh.clone().unwrap(),
    ] {
        let mut book = Book::default();
        let (one, other) = (grant(), grant());
        let first = give(&mut book, &one, at(0));
        let words = renewed(&mut book, &first.refresh.unwrap(), at(10));
        let kept = give(&mut book, &other, at(0)).refresh.unwrap();
        assert!(!book.take_back(&which(&words), "d"));
        assert!(!book.take_back("nobody's", "c"));
        assert!(!book.take_back(&word(&new_family()), "c"));
        assert!(book.take_back(&which(&words), "c"));
        assert_eq!(book.entries.len(), 1);
        assert!(matches!(book.renew(&kept, "c", at(20)), Renewal::Good(_)));
    }
}

// rule: rfc7009-2.1
#[test]
fn a_token_of_which_nothing_is_kept_takes_its_family_along_as_well() {
    let (mut book, grant) = (Book::default(), grant());
    let mut last = give(&mut book, &grant, at(0)).refresh.unwrap();
    let first = last.clone();
    for day in 1..5 {
        last = renewed(&mut book, &last, at(day * 86_400)).refresh.unwrap();
    }
    assert!(!book.take_back(&first, "d"));
    assert!(book.take_back(&first, "c"));
    assert_eq!(book.written(), json!([]));
}

// rule: mcphub-token-bounds
#[test]
fn what_has_expired_is_forgotten_and_a_loop_of_renewals_is_bounded() {
    let (mut book, first) = (Book::default(), grant());
    let mut word = give(&mut book, &first, at(0)).refresh.unwrap();
    for second in 1..50 {
        word = renewed(&mut book, &word, at(second)).refresh.unwrap();
    }
    assert_eq!(book.entries.len(), MOST_OF_A_FAMILY);
    assert!(matches!(book.renew(&word, "c", at(60)), Renewal::Good(_)));
    give(&mut book, &grant(), at(1_209_600 + 100));
    assert_eq!(book.entries.len(), 1);
    for user in 0..(MOST_PAIRS + 10) {
        let username = format!("user {user}");
        let grant = Grant {
            username,
            ..grant()
        };
        give(&mut book, &grant, at(1_209_600 + 100));
    }
    assert_eq!(book.entries.len(), MOST_PAIRS);
}

// rule: mcphub-token-bounds
#[test]
fn whoever_signs_in_for_ever_loses_his_own_sign_ins_and_nobody_elses() {
    let mut book = Book::default();
    let username = "bob".to_owned();
    let bobs = give(
        &mut book,
        &Grant {
            username,
            ..grant()
        },
        at(0),
    );
    for second in 0..(MOST_PAIRS as u64) {
        give(&mut book, &grant(), at(second));
    }
    assert_eq!(book.entries.len(), 1 + MOST_OF_A_USER);
    let bobs = bobs.refresh.unwrap();
    assert!(matches!(
        book.renew(&bobs, "c", at(1_001)),
        Renewal::Good(_)
    ));
}

#[test]
fn a_pair_of_mcphub_is_renewed_into_one_of_ours_and_what_is_no_pair_stays() {
    let list = json!([
        { "what": "is this" },
        { "accessToken": "a", "accessTokenExpiresAt": time::written(at(0)), "refreshToken": "r", "refreshTokenExpiresAt": time::written(at(1_000)),
          "scope": "read", "clientId": "c", "username": "alice" },
    ]);
    let mut book = Book::read(Some(&list));
    assert!(book.has_living("c", at(1)) && !book.has_living("d", at(1)));
    let words = renewed(&mut book, "r", at(1));
    assert_eq!(words.scope, "read");
    let written = book.written();
    assert_eq!(written[0], json!({ "what": "is this" }));
    assert!(
        written[2]["accessToken"]
            .as_str()
            .unwrap()
            .starts_with("sha256:")
    );
    assert!(matches!(
        book.renew(&words.refresh.unwrap(), "c", at(100)),
        Renewal::Good(_)
    ));
}
