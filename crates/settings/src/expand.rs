//! Placeholders: `${NAME}`, `$NAME`, `${NAME:-default}` (unset or empty), `${NAME:+alternative}` (set and not empty).
//!
//! Names are `[A-Z_][A-Z0-9_]*`. One pass: a value that is filled in is never looked at again. What is not a placeholder stays
//! as it is. A text in which something was filled in is trimmed.
//!
//! Text that the hub itself wrote, after an authorization server said it, must not pull the environment into a request:
//! `rule_for` says which keys are never expanded, and which only when the whole text is one placeholder.

use serde_json::Value;

/// How a text at some path of the file is treated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rule {
    /// Placeholders anywhere in the text.
    Anywhere,
    /// Only a text that is one placeholder from end to end.
    Whole,
    /// Never.
    Literal,
}

/// A variable that a text asks for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wanted<'a> {
    pub(crate) name: &'a str,
    /// The text says itself what stands there when it is not set.
    pub(crate) optional: bool,
}

/// Deepest nesting of `${A:-${B:-...}}`; what is deeper stays as it is.
const DEPTH: usize = 8;

/// Longest default or alternative, in bytes; what is longer is no placeholder.
const LONGEST: usize = 1024;

/// The rule for a path inside a server's entry.
pub(crate) fn rule_for<K: AsRef<str>>(path: &[K]) -> Rule {
    let keys: Vec<&str> = path.iter().map(AsRef::as_ref).collect();
    // What is kept for a user is what is kept for the server.
    let keys = match keys.as_slice() {
        ["oauth", "users", _, kept, ..] => vec!["oauth", *kept],
        keys => keys.iter().take(2).copied().collect(),
    };
    match keys.as_slice() {
        ["owner" | "visibility" | "sharedWithUsers", ..] => Rule::Literal,
        [
            "oauth",
            "pendingAuthorization" | "registration" | "grant" | "grantedScopes" | "stepUps",
        ] => Rule::Literal,
        [
            "oauth",
            "accessToken" | "refreshToken" | "clientId" | "clientSecret" | "scopes",
        ] => Rule::Whole,
        _ => Rule::Anywhere,
    }
}

