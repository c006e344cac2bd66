//! Whose is it: names of tools and prompts on endpoints that show many servers, and addresses of resources there.
//!
//! A name is shown as owner, separator, name, as MCPHub's users know it. A resource keeps its address unless two servers have
//! the same one; the later of them then shows it with a reversible prefix.

/// The prefix of a resource address that had to be told apart.
const OWNED: &str = "mcphub+owner:";

/// The name under which a merged endpoint shows what `owner` calls `name`.
pub fn shown(owner: &str, separator: &str, name: &str) -> String {
    [owner, separator, name].concat()
}

/// Who owns a shown name, and what they call it. Names of owners may hold the separator: the longest owner wins.
pub fn split<'o, 'n>(
    shown: &'n str,
    separator: &str,
    owners: impl IntoIterator<Item = &'o str>,
) -> Option<(&'o str, &'n str)> {
    owners
        .into_iter()
        .filter_map(|owner| {
            let name = shown.strip_prefix(owner)?.strip_prefix(separator)?;
            (!name.is_empty()).then_some((owner, name))
        })
        .max_by_key(|(owner, _)| owner.len())
}

/// A resource address that says whose it is.
pub fn owned_uri(owner: &str, uri: &str) -> String {
    let owner = owner.replace('%', "%25").replace('/', "%2F");
    format!("{OWNED}{owner}/{uri}")
}

/// Takes `owned_uri` apart again.
pub fn split_uri(shown: &str) -> Option<(String, &str)> {
    let (owner, uri) = shown.strip_prefix(OWNED)?.split_once('/')?;
    Some((owner.replace("%2F", "/").replace("%25", "%"), uri))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_longest_owner_wins() {
        let owners = ["a", "a-b", "a-b-c"];
        assert_eq!(split("a-b-search", "-", owners), Some(("a-b", "search")));
        assert_eq!(split("a-search", "-", owners), Some(("a", "search")));
        assert_eq!(split("a-b-c-x-y", "-", owners), Some(("a-b-c", "x-y")));
    }

    #[test]
    fn a_name_without_owner_or_without_name_belongs_to_nobody() {
        assert_eq!(split("search", "-", ["a"]), None);
        assert_eq!(split("a-", "-", ["a"]), None);
        assert_eq!(split("ab-search", "-", ["a"]), None);
    }

    #[test]
    fn a_plain_address_has_no_owner() {
        assert_eq!(split_uri("file:///a/b"), None);
    }

    proptest! {
        #[test]
        fn an_owned_address_comes_apart_as_it_was_put_together(owner in "[^\\x00]{1,20}", uri in ".{0,40}") {
            let owned = owned_uri(&owner, &uri);
            prop_assert_eq!(split_uri(&owned), Some((owner, uri.as_str())));
        }

        #[test]
        fn a_shown_name_goes_back_to_an_owner(owner in "[a-z/-]{1,8}", name in "[a-z_-]{1,8}") {
            let shown = shown(&owner, "-", &name);
            prop_assert_eq!(split(&shown, "-", [owner.as_str()]), Some((owner.as_str(), name.as_str())));
        }
    }
}
