//! An MCP server over stdio in a few lines of shell, which does to its output what no library would.

use serde_json::{Value, json};

/// Reads what the hub says. `evil` is what the test gives it; `echo` answers.
const SCRIPT: &str = r#"
answer() { printf '{"jsonrpc":"2.0","id":%s,"result":%s}\n' "$id" "$1"; }
ok() { answer "{\"content\":[{\"type\":\"text\",\"text\":\"$1\"}]}"; }
letters() { head -c "$1" /dev/zero | tr '\0' x; }
while read -r line; do
    id=${line##*\"id\":}; id=${id%%[,\}]*}
    case "$line" in
        *'"method":"server/discover"'*) printf '{"jsonrpc":"2.0","id":%s,"error":{"code":-32601,"message":"unknown"}}\n' "$id" ;;
        *'"method":"initialize"'*) answer '{"protocolVersion":"2025-11-25","capabilities":{"tools":{}},"serverInfo":{"name":"shell","version":"1"}}' ;;
        *'"method":"tools/list"'*) answer '{"tools":[{"name":"echo","inputSchema":{"type":"object"}},{"name":"evil","inputSchema":{"type":"object"}}]}' ;;
        *'"name":"echo"'*) ok echo ;;
        *'"name":"evil"'*)
            EVIL ;;
        *cancelled*) printf 'told of the end\n' >&2; END ;;
    esac
done
"#;

/// A process that does this when `evil` is called; `$id` is the call's id, and its progress token.
pub(crate) fn doing(evil: &str) -> Value {
    doing_until(evil, ":")
}

/// The same, and this when a call is taken back.
pub(crate) fn doing_until(evil: &str, end: &str) -> Value {
    let script = SCRIPT.replace("EVIL", evil).replace("END", end);
    json!({ "command": "/bin/sh", "args": ["-c", script] })
}