/// Fills in all texts of a value. `path` is that of `value` as `rule` understands it; unset names go to `unset`.
pub(crate) fn value(
    value: &Value,
    path: &mut Vec<String>,
    rule: &dyn Fn(&[String]) -> Rule,
    lookup: &mut dyn FnMut(Wanted<'_>, &[String]) -> Option<String>,
) -> Value {
    match value {
        Value::String(written) => {
            let rule = rule(path);
            Value::String(text(written, rule, &mut |wanted| lookup(wanted, path)))
        }
        Value::Array(list) => {
            let filled = list.iter().enumerate().map(|(index, element)| {
                path.push(index.to_string());
                let filled = self::value(element, path, rule, lookup);
                path.pop();
                filled
            });
            Value::Array(filled.collect())
        }
        Value::Object(object) => {
            let filled = object.iter().map(|(key, element)| {
                path.push(key.clone());
                let filled = self::value(element, path, rule, lookup);
                path.pop();
                (key.clone(), filled)
            });
            Value::Object(filled.collect())
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => value.clone(),
    }
}

/// One text with its placeholders filled in.
pub(crate) fn text(
    written: &str,
    rule: Rule,
    lookup: &mut dyn FnMut(Wanted<'_>) -> Option<String>,
) -> String {
    let applies = match rule {
        Rule::Anywhere => true,
        Rule::Whole => is_whole(written),
        Rule::Literal => false,
    };
    if !applies || !written.contains('$') {
        return written.to_owned();
    }
    let mut filled = String::with_capacity(written.len());
    if fill(written, DEPTH, lookup, &mut filled) {
        filled.trim().to_owned()
    } else {
        filled
    }
}

/// Whether reading this text under `rule` could give something else than the text.
pub(crate) fn is_live(written: &str, rule: Rule) -> bool {
    match rule {
        Rule::Literal => false,
        Rule::Whole => is_whole(written),
        Rule::Anywhere => written
            .match_indices('$')
            .any(|(at, _)| placeholder(&written[at..]).is_some()),
    }
}

fn is_whole(written: &str) -> bool {
    let trimmed = written.trim();
    placeholder(trimmed).is_some_and(|found| found.length == trimmed.len())
}

struct Placeholder<'a> {
    name: &'a str,
    otherwise: Otherwise<'a>,
    length: usize,
}

enum Otherwise<'a> {
    Nothing,
    Default(&'a str),
    Alternative(&'a str),
}

impl<'a> Placeholder<'a> {
    fn wanted(&self) -> Wanted<'a> {
        Wanted {
            name: self.name,
            optional: !matches!(self.otherwise, Otherwise::Nothing),
        }
    }
}

fn fill(
    written: &str,
    depth: usize,
    lookup: &mut dyn FnMut(Wanted<'_>) -> Option<String>,
    out: &mut String,
) -> bool {
    let mut rest = written;
    let mut changed = false;
    while let Some(at) = rest.find('$').filter(|_| depth > 0) {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let Some(found) = placeholder(rest) else {
            out.push('$');
            rest = &rest[1..];
            continue;
        };
        changed = true;
        rest = &rest[found.length..];
        match found.otherwise {
            Otherwise::Nothing => out.push_str(&lookup(found.wanted()).unwrap_or_default()),
            Otherwise::Default(default) => {
                match lookup(found.wanted()).filter(|value| !value.is_empty()) {
                    Some(value) => out.push_str(&value),
                    None => _ = fill(default, depth - 1, lookup, out),
                }
            }
            Otherwise::Alternative(alternative) => {
                if lookup(found.wanted()).is_some_and(|value| !value.is_empty()) {
                    fill(alternative, depth - 1, lookup, out);
                }
            }
        }
    }
    out.push_str(rest);
    changed
}

/// The placeholder that a text begins with.
fn placeholder(text: &str) -> Option<Placeholder<'_>> {
    let after = text.strip_prefix('$')?;
    let Some(inner) = after.strip_prefix('{') else {
        let name = name_of(after)?;
        return Some(Placeholder {
            name,
            otherwise: Otherwise::Nothing,
            length: 1 + name.len(),
        });
    };
    let name = name_of(inner)?;
    let rest = &inner[name.len()..];
    let start = 2 + name.len();
    if rest.starts_with('}') {
        return Some(Placeholder {
            name,
            otherwise: Otherwise::Nothing,
            length: start + 1,
        });
    }
    let word = rest
        .strip_prefix(":-")
        .or_else(|| rest.strip_prefix(":+"))?;
    let end = closing(word)?;
    let otherwise = if rest.starts_with(":-") {
        Otherwise::Default(&word[..end])
    } else {
        Otherwise::Alternative(&word[..end])
    };
    Some(Placeholder {
        name,
        otherwise,
        length: start + 2 + end + 1,
    })
}

fn name_of(text: &str) -> Option<&str> {
    let end = text
        .find(|c: char| !(c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_'))
        .unwrap_or(text.len());
    let name = &text[..end];
    (!name.is_empty() && !name.starts_with(|c: char| c.is_ascii_digit())).then_some(name)
}

/// Where the brace closes, stepping over placeholders inside.
fn closing(word: &str) -> Option<usize> {
    let mut open = 0_usize;
    let mut previous = ' ';
    for (at, c) in word.char_indices().take_while(|(at, _)| *at <= LONGEST) {
        match c {
            '{' if previous == '$' => open += 1,
            '}' if open == 0 => return Some(at),
            '}' => open -= 1,
            _ => {}
        }
        previous = c;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(written: &str, rule: Rule) -> String {
        text(written, rule, &mut |wanted| match wanted.name {
            "NAME" => Some("value".into()),
            "EMPTY" => Some(String::new()),
            "SPACED" => Some("  a b\n".into()),
            "TRICK" => Some("${NAME}".into()),
            _ => None,
        })
    }

    #[test]
    fn placeholders_are_filled_in_as_documented() {
        for (written, expected) in [
            ("${NAME}", "value"),
            ("$NAME", "value"),
            ("a-${NAME}-b$NAME.c", "a-value-bvalue.c"),
            ("${NAME:-other}", "value"),
            ("${UNSET:-other}", "other"),
            ("${EMPTY:-other}", "other"),
            ("${UNSET:-}", ""),
            (
                "${UNSET:-http://localhost:3000/${NAME}}",
                "http://localhost:3000/value",
            ),
            ("${NAME:+set}", "set"),
            ("${EMPTY:+set}", ""),
            ("${UNSET:+set}", ""),
            ("${UNSET}", ""),
            ("x$UNSET", "x"),
            ("${SPACED}", "a b"),
            ("${TRICK}", "${NAME}"),
            // Not placeholders: they stay.
            ("$", "$"),
            ("$$", "$$"),
            ("costs $5", "costs $5"),
            ("$lower ${lower}", "$lower ${lower}"),
            ("${NAME", "${NAME"),
            ("${NAME:?}", "${NAME:?}"),
            ("${}", "${}"),
            ("  keeps its spaces  ", "  keeps its spaces  "),
            ("ü${NAME}ü", "üvalueü"),
        ] {
            assert_eq!(filled(written, Rule::Anywhere), expected, "{written}");
        }
    }

    #[test]
    fn text_from_outside_is_filled_in_only_when_it_is_one_placeholder() {
        assert_eq!(filled("${NAME}", Rule::Whole), "value");
        assert_eq!(filled("${UNSET:-x}", Rule::Whole), "x");
        assert_eq!(filled("ab$NAME", Rule::Whole), "ab$NAME");
        assert_eq!(filled("${NAME}${NAME}", Rule::Whole), "${NAME}${NAME}");
        assert_eq!(filled("${NAME}", Rule::Literal), "${NAME}");
    }

    #[test]
    fn what_is_kept_for_a_user_follows_the_rules_of_the_server() {
        for (key, rule) in [
            ("accessToken", Rule::Whole),
            ("grant", Rule::Literal),
            ("stepUps", Rule::Literal),
            ("pendingAuthorization", Rule::Literal),
        ] {
            assert_eq!(rule_for(&["oauth", key, "x"][..2]), rule, "{key}");
            assert_eq!(rule_for(&["oauth", "users", "ann", key]), rule, "{key}");
        }
    }

    #[test]
    fn deep_nesting_ends() {
        let deep = |levels: usize| "${A:-".repeat(levels) + "end" + &"}".repeat(levels);
        assert_eq!(filled(&deep(8), Rule::Anywhere), "end");
        assert_eq!(filled(&deep(9), Rule::Anywhere), "${A:-end}");
        let bomb = deep(20_000);
        assert!(filled(&bomb, Rule::Anywhere).ends_with("}}"));
        let unclosed = "${A:-".repeat(20_000);
        assert_eq!(filled(&unclosed, Rule::Anywhere), unclosed);
    }

    #[test]
    fn a_live_text_is_told_from_a_dead_one() {
        for (written, rule, live) in [
            ("${A}", Rule::Whole, true),
            ("$A", Rule::Whole, true),
            ("a$A", Rule::Whole, false),
            ("a$A", Rule::Anywhere, true),
            ("a$a", Rule::Anywhere, false),
            ("$$A", Rule::Anywhere, true),
            ("${A}", Rule::Literal, false),
        ] {
            assert_eq!(is_live(written, rule), live, "{written} {rule:?}");
        }
    }
}
