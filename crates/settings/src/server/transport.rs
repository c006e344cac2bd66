//! How a server is reached: an address, or a process.

use url::Url;

use crate::problem::{Problem, nearest};
use crate::reader::{Reader, shown};
use crate::secret::Secret;

#[derive(Clone, Debug, PartialEq)]
pub enum Transport {
    Http {
        /// As written, after expansion; it is known to be an http or https address.
        url: String,
        headers: Vec<(String, Secret)>,
        prefer: Prefer,
    },
    Stdio {
        command: String,
        args: Vec<String>,
        env: Vec<(String, Secret)>,
    },
}

/// What the file says of the transport at an address. MCPHub takes an address without a `type` for the old SSE transport.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Prefer {
    Sse,
    StreamableHttp,
    Unknown,
}

/// Keys of a server that only some transports read.
pub(super) const KEYS: [&str; 7] = [
    "type", "url", "command", "args", "env", "headers", "openapi",
];

#[derive(Clone, Copy)]
enum Kind {
    Http(Prefer),
    Stdio,
    OpenApi,
}

const KINDS: [(&str, Kind); 7] = [
    ("stdio", Kind::Stdio),
    ("sse", Kind::Http(Prefer::Sse)),
    ("streamable-http", Kind::Http(Prefer::StreamableHttp)),
    ("openapi", Kind::OpenApi),
    // Spellings of other clients' files.
    ("http", Kind::Http(Prefer::StreamableHttp)),
    ("streamableHttp", Kind::Http(Prefer::StreamableHttp)),
    ("streamable_http", Kind::Http(Prefer::StreamableHttp)),
];

impl Transport {
    pub(super) fn read(reader: &Reader<'_>) -> Result<Self, Problem> {
        match kind(reader)? {
            Kind::Http(prefer) => {
                let url = address(reader)?;
                Ok(Self::Http {
                    url,
                    headers: headers(reader),
                    prefer,
                })
            }
            Kind::Stdio => {
                let Some(command) = reader.text("command") else {
                    let problem = Problem::broken(reader.path(), "a stdio server needs a command");
                    return Err(problem
                        .cure("write the program under `command` and its arguments under `args`"));
                };
                let env = reader
                    .pairs("env")
                    .into_iter()
                    .map(|(name, value)| (name, Secret::from(value)))
                    .collect();
                Ok(Self::Stdio {
                    command,
                    args: reader.texts("args").unwrap_or_default(),
                    env,
                })
            }
            Kind::OpenApi => {
                let problem = Problem::broken(
                    reader.path(),
                    "servers made from an OpenAPI document are not supported yet",
                );
                Err(problem.cure("its entry is kept as it is"))
            }
        }
    }
}

fn kind(reader: &Reader<'_>) -> Result<Kind, Problem> {
    if let Some(written) = reader.text("type") {
        if let Some((_, kind)) = KINDS.iter().find(|(word, _)| *word == written) {
            return Ok(*kind);
        }
        let words = KINDS.iter().map(|(word, _)| *word);
        let cure = match nearest(&written, words) {
            Some(word) => format!("did you mean `{word}`?"),
            None => "write `streamable-http`, `sse` or `stdio`".to_owned(),
        };
        let message = format!("`{}` is not a transport", shown(&written));
        return Err(Problem::broken(&reader.path_to("type"), message).cure(cure));
    }
    let described = reader
        .object("openapi")
        .is_some_and(|openapi| openapi.raw("url").or(openapi.raw("schema")).is_some());
    if described {
        Ok(Kind::OpenApi)
    } else if reader.raw("url").is_some() {
        Ok(Kind::Http(Prefer::Unknown))
    } else if reader.raw("command").is_some() {
        Ok(Kind::Stdio)
    } else {
        let problem = Problem::broken(reader.path(), "has neither a `url` nor a `command`");
        Err(problem.cure(
            "write `\"url\": \"https://...\"` for a remote server, `\"command\"` for a local one",
        ))
    }
}

fn address(reader: &Reader<'_>) -> Result<String, Problem> {
    let path = reader.path_to("url");
    let example = "write the whole address, such as `https://mcp.example.com/mcp`";
    let Some(written) = reader.text("url") else {
        let problem = if reader.raw("url").is_some() {
            Problem::broken(&path, "the address is empty")
        } else {
            Problem::broken(reader.path(), "has no `url`")
        };
        return Err(problem.cure(example));
    };
    let written = written.trim();
    let url = match Url::parse(written) {
        Ok(url) => url,
        Err(error) => {
            return Err(
                Problem::broken(&path, format!("is not an address: {error}")).cure(example),
            );
        }
    };
    // The URL standard takes the first part of the path for a host then; a placeholder that was not set looks like this.
    let no_host = written
        .split_once("://")
        .is_some_and(|(_, rest)| rest.starts_with(['/', ':']));
    if no_host {
        return Err(Problem::broken(&path, "the address names no host").cure(example));
    }
    if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none() {
        let message = format!(
            "an address begins with `https://` or `http://`, not `{}:`",
            shown(url.scheme())
        );
        return Err(Problem::broken(&path, message).cure(example));
    }
    Ok(written.to_owned())
}

fn headers(reader: &Reader<'_>) -> Vec<(String, Secret)> {
    let pairs = reader.pairs("headers").into_iter().filter(|(name, value)| {
        let named = !name.is_empty()
            && name
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b));
        let sendable = value.chars().all(|c| c == '\t' || !c.is_control());
        if !(named && sendable) {
            let mut path = reader.path_to("headers");
            path.push(shown(name));
            let wrong = if named {
                "its value has a line break or control character"
            } else {
                "is not a header name"
            };
            reader.report(Problem::warning(
                &path,
                format!("{wrong}, and was left out"),
            ));
        }
        named && sendable
    });
    pairs
        .map(|(name, value)| (name, Secret::from(value)))
        .collect()
}
