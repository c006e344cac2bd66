//! Cuts source text into code and comments, line by line, so that a check never trips over a word in a string or a comment.
//!
//! Rust: line and nested block comments, strings with escapes, raw strings, characters told apart from lifetimes. It leaves out macros: their
//! tokens are code. Other languages are cut coarsely, at a `//` that begins the line.

/// Code and comment of each line.
pub(crate) type Masked = Vec<(String, String)>;

pub(crate) fn by_line(text: &str) -> Masked {
    let cut = |line: &str| match line.trim_start().strip_prefix("//") {
        Some(comment) => (String::new(), comment.trim().to_owned()),
        None => (line.to_owned(), String::new()),
    };
    text.lines().map(cut).collect()
}

pub(crate) fn rust(text: &str) -> Masked {
    let mut cutter = Cutter {
        rest: text.chars().collect(),
        at: 0,
        done: Vec::new(),
        code: String::new(),
        comment: String::new(),
    };
    while cutter.at < cutter.rest.len() {
        cutter.step();
    }
    if !text.ends_with('\n') {
        cutter.end_line();
    }
    let trimmed =
        |(code, comment): (String, String)| (code.trim_end().to_owned(), comment.trim().to_owned());
    cutter.done.into_iter().map(trimmed).collect()
}

struct Cutter {
    rest: Vec<char>,
    at: usize,
    done: Masked,
    code: String,
    comment: String,
}

impl Cutter {
    fn peek(&self, ahead: usize) -> Option<char> {
        self.rest.get(self.at + ahead).copied()
    }

    fn end_line(&mut self) {
        self.done.push((
            std::mem::take(&mut self.code),
            std::mem::take(&mut self.comment),
        ));
    }

    /// Takes one letter into the code, or blanks it, keeping lines apart.
    fn take(&mut self, blank: bool) {
        match self.rest[self.at] {
            '\n' => self.end_line(),
            letter => self.code.push(if blank { ' ' } else { letter }),
        }
        self.at += 1;
    }

    fn step(&mut self) {
        match (self.rest[self.at], self.peek(1)) {
            ('/', Some('/')) => self.line_comment(),
            ('/', Some('*')) => self.block_comment(),
            ('"', _) => self.string(),
            ('r', Some('"' | '#')) if !self.after_word() => self.raw_string(),
            ('\'', _) => self.character(),
            _ => self.take(false),
        }
    }

    /// Whether the letter before belongs to an identifier (so that `for"` is no raw string); `br"` counts as raw.
    fn after_word(&self) -> bool {
        let mut before = self.code.chars().rev();
        match before.next() {
            Some('b' | 'c') => before
                .next()
                .is_some_and(|it| it.is_alphanumeric() || it == '_'),
            Some(letter) => letter.is_alphanumeric() || letter == '_',
            None => false,
        }
    }

    fn line_comment(&mut self) {
        while self.peek(0).is_some_and(|it| matches!(it, '/' | '!')) {
            self.at += 1;
        }
        while let Some(letter) = self.peek(0).filter(|it| *it != '\n') {
            self.comment.push(letter);
            self.at += 1;
        }
    }

    fn block_comment(&mut self) {
        let mut depth = 0;
        while let Some(letter) = self.peek(0) {
            match (letter, self.peek(1)) {
                ('/', Some('*')) => (depth, self.at) = (depth + 1, self.at + 2),
                ('*', Some('/')) => (depth, self.at) = (depth - 1, self.at + 2),
                ('\n', _) => {
                    self.end_line();
                    self.at += 1;
                }
                _ => {
                    self.comment.push(letter);
                    self.at += 1;
                }
            }
            if depth == 0 {
                return;
            }
        }
    }

    fn string(&mut self) {
        self.take(false);
        while let Some(letter) = self.peek(0) {
            match letter {
                '\\' => {
                    self.take(true);
                    if self.peek(0).is_some() {
                        self.take(true);
                    }
                }
                '"' => return self.take(false),
                _ => self.take(true),
            }
        }
    }

    fn raw_string(&mut self) {
        let hashes = self.rest[self.at + 1..]
            .iter()
            .take_while(|it| **it == '#')
            .count();
        if self.peek(1 + hashes) != Some('"') {
            return self.take(false); // a raw identifier
        }
        for _ in 0..hashes + 2 {
            self.take(false);
        }
        while let Some(letter) = self.peek(0) {
            let closes = letter == '"' && (1..=hashes).all(|ahead| self.peek(ahead) == Some('#'));
            self.take(!closes);
            if closes {
                return (0..hashes).for_each(|_| self.take(false));
            }
        }
    }

    /// `'a'` and `'\n'` are characters; `'a` is a lifetime.
    fn character(&mut self) {
        let end = match (self.peek(1), self.peek(2)) {
            (Some('\\'), _) => self.rest[self.at + 3..]
                .iter()
                .position(|it| *it == '\'')
                .map(|more| 3 + more),
            (Some(_), Some('\'')) => Some(2),
            _ => None,
        };
        self.take(false);
        if let Some(end) = end {
            (1..end).for_each(|_| self.take(true));
            self.take(false);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(text: &str) -> String {
        rust(text)
            .into_iter()
            .map(|(code, _)| code)
            .collect::<Vec<_>>()
            .join("\n")
    }

    #[test]
    fn words_in_strings_and_comments_are_no_code() {
        assert_eq!(
            code("let a = \"std::fs\"; // tokio"),
            "let a = \"       \";"
        );
        assert_eq!(code("let a = r#\"x \" y\"#; b"), "let a = r#\"     \"#; b");
        assert_eq!(code("a /* b /* c */ d */ e"), "a  e");
        assert_eq!(code("\"one\\\"\ntwo\" three"), "\"\n   \" three");
    }

    #[test]
    fn a_lifetime_is_no_character() {
        assert_eq!(
            code("fn a<'a>(b: &'a str, c: char) { c == '\"'; c == '\\''; \"x\" }"),
            "fn a<'a>(b: &'a str, c: char) { c == ' '; c == '  '; \" \" }"
        );
    }

    #[test]
    fn comments_keep_their_line() {
        let cut = rust("a // rule: x\n/* b\nc */ d\n//! head");
        let comments: Vec<&str> = cut.iter().map(|(_, comment)| comment.as_str()).collect();
        assert_eq!(comments, ["rule: x", "b", "c", "head"]);
    }

    #[test]
    fn lines_are_neither_lost_nor_added() {
        for text in [
            "a\nb",
            "a\nb\n",
            "\n\n",
            "\"a\n\nb\"\n",
            "r\"\n\"\n/*\n*/\n",
        ] {
            assert_eq!(rust(text).len(), text.lines().count(), "{text:?}");
        }
    }
}
