//! `mcphub explain`: what an error code means and what helps. Needs no hub and no network: the table is in the binary.

use clap::Args;
use hub::cause::{Cause, Family};
use hub::explained::Explained;
use serde_json::{Value, json};

use crate::failure::Failure;
use crate::output::{Output, table};

#[derive(Debug, Args)]
pub(crate) struct Explain {
    /// Like MCPHUB-AUTH-014, auth-14, 14, or the word issuer-mismatch; without one, all codes are listed
    code: Option<String>,
}

pub(crate) fn run(wanted: &Explain, output: Output) -> Result<(), Failure> {
    let Some(written) = &wanted.code else {
        output.result(&Cause::ALL.iter().copied().map(told).collect());
        let rows: Vec<Vec<String>> = Cause::ALL.iter().copied().map(row).collect();
        for line in table(&rows) {
            output.line(line);
        }
        return Ok(());
    };
    let numbered = of_number(written);
    let Some(cause) = Cause::find(written).or(numbered.first().copied()) else {
        return Err(unknown(written));
    };
    output.result(&told(cause));
    output.line(Explained::of(cause, None));
    output.line(format!("Word            {}", cause.word()));
    for other in numbered.iter().skip(1) {
        output.line(format!("Same number     {other} ({})", other.word()));
    }
    Ok(())
}

/// A number alone: those of sign-ins are asked for most and stand first.
fn of_number(written: &str) -> Vec<Cause> {
    if written.trim().parse::<u16>().is_err() {
        return Vec::new();
    }
    let families = [
        Family::Auth,
        Family::Link,
        Family::Call,
        Family::Hub,
        Family::Conf,
    ];
    let code = |family: &Family| format!("{}-{}", family.word(), written.trim());
    families
        .iter()
        .filter_map(|family| Cause::find(&code(family)))
        .collect()
}

fn unknown(written: &str) -> Failure {
    let failure = Failure::usage(format!("there is no error code {written:?}"));
    match Cause::nearest(written) {
        Some(meant) => failure.cure(format!("did you mean {meant} ({})?", meant.word())),
        None => failure.cure("`mcphub explain` lists all of them"),
    }
}

fn row(cause: Cause) -> Vec<String> {
    vec![
        cause.id(),
        cause.word().to_owned(),
        cause.title().to_owned(),
    ]
}

fn told(cause: Cause) -> Value {
    json!({
        "code": cause,
        "word": cause.word(),
        "about": cause.family().about(),
        "whatHappened": cause.title(),
        "why": cause.why(),
        "clause": cause.clause(),
        "do": cause.cure(),
        "command": cause.command(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_alone_is_that_of_a_sign_in_first() {
        for written in ["14", "014"] {
            let found = of_number(written);
            let first = found.first().copied();
            assert_eq!(first, Some(Cause::RegistrationRedirectRefused), "{written}");
        }
        let all: Vec<String> = of_number("2").into_iter().map(Cause::id).collect();
        assert!(all.contains(&"MCPHUB-LINK-002".to_owned()), "{all:?}");
        assert!(of_number("no-number").is_empty() && of_number("999").is_empty());
    }

    #[test]
    fn a_slip_in_a_code_is_answered_with_the_one_that_was_meant() {
        let said = unknown("isuer-mismatch").to_string();
        assert!(said.contains("MCPHUB-AUTH-065 (issuer-mismatch)"), "{said}");
        let said = unknown("what").to_string();
        assert!(said.contains("lists all of them"), "{said}");
    }
}
