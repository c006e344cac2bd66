//! An explained error as the rows of a page: what happened, evidence, why, do, meanwhile, and its code.

use hub::explained::Explained;

use super::Row;

/// From a page two levels below the hub's address, wherever that is.
pub(crate) const UP: &str = "../";

/// `up` leads from the page to the hub's address.
pub(crate) fn rows(explained: &Explained, up: &str) -> Vec<(&'static str, Row)> {
    let mut rows: Vec<_> = explained
        .lines()
        .into_iter()
        .map(|(label, text)| match (label, &explained.command) {
            ("Do", Some(command)) => (label, Row::Command(text.to_owned(), command.clone())),
            (label, _) => (label, Row::Text(text.to_owned())),
        })
        .collect();
    let page = format!("{up}errors/{}", explained.code);
    rows.push(("Code", Row::Reference(explained.code.clone(), page)));
    rows
}
