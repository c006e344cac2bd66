//! Names of users, as people read them: which ones look the same, which nobody can read, and where the settings speak of somebody.
//!
//! Unicode Standard Annex 15 (NFKC) and Technical Standard 39, section 5 (mixed scripts). Asked where a user is made and never of users that are there: they stay who they are.
//! Leaves out letters that look like others of the same script (ɑ like a), and words of one script that look like those of another.

use std::ops::RangeInclusive;

use icu_normalizer::ComposingNormalizerBorrowed;
use icu_properties::props::{DefaultIgnorableCodePoint, GeneralCategory, Script};
use icu_properties::{CodePointMapData, CodePointSetData};
use settings::{ADMIN, KeyKind, Settings, Sharing};

/// As MCPHub.
const LONGEST: usize = 255;
/// A letter without ink that Unicode does not count among those that show nothing.
const BLANK: char = '\u{2800}';

const EASTERN: [Script; 5] = [
    Script::Han,
    Script::Hiragana,
    Script::Katakana,
    Script::Bopomofo,
    Script::Hangul,
];
/// Symbols that are drawn like letters; most of them stand for the letter, and NFKC puts it there.
const LETTERLIKE: RangeInclusive<char> = '\u{2100}'..='\u{214f}';

/// What Korean is written with; the parts of these are strokes and circles.
const SYLLABLES: RangeInclusive<char> = '\u{ac00}'..='\u{d7a3}';
/// 〇 and 丨.
const STROKES: [char; 2] = ['\u{3007}', '\u{4e28}'];

/// Why nobody can be called so.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    #[error("is empty")]
    Empty,
    #[error("has more than {LONGEST} bytes")]
    Long,
    #[error("begins or ends with a blank")]
    Blank,
    #[error("holds a character that cannot be seen, or that turns the direction of writing")]
    Unseen,
    #[error("mixes letters of two alphabets in one word, and so may look like another name")]
    Mixed,
}

/// Whether people can read a name, and tell it from others.
// rule: mcphub-user-name -- no user is made whose name cannot be read, or looks like that of another.
pub fn fit(name: &str) -> Result<(), Unfit> {
    if name.is_empty() {
        return Err(Unfit::Empty);
    }
    if name.len() > LONGEST {
        return Err(Unfit::Long);
    }
    if name.trim() != name {
        return Err(Unfit::Blank);
    }
    if name.contains(is_unseen) {
        return Err(Unfit::Unseen);
    }
    // A letter in another shape, as 𝐚 or ａ, counts as the one that it stands for.
    let plain = ComposingNormalizerBorrowed::new_nfkc().normalize(name);
    // Not at other signs: ј.doe is read as one with j.doe.
    let mut words = plain.split(|letter: char| letter.is_whitespace() || letter == '@');
    match words.any(is_mixed) {
        true => Err(Unfit::Mixed),
        false => Ok(()),
    }
}

/// Whether a letter leaves nothing on a page that people could read.
#[must_use]
pub fn is_unseen(letter: char) -> bool {
    let never = matches!(
        CodePointMapData::<GeneralCategory>::new().get(letter),
        GeneralCategory::Control
            | GeneralCategory::Format
            | GeneralCategory::PrivateUse
            | GeneralCategory::Surrogate
            | GeneralCategory::Unassigned
            | GeneralCategory::LineSeparator
            | GeneralCategory::ParagraphSeparator
    );
    never
        || letter == BLANK
        || oauth::shown::steers(letter)
        || CodePointSetData::new::<DefaultIgnorableCodePoint>().contains(letter)
}

/// Letters of two alphabets, as none is written with: those of Chinese, Japanese and Korean stand beside each other and beside Latin ones.
fn is_mixed(word: &str) -> bool {
    let scripts = CodePointMapData::<Script>::new();
    let found = word.chars().map(|letter| scripts.get(letter));
    // Marks and digits are of all alphabets.
    let found = found.filter(|script| ![Script::Common, Script::Inherited].contains(script));
    let (eastern, mut others): (Vec<_>, Vec<_>) =
        found.partition(|script| EASTERN.contains(script));
    others.sort_unstable();
    others.dedup();
    let passes_for_letter = !others.is_empty() && word.contains(passes_for_letter);
    passes_for_letter
        || match others[..] {
            [] | [Script::Latin] => false,
            [_] => !eastern.is_empty(),
            _ => true,
        }
}

/// Whether it is read as an l or an o among letters, though it is none.
fn passes_for_letter(letter: char) -> bool {
    let is_part_of_syllable = CodePointMapData::<Script>::new().get(letter) == Script::Hangul
        && !SYLLABLES.contains(&letter);
    is_part_of_syllable || STROKES.contains(&letter) || LETTERLIKE.contains(&letter)
}

/// Whether two names look the same to people: in capitals or not, in wide letters or narrow ones.
#[must_use]
pub fn are_alike(one: &str, other: &str) -> bool {
    one == other || folded(one) == folded(other)
}

/// Twice, because what small letters are made of may need putting together.
fn folded(name: &str) -> String {
    let whole = ComposingNormalizerBorrowed::new_nfkc();
    let seen: String = name.chars().filter(|letter| !is_unseen(*letter)).collect();
    // By way of capitals: ß and SS, σ and ς are one and the same in them.
    let small = whole.normalize(&seen).to_uppercase().to_lowercase();
    whole.normalize(&small).trim().to_owned()
}

