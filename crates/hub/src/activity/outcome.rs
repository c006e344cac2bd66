//! What came of a call, read from its answer. Of a result no more is looked at than whether it is an error, and of an error its first words.

use mcp::message::Message;
use mcp::raw;
use memchr::memmem;

use super::masked::masked;

/// What came of a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The server answered with a result.
    Answered,
    /// The server answered with an error, by MCP or in its result; in its words.
    Refused(Box<str>),
    /// The server did not answer; why.
    Failed(Box<str>),
    /// Whoever asked gave it up, or went away.
    Cancelled,
}

/// Bytes of an error's words that are kept.
const LONGEST: usize = 300;
/// Bytes of them that are read.
const READ: usize = 4_000;

impl Outcome {
    /// What was said of a failure.
    #[must_use]
    pub fn why(&self) -> Option<&str> {
        match self {
            Self::Answered => None,
            Self::Refused(why) | Self::Failed(why) => Some(why),
            Self::Cancelled => Some("cancelled by its client"),
        }
    }
}

pub(super) fn judged(response: &Message) -> Outcome {
    match response.result() {
        Some(result) if !is_error(result) => Outcome::Answered,
        Some(_) | None => Outcome::Refused(text(response)),
    }
}

/// The words of an answer that is an error.
pub(super) fn text(answer: &Message) -> Box<str> {
    if let Some(error) = answer.error() {
        let message = raw::string_at(error, &["message"]).ok().flatten();
        return said(&message.unwrap_or_default());
    }
    let result = answer.result().unwrap_or("{}");
    let content = raw::field(result, "content").ok().flatten();
    let parts = content.and_then(raw::elements).unwrap_or_default();
    let mut texts = parts
        .into_iter()
        .filter_map(|part| raw::string_at(part, &["text"]).ok().flatten());
    said(&texts.next().unwrap_or_default())
}

/// On one line, without what looks like a secret, cut short.
pub(super) fn said(text: &str) -> Box<str> {
    let cut = text.len() > READ;
    let mut text = &text[..text.floor_char_boundary(READ)];
    if cut {
        // The last word may be a piece of a secret.
        text = text.rfind(char::is_whitespace).map_or("", |at| &text[..at]);
    }
    let mut text = masked(text);
    if text.len() > LONGEST {
        text.truncate(text.floor_char_boundary(LONGEST));
        text.push_str(" ...");
    }
    text.into()
}

/// A result may be large and is read by nobody else: it is taken apart only where the letters stand in it.
fn is_error(result: &str) -> bool {
    const KEY: &str = "\"isError\"";
    let found = memmem::find_iter(result.as_bytes(), KEY).any(|at| {
        let rest = result[at + KEY.len()..].trim_start();
        let value = rest.strip_prefix(':').map(str::trim_start);
        value.is_some_and(|value| value.starts_with("true"))
    });
    found && matches!(raw::field(result, "isError"), Ok(Some("true")))
}

/// Whether the answer is a question to the client, where servers may ask so.
pub(super) fn asks(response: &Message) -> bool {
    const WORD: &str = "input_required";
    let result = response.result().unwrap_or("{}");
    memmem::find(result.as_bytes(), WORD.as_bytes()).is_some()
        && raw::string_at(result, &["resultType"]).is_ok_and(|it| it.as_deref() == Some(WORD))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(result: &str) -> Outcome {
        judged(&Message::success("1", result))
    }

    #[test]
    fn only_a_result_that_says_itself_that_it_is_an_error_is_one() {
        for fine in [
            r#"{"content":[]}"#,
            r#"{"content":[],"isError":false}"#,
            r#"{"content":[{"type":"text","text":"{\"isError\":true}"}]}"#,
            r#"{"structuredContent":{"isError":true},"content":[]}"#,
            r#"{"content":[],"isError":"true"}"#,
            "[]",
        ] {
            assert_eq!(outcome(fine), Outcome::Answered, "{fine}");
        }
        for wrong in [
            r#"{"content":[{"type":"text","text":"no"}],"isError":true}"#,
            r#"{ "isError" : true , "content" : [ {"type":"image"}, {"type":"text","text":"no"} ] }"#,
        ] {
            assert_eq!(outcome(wrong), Outcome::Refused("no".into()), "{wrong}");
        }
        let bare = outcome(r#"{"isError":true}"#);
        assert_eq!(bare, Outcome::Refused("".into()));
    }

    #[test]
    fn only_a_result_of_that_type_is_a_question() {
        let asked = |result| asks(&Message::success("1", result));
        assert!(asked(
            r#"{"resultType":"input_required","requestState":"x"}"#
        ));
        assert!(!asked(
            r#"{"content":[{"type":"text","text":"input_required"}]}"#
        ));
        assert!(!asks(&Message::failure(
            Some("1"),
            -1,
            "input_required",
            None
        )));
    }

    #[test]
    fn an_error_of_mcp_is_told_in_its_own_words_on_one_line_and_not_without_end() {
        let refusal = Message::failure(Some("1"), -32_602, "no\n\u{202e}such   thing", None);
        assert_eq!(&*text(&refusal), "no such thing");
        let long = said(&"wörd ".repeat(5_000));
        assert!(
            long.len() <= LONGEST + 4 && long.ends_with(" ..."),
            "{long}"
        );
        let endless = said(&"é".repeat(READ));
        assert_eq!(&*endless, "", "one word of which the end is not known");
    }
}
