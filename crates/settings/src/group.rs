//! Groups: named subsets of servers and of what they offer. Also who may see a group or a server.

use serde_json::Value;

use crate::problem::Problem;
use crate::reader::Reader;

#[derive(Clone, Debug, PartialEq)]
pub struct Group {
    pub id: String,
    pub name: String,
    pub description: Option<String>,
    pub servers: Vec<Member>,
    pub sharing: Sharing,
}

/// One server of a group, and what of it is chosen.
#[derive(Clone, Debug, PartialEq)]
pub struct Member {
    pub name: String,
    /// Stands for the server's name in exposed tool names.
    pub alias: Option<String>,
    pub tools: Pick,
    pub prompts: Pick,
    /// By URI.
    pub resources: Pick,
    pub pinned_tools: Vec<String>,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Pick {
    All,
    Only(Vec<String>),
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sharing {
    /// Absent: an admin's.
    pub owner: Option<String>,
    /// Absent: as before visibility existed. What cannot be read is private.
    pub visibility: Option<Visibility>,
    pub with_users: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Visibility {
    Private,
    Group,
    Public,
}

impl Pick {
    pub fn includes(&self, item: &str) -> bool {
        match self {
            Self::All => true,
            Self::Only(items) => items.iter().any(|chosen| chosen == item),
        }
    }
}

impl Group {
    pub fn member(&self, server: &str) -> Option<&Member> {
        self.servers.iter().find(|member| member.name == server)
    }

    /// A group without a name cannot be addressed and is left out.
    pub(crate) fn read(reader: Reader<'_>) -> Option<Self> {
        let (id, name) = (reader.text("id"), reader.text("name"));
        let group = match name.or_else(|| id.clone()) {
            None => {
                reader.report(
                    Problem::broken(reader.path(), "a group needs a name")
                        .cure("write one under `name`"),
                );
                None
            }
            Some(name) => Some(Self {
                id: id.unwrap_or_else(|| name.clone()),
                name,
                description: reader.text("description"),
                servers: reader
                    .names_or_objects("servers")
                    .into_iter()
                    .filter_map(member)
                    .collect(),
                sharing: Sharing::read(&reader),
            }),
        };
        reader.finish();
        group
    }
}

impl Sharing {
    pub(crate) fn read(reader: &Reader<'_>) -> Self {
        let words = [
            ("private", Visibility::Private),
            ("group", Visibility::Group),
            ("public", Visibility::Public),
        ];
        let chosen = reader.choice("visibility", &words);
        let is_said = reader.raw("visibility").is_some();
        Self {
            owner: reader.text("owner"),
            // Narrower than meant is safer than wider: a group that says nothing is open to every user.
            visibility: chosen.or(is_said.then_some(Visibility::Private)),
            with_users: reader.texts("sharedWithUsers").unwrap_or_default(),
        }
    }
}

impl Member {
    fn whole(name: String) -> Self {
        let all = || Pick::All;
        Self {
            name,
            alias: None,
            tools: all(),
            prompts: all(),
            resources: all(),
            pinned_tools: Vec::new(),
        }
    }

    fn read(reader: Reader<'_>) -> Option<Self> {
        let Some(name) = reader.text("name") else {
            reader.report(
                Problem::warning(reader.path(), "names no server, and was left out")
                    .cure("write its `name`"),
            );
            return None;
        };
        let member = Self {
            name,
            alias: reader.text("alias"),
            tools: pick(&reader, "tools"),
            prompts: pick(&reader, "prompts"),
            resources: pick(&reader, "resources"),
            pinned_tools: reader.texts("pinnedTools").unwrap_or_default(),
        };
        reader.finish();
        Some(member)
    }
}

fn member(entry: Result<String, Reader<'_>>) -> Option<Member> {
    match entry {
        Ok(name) => Some(Member::whole(name)),
        Err(reader) => Member::read(reader),
    }
}

fn pick(reader: &Reader<'_>, key: &'static str) -> Pick {
    match reader.raw(key) {
        None => Pick::All,
        Some(Value::String(word)) if word == "all" => Pick::All,
        // Narrower than meant is safer than wider: a choice that cannot be read chooses nothing.
        Some(_) => Pick::Only(reader.texts(key).unwrap_or_default()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_read_of_whom_something_is_for_is_private_and_what_is_not_said_is_not() {
        let read = |visibility: &str| {
            let text = format!(
                r#"{{
                    "mcpServers": {{ "s": {{ "url": "https://a"{visibility} }} }},
                    "groups": [{{ "id": "g", "name": "g", "servers": []{visibility} }}]
                }}"#
            );
            let settings = crate::resolve(&crate::File::parse(&text).unwrap(), &|_| None);
            let of_group = settings.groups[0].sharing.visibility;
            let server = settings.server("s").unwrap();
            assert_eq!(server.sharing.visibility, of_group);
            (of_group, settings.problems.len())
        };
        for (word, meant) in [
            ("private", Visibility::Private),
            ("group", Visibility::Group),
            ("public", Visibility::Public),
        ] {
            let written = format!(r#", "visibility": "{word}""#);
            assert_eq!(read(&written), (Some(meant), 0));
        }
        for written in [
            "\"privat\"",
            "\"Public\"",
            "true",
            "[\"public\"]",
            "\"${UNSET}\"",
        ] {
            let (meant, problems) = read(&format!(r#", "visibility": {written}"#));
            assert_eq!(meant, Some(Visibility::Private), "{written}");
            assert!(problems > 0, "{written}");
        }
        let empty = read(r#", "visibility": """#).0;
        assert_eq!(empty, Some(Visibility::Private));
        for written in ["", r#", "visibility": null"#] {
            assert_eq!(read(written), (None, 0), "{written}");
        }
    }
}
