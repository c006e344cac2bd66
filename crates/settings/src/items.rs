//! Prompts and resources that the hub itself offers: `prompts` and `resources` at the top of the file.

use crate::problem::Problem;
use crate::reader::Reader;

#[derive(Clone, Debug, PartialEq)]
pub struct Prompt {
    pub id: String,
    pub name: String,
    pub title: Option<String>,
    pub description: Option<String>,
    /// With `{{name}}` where an argument goes.
    pub template: String,
    pub arguments: Vec<Argument>,
    pub enabled: bool,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Argument {
    pub name: String,
    pub title: Option<String>,
    pub description: Option<String>,
    pub required: bool,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Resource {
    pub id: String,
    pub uri: String,
    pub name: Option<String>,
    pub description: Option<String>,
    pub mime_type: String,
    pub content: String,
    pub enabled: bool,
}

impl Prompt {
    pub(crate) fn read(reader: Reader<'_>) -> Option<Self> {
        let Some(name) = reader.text("name") else {
            reader.report(
                Problem::broken(reader.path(), "a prompt needs a name")
                    .cure("write one under `name`"),
            );
            return None;
        };
        let prompt = Self {
            id: reader.text("id").unwrap_or_else(|| name.clone()),
            name,
            title: reader.text("title"),
            description: reader.text("description"),
            template: reader.text("template").unwrap_or_default(),
            arguments: reader
                .objects("arguments")
                .into_iter()
                .filter_map(Argument::read)
                .collect(),
            enabled: reader.flag("enabled").unwrap_or(true),
        };
        reader.finish();
        Some(prompt)
    }
}

impl Argument {
    fn read(reader: Reader<'_>) -> Option<Self> {
        let Some(name) = reader.text("name") else {
            reader.report(Problem::warning(
                reader.path(),
                "an argument needs a name, and was left out",
            ));
            return None;
        };
        let argument = Self {
            name,
            title: reader.text("title"),
            description: reader.text("description"),
            required: reader.flag("required").unwrap_or(false),
        };
        reader.finish();
        Some(argument)
    }
}

impl Resource {
    pub(crate) fn read(reader: Reader<'_>) -> Option<Self> {
        let Some(uri) = reader.text("uri") else {
            reader.report(
                Problem::broken(reader.path(), "a resource needs a URI")
                    .cure("write one under `uri`"),
            );
            return None;
        };
        let resource = Self {
            id: reader.text("id").unwrap_or_else(|| uri.clone()),
            uri,
            name: reader.text("name"),
            description: reader.text("description"),
            mime_type: reader
                .text("mimeType")
                .unwrap_or_else(|| "text/plain".to_owned()),
            content: reader.text("content").unwrap_or_default(),
            enabled: reader.flag("enabled").unwrap_or(true),
        };
        reader.finish();
        Some(resource)
    }
}
