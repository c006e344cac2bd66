//! Files that nobody writes by hand: deep, long, with thousands of servers.

use mcphub_settings::{Change, File, apply, check, resolve};

#[test]
fn thousands_of_servers_with_a_problem_each_are_read_and_edited() {
    let entry =
        |n: usize| format!("    \"server-{n}\": {{ \"url\": \"https://${{HOST_{n}}}/mcp\" }}");
    let entries: Vec<String> = (0..5_000).map(entry).collect();
    let text = format!(
        "{{\n  \"mcpServers\": {{\n{}\n  }}\n}}\n",
        entries.join(",\n")
    );
    let file = File::parse(&text).unwrap();
    let settings = resolve(&file, &|_| None);
    assert_eq!(settings.servers.len(), 5_000);
    let problems = check(&file, &|name| {
        let is_set = name.starts_with("HOST_") && name != "HOST_4999";
        is_set.then(|| "a.example.com".to_owned())
    });
    let lines: Vec<_> = problems
        .iter()
        .map(|problem| problem.place.unwrap().line)
        .collect();
    assert_eq!(lines, [5_002, 5_002], "{problems:?}");

    let edited = apply(
        &text,
        &[Change::record(
            ["mcpServers", "server-4999", "oauth", "accessToken"],
            "t",
        )],
    )
    .unwrap();
    let before_last: Vec<&str> = text.lines().take(5_001).collect();
    assert!(edited.starts_with(&before_last.join("\n")));
    assert_eq!(
        File::parse(&edited)
            .unwrap()
            .at(&["mcpServers", "server-4999", "oauth", "accessToken"])
            .unwrap(),
        "t"
    );
}

#[test]
fn a_deep_file_is_read_and_a_bottomless_one_refused() {
    let deep = |levels: usize| format!("{{\"x\":{}{}}}", "[".repeat(levels), "]".repeat(levels));
    let text = deep(250);
    assert!(File::parse(&text).is_ok());
    assert!(apply(&text, &[Change::set(["y"], 1)]).is_ok());
    let error = File::parse(&deep(100_000)).unwrap_err();
    assert_eq!(error.message, "maximum nesting depth exceeded");
    assert!(apply(&deep(100_000), &[Change::set(["y"], 1)]).is_err());
}

#[test]
fn nothing_is_written_so_deep_that_it_could_not_be_read_again() {
    let nested = |levels| {
        let inside = |inner, _| serde_json::json!({ "y": inner });
        (0..levels).fold(serde_json::json!(1), inside)
    };
    let deepest = apply("{}", &[Change::set(["x"], nested(127))]).unwrap();
    assert!(File::parse(&deepest).is_ok());
    let refused = apply("{}", &[Change::set(["x"], nested(128))]).unwrap_err();
    assert_eq!(
        refused.to_string(),
        "`x` goes more than 128 levels deep, and settings may not"
    );
    let refused = apply("{}", &[Change::record(vec!["x"; 100_000], 1)]).unwrap_err();
    assert!(refused.to_string().len() < 400, "{refused}");
}
