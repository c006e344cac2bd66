//! The terminal of the walk: numbered stages, lines of evidence, few colours.

use std::io::{self, Write};

use super::journal::Entry;

const WIDTH: usize = 78;

pub(super) struct Screen {
    out: Box<dyn Write + Send>,
    color: bool,
}

#[derive(Clone, Copy)]
enum Paint {
    Bold,
    Dim,
    Green,
    Red,
    Blue,
}

impl Screen {
    pub(super) fn new(out: Box<dyn Write + Send>, color: bool) -> Self {
        Self { out, color }
    }

    pub(super) fn title(&mut self, title: &str, below: &str) -> io::Result<()> {
        let title = self.paint(Paint::Bold, title);
        let below = self.paint(Paint::Dim, below);
        writeln!(self.out, "\n  {title}\n  {below}")?;
        self.out.flush()
    }

    /// ` 4  Discovery ─────────────────────  RFC 9728, RFC 8414`
    pub(super) fn stage(&mut self, number: usize, name: &str, rules: &str) -> io::Result<()> {
        let used = name.chars().count() + rules.chars().count() + 9;
        let line = "─".repeat(WIDTH.saturating_sub(used).max(3));
        let name = self.paint(Paint::Bold, name);
        let number = self.paint(Paint::Blue, &format!("{number:>3}"));
        let (line, rules) = (self.paint(Paint::Dim, &line), self.paint(Paint::Dim, rules));
        writeln!(self.out, "\n{number}  {name} {line} {rules}")?;
        self.out.flush()
    }

    /// Something that was checked and is right.
    pub(super) fn right(&mut self, text: &str) -> io::Result<()> {
        let mark = self.paint(Paint::Green, "✓");
        writeln!(self.out, "     {mark} {text}")?;
        self.out.flush()
    }

    /// A fact beside the way, as `name   value`.
    pub(super) fn fact(&mut self, name: &str, value: &str) -> io::Result<()> {
        let name = self.paint(Paint::Dim, &format!("{name:<21}"));
        writeln!(self.out, "       {name} {value}")?;
        self.out.flush()
    }

    /// A line of a file, as it stands there.
    pub(super) fn quote(&mut self, line: &str) -> io::Result<()> {
        writeln!(self.out, "       {line}")?;
        self.out.flush()
    }

    /// Something for the person to do.
    pub(super) fn ask(&mut self, text: &str, address: &str) -> io::Result<()> {
        let address = self.paint(Paint::Blue, address);
        writeln!(self.out, "     → {text}\n       {address}")?;
        self.out.flush()
    }

    /// A line of the hub's journal, in two lines where it has evidence.
    pub(super) fn journal(&mut self, entry: &Entry) -> io::Result<()> {
        let time = self.paint(Paint::Dim, entry.clock());
        let rule = entry
            .rule
            .as_deref()
            .map_or_else(String::new, |rule| format!("  [{rule}]"));
        let rule = self.paint(Paint::Dim, &rule);
        writeln!(self.out, "       {time}  {}{rule}", entry.sentence())?;
        if let Some(evidence) = entry.evidence() {
            let evidence = self.paint(Paint::Dim, &evidence);
            writeln!(self.out, "                 {evidence}")?;
        }
        self.out.flush()
    }

    pub(super) fn end(&mut self, text: &str) -> io::Result<()> {
        let text = self.paint(Paint::Green, text);
        writeln!(self.out, "\n  {text}\n")?;
        self.out.flush()
    }

    pub(super) fn failure(&mut self, cause: &str, log: &[String]) -> io::Result<()> {
        let mark = self.paint(Paint::Red, "✗");
        writeln!(self.out, "     {mark} {cause}")?;
        if !log.is_empty() {
            let head = self.paint(Paint::Dim, "the hub's last words:");
            writeln!(self.out, "       {head}")?;
            for line in log {
                writeln!(self.out, "         {line}")?;
            }
        }
        self.out.flush()
    }

    fn paint(&self, paint: Paint, text: &str) -> String {
        if !self.color || text.is_empty() {
            return text.to_owned();
        }
        let code = match paint {
            Paint::Bold => "1",
            Paint::Dim => "2",
            Paint::Green => "32",
            Paint::Red => "31",
            Paint::Blue => "36",
        };
        format!("\u{1b}[{code}m{text}\u{1b}[0m")
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    #[derive(Clone, Default)]
    struct Paper(Arc<Mutex<Vec<u8>>>);

    impl Write for Paper {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn written(color: bool) -> String {
        let paper = Paper::default();
        let mut screen = Screen::new(Box::new(paper.clone()), color);
        screen.stage(4, "Discovery", "RFC 9728").unwrap();
        screen.right("found").unwrap();
        let bytes = paper.0.lock().unwrap().clone();
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn without_colour_no_escape_is_written() {
        let plain = written(false);
        assert!(!plain.contains('\u{1b}'));
        assert!(plain.contains("  4  Discovery ──"));
        assert!(plain.contains("     ✓ found\n"));
    }

    #[test]
    fn with_colour_the_same_words_are_painted() {
        assert!(written(true).contains("\u{1b}[1mDiscovery\u{1b}[0m"));
    }
}
