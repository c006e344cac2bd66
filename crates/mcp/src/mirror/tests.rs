//! What headers repeat: standard ones, encodings, marked parameters and marks that break a rule.

use serde_json::{Value, json};

use super::*;

fn tool(properties: &Value) -> String {
    json!({ "name": "t", "inputSchema": { "type": "object", "properties": properties } })
        .to_string()
}

fn refused(properties: &Value) -> Unmirrorable {
    Mirror::of_tool(&tool(properties)).unwrap_err()
}

fn sent(tool: &str, arguments: &Value) -> Vec<(String, String)> {
    let arguments = arguments.to_string();
    let mirrors = Mirror::of_tool(tool).unwrap();
    let headers = mirrors
        .iter()
        .filter_map(|mirror| mirror.header(&arguments));
    headers
        .map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()))
        .collect()
}

// rule: mcp-standard-headers
#[test]
fn a_request_names_its_method_and_what_it_is_about() {
    let named = |method: &str, params: &str| {
        standard(method, params)
            .iter()
            .map(|(name, value)| format!("{name}: {}", value.to_str().unwrap()))
            .collect::<Vec<_>>()
    };
    let params = r#"{"name":"a b","uri":"file:///x"}"#;
    assert_eq!(
        named("tools/call", params),
        ["mcp-method: tools/call", "mcp-name: a b"]
    );
    assert_eq!(
        named("prompts/get", params),
        ["mcp-method: prompts/get", "mcp-name: a b"]
    );
    assert_eq!(
        named("resources/read", params),
        ["mcp-method: resources/read", "mcp-name: file:///x"]
    );
    assert_eq!(
        named("resources/list", params),
        ["mcp-method: resources/list"]
    );
    assert_eq!(
        named("tools/call", r#"{"name":"é"}"#)[1],
        "mcp-name: =?base64?w6k=?="
    );
}

// rule: mcp-task-headers
#[test]
fn a_request_about_a_task_names_the_task() {
    let params = r#"{"taskId":"t-1","name":"not this"}"#;
    for method in ["tasks/get", "tasks/update", "tasks/cancel"] {
        let sent: http::HeaderMap = standard(method, params).into_iter().collect();
        assert_eq!(sent["mcp-name"], "t-1", "{method}");
        let mut headers = sent.clone();
        headers.insert("mcp-protocol-version", "2026-07-28".parse().unwrap());
        let agrees =
            |headers: &http::HeaderMap| standard_agree(headers, "2026-07-28", method, params);
        assert_eq!(agrees(&headers), Ok(()));
        headers.insert("mcp-name", "t-2".parse().unwrap());
        assert!(matches!(agrees(&headers), Err(Mismatch::Differs { .. })));
        headers.remove("mcp-name");
        assert!(matches!(agrees(&headers), Err(Mismatch::Missing { .. })));
    }
    assert_eq!(standard("tasks/list", params).len(), 1);
}

// rule: mcp-mirror-encoding
#[test]
fn what_a_header_cannot_hold_as_it_is_goes_in_base64() {
    for (text, header) in [
        ("us-west1", "us-west1"),
        ("us west 1", "us west 1"),
        ("", ""),
        ("Hello, 世界", "=?base64?SGVsbG8sIOS4lueVjA==?="),
        (" padded ", "=?base64?IHBhZGRlZCA=?="),
        ("line1\nline2", "=?base64?bGluZTEKbGluZTI=?="),
        ("\tindented", "=?base64?CWluZGVudGVk?="),
        ("=?base64?literal?=", "=?base64?PT9iYXNlNjQ/bGl0ZXJhbD89?="),
    ] {
        assert_eq!(value(text).unwrap().to_str().unwrap(), header, "{text:?}");
    }
}

// rule: mcp-mirror-omit-null
#[test]
fn marked_parameters_are_mirrored_where_they_have_a_value() {
    let tool = tool(&json!({
        "region": { "type": "string", "x-mcp-header": "Region" },
        "count": { "type": "integer", "x-mcp-header": "Count" },
        "dry": { "type": ["boolean", "null"], "x-mcp-header": "Dry" },
        "gone": { "type": "string", "x-mcp-header": "Gone" },
        "plain": { "type": "string", "default": { "x-mcp-header": "no mark" } },
        "deep": { "type": "object", "properties": { "x-mcp-header": { "type": "string", "x-mcp-header": "Deep" } } },
    }));
    let arguments = json!({ "region": "us", "count": -7, "dry": null, "plain": "p", "deep": { "x-mcp-header": "d" } });
    let mut headers = sent(&tool, &arguments);
    headers.sort();
    let expected = [
        ("mcp-param-count", "-7"),
        ("mcp-param-deep", "d"),
        ("mcp-param-region", "us"),
    ];
    assert_eq!(
        headers,
        expected.map(|(name, value)| (name.to_owned(), value.to_owned()))
    );
    assert_eq!(
        sent(&tool, &json!({ "dry": true, "region": {}, "count": 42.0 })),
        [
            ("mcp-param-count".to_owned(), "42".to_owned()),
            ("mcp-param-dry".to_owned(), "true".to_owned()),
        ]
    );
}

// rule: mcp-mirror-invalid-tool
// rule: mcp-mirror-name
#[test]
fn a_mark_that_is_no_header_name_or_stands_twice_makes_the_tool_invalid() {
    let marked = |name: &Value| json!({ "a": { "type": "string", "x-mcp-header": name } });
    assert!(matches!(
        refused(&marked(&json!(""))),
        Unmirrorable::Empty { .. }
    ));
    assert!(matches!(
        refused(&marked(&json!(7))),
        Unmirrorable::NotText { .. }
    ));
    for name in [
        "My Region",
        "Region:Primary",
        "Région",
        "Region\t1",
        "a\r\nb",
    ] {
        assert!(
            matches!(
                refused(&marked(&json!(name))),
                Unmirrorable::NotAName { .. }
            ),
            "{name:?}"
        );
    }
    let twice = json!({ "a": { "type": "string", "x-mcp-header": "My" }, "b": { "type": "string", "x-mcp-header": "mY" } });
    assert!(matches!(refused(&twice), Unmirrorable::Twice { .. }));
}

// rule: mcp-mirror-type
#[test]
fn a_mark_on_anything_but_a_primitive_makes_the_tool_invalid() {
    for declared in [
        json!("object"),
        json!("array"),
        json!("null"),
        json!("number"),
        json!(["string", "number"]),
        json!(["null"]),
        json!(1),
    ] {
        let refused = refused(&json!({ "a": { "type": declared, "x-mcp-header": "A" } }));
        assert!(matches!(refused, Unmirrorable::Type { .. }), "{refused}");
    }
    assert!(matches!(
        refused(&json!({ "a": { "x-mcp-header": "A" } })),
        Unmirrorable::Type { .. }
    ));
}

// rule: mcp-mirror-reachable
#[test]
fn a_mark_that_properties_alone_do_not_lead_to_makes_the_tool_invalid() {
    let marked = json!({ "type": "string", "x-mcp-header": "A" });
    for schema in [
        json!({ "a": { "type": "array", "items": marked } }),
        json!({ "a": { "type": "object", "oneOf": [{ "properties": { "b": marked } }] } }),
        json!({ "a": { "type": "object", "not": marked } }),
        json!({ "a": { "type": "object", "additionalProperties": marked } }),
    ] {
        let refused = refused(&schema);
        assert!(
            matches!(refused, Unmirrorable::Unreachable { .. }),
            "{refused}"
        );
    }
    let root =
        json!({ "name": "t", "inputSchema": { "type": "object", "$defs": { "x": marked } } })
            .to_string();
    assert!(matches!(
        Mirror::of_tool(&root),
        Err(Unmirrorable::Unreachable { .. })
    ));
    let escaped = root.replace("x-mcp-header", "\\u0078-mcp-header");
    assert!(
        Mirror::of_tool(&escaped).is_err(),
        "an escape does not hide a mark"
    );
}

#[test]
fn a_tool_without_marks_is_not_even_read() {
    assert_eq!(Mirror::of_tool("no JSON at all"), Ok(Vec::new()));
}
