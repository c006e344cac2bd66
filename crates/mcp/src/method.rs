//! The methods that the hub has to know by name. All others pass as they are.

pub const INITIALIZE: &str = "initialize";
pub const INITIALIZED: &str = "notifications/initialized";
pub const DISCOVER: &str = "server/discover";
pub const LISTEN: &str = "subscriptions/listen";
pub const ACKNOWLEDGED: &str = "notifications/subscriptions/acknowledged";
pub const PING: &str = "ping";
pub const CANCELLED: &str = "notifications/cancelled";
pub const PROGRESS: &str = "notifications/progress";
pub const LOG: &str = "notifications/message";
pub const TOOLS_LIST: &str = "tools/list";
pub const TOOLS_CALL: &str = "tools/call";
pub const PROMPTS_LIST: &str = "prompts/list";
pub const PROMPTS_GET: &str = "prompts/get";
pub const RESOURCES_LIST: &str = "resources/list";
pub const TEMPLATES_LIST: &str = "resources/templates/list";
pub const RESOURCES_READ: &str = "resources/read";
pub const SUBSCRIBE: &str = "resources/subscribe";
pub const UNSUBSCRIBE: &str = "resources/unsubscribe";
pub const RESOURCE_UPDATED: &str = "notifications/resources/updated";
pub const SET_LEVEL: &str = "logging/setLevel";
pub const COMPLETE: &str = "completion/complete";
pub const SAMPLE: &str = "sampling/createMessage";
pub const ELICIT: &str = "elicitation/create";
/// Of revision 2025-11-25.
pub const ELICITED: &str = "notifications/elicitation/complete";
pub const ROOTS_LIST: &str = "roots/list";
pub const ROOTS_CHANGED: &str = "notifications/roots/list_changed";
pub const TOOLS_CHANGED: &str = "notifications/tools/list_changed";
pub const PROMPTS_CHANGED: &str = "notifications/prompts/list_changed";
pub const RESOURCES_CHANGED: &str = "notifications/resources/list_changed";
pub const TASK_GET: &str = "tasks/get";
pub const TASK_RESULT: &str = "tasks/result";
pub const TASK_UPDATE: &str = "tasks/update";
pub const TASK_CANCEL: &str = "tasks/cancel";
pub const TASKS_LIST: &str = "tasks/list";
/// Of revision 2025-11-25.
pub const TASK_STATUS: &str = "notifications/tasks/status";
/// Of the extension.
pub const TASK_TOLD: &str = "notifications/tasks";