/// Where the settings speak of somebody who is no user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mention {
    /// What a user left at a server's login server, which the hub gives back.
    SignIn(String),
    Key(String),
    Token,
    Server(String),
    Group(String),
}

/// The first place where the settings give a right to, or keep something for, somebody of such a name. For a name that is no user's.
#[must_use]
pub fn mention(settings: &Settings, name: &str) -> Option<Mention> {
    let is_it = |other: &str| are_alike(other, name);
    let shared = |sharing: &Sharing| {
        let mut all = sharing.owner.iter().chain(&sharing.with_users);
        all.any(|it| is_it(it))
    };
    let owns = |key: &settings::BearerKey| match &key.kind {
        KeyKind::User { owner } => is_it(owner),
        KeyKind::System => false,
    };
    let of_server = |server: &std::sync::Arc<settings::Server>| {
        let left = server.oauth.users.keys().any(|user| is_it(user));
        let left = left.then(|| Mention::SignIn(server.name.clone()));
        left.or_else(|| shared(&server.sharing).then(|| Mention::Server(server.name.clone())))
    };
    let group = |group: &settings::Group| {
        shared(&group.sharing).then(|| Mention::Group(group.name.clone()))
    };
    let key = settings.bearer_keys.iter().find(|key| owns(key));
    let mut tokens = settings.oauth_tokens.iter();
    // What is given back comes first: nobody can say that it should stay.
    let servers = || settings.servers.iter().filter_map(of_server);
    let mut left = servers().filter(|found| matches!(found, Mention::SignIn(_)));
    left.next()
        .or_else(|| key.map(|key| Mention::Key(key.name.clone())))
        .or_else(|| {
            tokens
                .any(|token| is_it(&token.username))
                .then_some(Mention::Token)
        })
        .or_else(|| servers().next())
        .or_else(|| settings.groups.iter().find_map(group))
}

/// The user who is called so, or nearly so. The administrator of the environment stands in no list.
#[must_use]
pub fn user_like<'s>(settings: &'s Settings, name: &str) -> Option<&'s str> {
    let names = settings.users.iter().map(|user| user.username.as_str());
    let mut names = names.chain((name != ADMIN).then_some(ADMIN));
    names.find(|other| are_alike(other, name))
}

#[cfg(test)]
mod tests {
    use super::*;

    // rule: mcphub-user-name
    #[test]
    fn names_that_look_the_same_are_the_same_whatever_they_are_written_in() {
        for (one, other) in [
            ("admin", "Admin"),
            ("admin", "ａｄｍｉｎ"),
            ("admin", "𝐚𝐝𝐦𝐢𝐧"),
            ("é", "e\u{301}"),
            ("É", "e\u{301}"),
            ("straße", "STRASSE"),
            ("οδός", "ΟΔΌΣ"),
            ("alice", "ali\u{200b}ce"),
            ("ﬁn", "fin"),
        ] {
            assert!(are_alike(one, other), "{one} {other}");
        }
        for (one, other) in [("alice", "alina"), ("alice", "alice2"), ("a b", "ab")] {
            assert!(!are_alike(one, other), "{one} {other}");
        }
    }

    // rule: mcphub-user-name
    #[test]
    fn nobody_is_called_what_cannot_be_read_or_passes_for_another() {
        for (name, unfit) in [
            ("\u{430}dmin", Unfit::Mixed),
            ("adm\u{3b9}n", Unfit::Mixed),
            ("alice@ех\u{430}mple.com", Unfit::Mixed),
            ("\u{a4ee}dmin", Unfit::Mixed),
            ("al\u{a4f2}ce", Unfit::Mixed),
            ("\u{430}\u{301}dmin", Unfit::Mixed),
            ("\u{458}.doe", Unfit::Mixed),
            ("alic\u{212e}", Unfit::Mixed),
            ("Иван田", Unfit::Mixed),
            ("b\u{3007}b", Unfit::Mixed),
            ("a\u{4e28}ice", Unfit::Mixed),
            ("a\u{3163}ice", Unfit::Mixed),
            ("b\u{3147}b", Unfit::Mixed),
            ("\u{202e}nimda", Unfit::Unseen),
            ("ad\u{200d}min", Unfit::Unseen),
            ("ad\u{ad}min", Unfit::Unseen),
            ("al\u{3164}ice", Unfit::Unseen),
            ("al\u{2800}ice", Unfit::Unseen),
            ("a\0b", Unfit::Unseen),
            ("a\u{e000}", Unfit::Unseen),
            ("a\u{e0041}", Unfit::Unseen),
            (" bob", Unfit::Blank),
            ("", Unfit::Empty),
        ] {
            assert_eq!(fit(name), Err(unfit), "{name:?}");
        }
        assert_eq!(fit(&"b".repeat(256)), Err(Unfit::Long));
        for name in [
            "alice",
            "Иван Петров",
            "ivan (Иван)",
            "田中taro",
            "김철수kim",
            "山田タロウ",
            "สมชาย ใจดี",
            "יוסי",
            "o'neil-o.b_2",
            "№ 5",
            "José",
            "bob@example.com",
            "Ω",
        ] {
            assert_eq!(fit(name), Ok(()), "{name:?}");
        }
    }
}
