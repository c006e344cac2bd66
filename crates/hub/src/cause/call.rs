//! The codes of a client's call that could not be made, or waited in vain.
//!
//! A number is never used again, and a word never changes; texts may. What is not here: which error has which code
//! (`of_oauth`; `causes` beside the errors of the hub).

use super::{Cause, Family, Row};

pub(super) const ROWS: &[Row] = &[
    Row {
        cause: Cause::CallTimeout,
        id: (Family::Call, 1),
        word: "call-timeout",
        title: "The server did not answer the call in time.",
        why: "Slow tools may need longer than the settings allow.",
        clause: None,
        cure: "raise \"options.timeout\" of the server for slow tools",
    },
    Row {
        cause: Cause::CallRefused,
        id: (Family::Call, 2),
        word: "call-refused",
        title: "The server refused the call.",
        why: "Its own error is in the evidence.",
        clause: Some("MCP tools, Error Handling"),
        cure: "correct the arguments as the server's error says",
    },
    Row {
        cause: Cause::NoSuchTool,
        id: (Family::Call, 3),
        word: "no-such-tool",
        title: "The server has no such tool, prompt or resource.",
        why: "It is not offered, or is switched off in the settings.",
        clause: None,
        cure: "look at its lists",
    },
    Row {
        cause: Cause::QuestionRefused,
        id: (Family::Call, 4),
        word: "question-refused",
        title: "The server asked the client something, and got no answer.",
        why: "The client cannot answer such questions, or the person said no, and the call cannot go on without.",
        clause: Some("MCP elicitation"),
        cure: "use a client that can answer, and answer there",
    },
    Row {
        cause: Cause::CallUnreadable,
        id: (Family::Call, 5),
        word: "call-unreadable",
        title: "The call cannot be sent on as it is.",
        why: "It can be read in two ways, or answers a question that nobody asked.",
        clause: Some("RFC 8259 4"),
        cure: "correct the client that sent it",
    },
];
