//! A list on a page: one entry for each thing that a person may go on with, each with a button of its own in one form.

use std::fmt::Write as _;

use super::{Row, Tone, text, whole};

/// A form that goes back to the address of its page, with the entry that was clicked.
#[derive(Clone, Debug)]
pub(crate) struct List {
    pub(crate) hidden: (&'static str, String),
    /// Under which name the clicked entry is sent.
    pub(crate) choice: &'static str,
    pub(crate) items: Vec<Item>,
}

#[derive(Clone, Debug)]
pub(crate) struct Item {
    pub(crate) tone: Tone,
    pub(crate) name: String,
    /// How it stands, in some words.
    pub(crate) state: String,
    pub(crate) rows: Vec<(&'static str, Row)>,
    pub(crate) step: Step,
}

/// What a person does with an entry.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    None,
    /// Clicks; `next` is the one to go on with.
    Button {
        words: String,
        next: bool,
    },
    /// Goes to another page of ours.
    Link {
        address: &'static str,
        words: &'static str,
    },
}

impl List {
    pub(super) fn html(&self) -> String {
        let (name, value) = &self.hidden;
        let mut html = format!(
            "<form method=\"post\"><input type=\"hidden\" name=\"{name}\" value=\"{}\"><ul>",
            whole(value)
        );
        for item in &self.items {
            html.push_str(&item.html(self.choice));
        }
        html.push_str("</ul></form>");
        html
    }
}

impl Item {
    fn html(&self, choice: &str) -> String {
        let mut html = format!(
            "<li class=\"{}\"><h2><span class=\"mark\">{}</span><bdi>{}</bdi></h2><p>{}</p>",
            self.tone.class(),
            self.tone.icon(),
            text(&self.name),
            text(&self.state)
        );
        if !self.rows.is_empty() {
            html.push_str("<dl>");
            for (label, row) in &self.rows {
                let _ = write!(html, "<div><dt>{label}</dt><dd>{}</dd></div>", row.html());
            }
            html.push_str("</dl>");
        }
        match &self.step {
            Step::None => {}
            Step::Button { words, next } => {
                let (class, focus) = match next {
                    true => ("go", " autofocus"),
                    false => ("go other", ""),
                };
                let _ = write!(
                    html,
                    "<button class=\"{class}\" name=\"{choice}\" value=\"{}\"{focus}>{}</button>",
                    whole(&self.name),
                    text(words)
                );
            }
            Step::Link { address, words } => {
                let _ = write!(
                    html,
                    "<a class=\"go other\" href=\"{}\">{words}</a>",
                    whole(address)
                );
            }
        }
        html.push_str("</li>");
        html
    }
}
