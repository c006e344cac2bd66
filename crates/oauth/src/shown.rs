//! Letters of a stranger's text that no person sees and that change what is seen: control characters (ECMA-48, which terminals obey), and those that
//! turn the direction of writing or take no room (Unicode Standard Annex 9, section 2; annex 31, section 2.3).

/// Whether a letter steers a terminal, or the order in which its neighbours are read.
// rule: safe-x02
#[must_use]
pub fn steers(letter: char) -> bool {
    letter.is_control()
        || matches!(
            letter,
            '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}'
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    // rule: safe-x02
    #[test]
    fn what_steers_is_told_from_what_is_read() {
        for letter in
            "\u{1b}\u{9b}\r\n\0\u{202e}\u{2066}\u{2069}\u{200f}\u{61c}\u{2028}\u{feff}".chars()
        {
            assert!(steers(letter), "{letter:?}");
        }
        for letter in "aé名 ́🙂\u{a0}-".chars() {
            assert!(!steers(letter), "{letter:?}");
        }
    }
}
