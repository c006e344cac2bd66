//! GET `/errors/{code}`: the page of one error, for a browser. Without a login: it says what stands in the table and nothing of
//! this hub. The same for a terminal is `mcphub explain`.

use axum::extract::Path;
use http::StatusCode;
use hub::cause::Cause;
use hub::explained::sentence;

use crate::page::{Act, Page, Row, Tone};

const SAME: &str = "The same in a terminal: mcphub explain, with this code.";

/// The page of a number (`MCPHUB-AUTH-014`) or of a word (`issuer-mismatch`).
pub(crate) async fn show(Path(written): Path<String>) -> Page {
    match Cause::find(&written) {
        Some(cause) => page_of(cause),
        None => unknown(&written),
    }
}

pub(crate) fn page_of(cause: Cause) -> Page {
    let mut rows = vec![("Why", Row::Text(cause.why().to_owned()))];
    let clause = cause.clause();
    rows.extend(clause.map(|clause| ("Standard", Row::Text(clause.to_owned()))));
    let cure = sentence(cause.cure());
    let cure = match cause.command() {
        Some(command) => Row::Command(cure, command.to_owned()),
        None => Row::Text(cure),
    };
    rows.push(("Do", cure));
    rows.push(("Word", Row::Link(cause.word().to_owned())));
    Page {
        status: StatusCode::OK,
        tone: Tone::Calm,
        server: Some(cause.id()),
        headline: cause.title().trim_end_matches('.').to_owned(),
        lead: format!("{}.", cause.family().about()),
        rows,
        hint: SAME,
        closes: false,
        act: Act::None,
    }
}

fn unknown(written: &str) -> Page {
    let lead = match Cause::nearest(written) {
        Some(meant) => format!("Did you mean {meant} ({})?", meant.word()),
        None => "Codes look like MCPHUB-AUTH-014, or like issuer-mismatch.".to_owned(),
    };
    Page {
        status: StatusCode::NOT_FOUND,
        tone: Tone::Attention,
        server: None,
        headline: "There is no such code".to_owned(),
        lead,
        rows: vec![(
            "Do",
            Row::Command("See all of them:".to_owned(), "mcphub explain".to_owned()),
        )],
        hint: SAME,
        closes: false,
        act: Act::None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_has_a_page_that_says_what_helps() {
        for cause in Cause::ALL {
            let html = page_of(*cause).html();
            assert!(html.contains(&cause.id()), "{cause}");
            assert!(html.contains("<dt>Do</dt>"), "{cause}");
        }
    }

    #[test]
    fn a_code_that_nobody_gave_is_not_found_and_is_no_script() {
        let page = unknown("isuer-mismatch");
        assert_eq!(page.status, StatusCode::NOT_FOUND);
        assert!(page.lead.contains("issuer-mismatch"), "{}", page.lead);
        assert!(!unknown("<script>").html().contains("<script>"));
    }
}
