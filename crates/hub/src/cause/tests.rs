//! Tests: the table is whole, and its names are stable.

use std::collections::HashSet;

use super::*;

#[test]
fn no_number_and_no_word_is_there_twice_and_each_text_can_stand_in_its_line() {
    let (mut ids, mut words) = (HashSet::new(), HashSet::new());
    for cause in Cause::ALL {
        assert!(ids.insert(cause.id()), "{cause}");
        assert!(words.insert(cause.word()), "{cause}");
        assert!(
            cause.title().ends_with('.') && cause.why().ends_with('.'),
            "{cause}"
        );
        assert!(
            !cause.cure().is_empty() && !cause.cure().ends_with('.'),
            "{cause}"
        );
    }
}

#[test]
fn a_code_is_found_however_a_person_writes_it() {
    for written in [
        "MCPHUB-AUTH-014",
        "mcphub-auth-014",
        "auth-014",
        "AUTH-14",
        "auth14",
        "registration-redirect-refused",
        " Registration_Redirect_Refused ",
    ] {
        assert_eq!(
            Cause::find(written),
            Some(Cause::RegistrationRedirectRefused),
            "{written}"
        );
    }
    assert_eq!(Cause::find("auth-999"), None);
    assert_eq!(
        Cause::nearest("isuer-mismatch"),
        Some(Cause::IssuerMismatch)
    );
    assert_eq!(Cause::nearest("nothing of the kind"), None);
}

/// Whoever meets a number in an old bug report finds the same thing behind it.
#[test]
fn numbers_stay_what_they_were() {
    for (cause, id) in [
        (Cause::SignInNeeded, "MCPHUB-AUTH-001"),
        (Cause::RegistrationRedirectRefused, "MCPHUB-AUTH-014"),
        (Cause::IssuerMismatch, "MCPHUB-AUTH-065"),
        (Cause::ConnectionRefused, "MCPHUB-LINK-002"),
        (Cause::CallTimeout, "MCPHUB-CALL-001"),
        (Cause::NotLoggedIn, "MCPHUB-HUB-001"),
        (Cause::ServerSettings, "MCPHUB-CONF-002"),
    ] {
        assert_eq!(cause.id(), id);
    }
}
