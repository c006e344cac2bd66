use super::*;

#[test]
fn another_id_changes_nothing_else() {
    let text =
        r#"{ "id" : 7, "x": 1.00, "jsonrpc":"2.0","method":"tools/call","params":{"b":1,"a":2} } "#;
    let message = Message::parse(text).unwrap().with_id("\"abc\"");
    assert_eq!(message.text(), text.replace("7", "\"abc\""));
    assert_eq!(message.id(), Some("\"abc\""));
    assert_eq!(message.method(), Some("tools/call"));
    assert_eq!(message.params(), Some(r#"{"b":1,"a":2}"#));
}
