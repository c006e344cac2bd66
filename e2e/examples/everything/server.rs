//! The server: what `rmcp` asks of a handler, answered from `content` and `asking`.

#![expect(
    deprecated,
    reason = "logging and subscriptions are what older clients know"
)]

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rmcp::model::*;
use rmcp::service::{RequestContext, SubscriptionContext, SubscriptionSink};
use rmcp::task_manager::TaskManager;
use rmcp::{RoleServer, ServerHandler};
use serde_json::{Value, json};

use crate::asking::{self, Outcome};
use crate::content::{self, typed};
use crate::tasks;

/// Nobody else runs this server, and it runs for a test.
const SEAL: &[u8] = b"the seal of a server that only tests talk to";

/// One server; a clone is the same one.
#[derive(Clone)]
pub(crate) struct Everything {
    speaks: Speaks,
    seal: RequestStateCodec,
    tasks: TaskManager,
    listening: Arc<Mutex<HashMap<String, SubscriptionSink>>>,
    added: Arc<Added>,
}

/// Which revisions it knows.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Speaks {
    All,
    /// Those before 2026-07-28.
    Handshake,
    /// 2026-07-28.
    Stateless,
}

/// How many entries the lists have beside those that they began with.
#[derive(Default)]
struct Added {
    tools: AtomicUsize,
    prompts: AtomicUsize,
}

fn said(text: &str) -> Value {
    json!([content::text(text)])
}

fn missing(what: &str, name: &str) -> ErrorData {
    ErrorData::invalid_params(format!("no {what} is called {name}"), None)
}

impl Everything {
    pub(crate) fn new(speaks: Speaks) -> Self {
        Self {
            speaks,
            seal: RequestStateCodec::new_unchecked(SEAL),
            tasks: TaskManager::new(),
            listening: Arc::default(),
            added: Arc::default(),
        }
    }

    fn listeners(&self) -> Vec<SubscriptionSink> {
        let listening = self
            .listening
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        listening.values().cloned().collect()
    }

    /// A tool that does something before it answers; `None`: no such tool.
    async fn run(
        &self,
        name: &str,
        arguments: &Value,
        context: &RequestContext<RoleServer>,
    ) -> Result<Option<Value>, ErrorData> {
        Ok(Some(match name {
            "test_tool_with_logging" => {
                for text in [
                    "Tool execution started",
                    "Tool processing data",
                    "Tool execution completed",
                ] {
                    log(context, LoggingLevel::Info, text).await;
                }
                said("Three messages were logged.")
            }
            "test_logging_tool" => {
                if let Some(level) = context.meta.log_level() {
                    log(context, level, "Logs are wanted").await;
                }
                said("Logged where logs are wanted.")
            }
            "test_tool_with_progress" => {
                progress(context).await;
                said("Progress reached 100.")
            }
            "test_reconnection" => {
                // Long enough for whoever stands in between to begin a stream of its own.
                let late = Duration::from_millis(2_500);
                drop(tokio::time::timeout(late, context.ct.cancelled()).await);
                said("Still here.")
            }
            "test_custom_header" => said(arguments["value"].as_str().unwrap_or_default()),
            "test_missing_capability" => {
                if client_of(context).sampling.is_none() {
                    let sampling = ClientCapabilities::builder().enable_sampling().build();
                    return Err(ErrorData::missing_required_client_capability(sampling));
                }
                said("This client has a model.")
            }
            "test_trigger_tool_change" => {
                self.added.tools.fetch_add(1, Ordering::Relaxed);
                drop(context.peer.notify_tool_list_changed().await);
                for listener in self.listeners() {
                    drop(listener.notify_tool_list_changed().await);
                }
                said("One more.")
            }
            "test_trigger_prompt_change" => {
                self.added.prompts.fetch_add(1, Ordering::Relaxed);
                drop(context.peer.notify_prompt_list_changed().await);
                for listener in self.listeners() {
                    drop(listener.notify_prompt_list_changed().await);
                }
                said("One more.")
            }
            _ => return Ok(content::answer(name)),
        }))
    }
}

fn client_of(context: &RequestContext<RoleServer>) -> ClientCapabilities {
    let of_session = || {
        context
            .peer
            .peer_info()
            .map(|info| info.capabilities.clone())
    };
    context
        .meta
        .client_capabilities()
        .or_else(of_session)
        .unwrap_or_default()
}

/// Whether a client that is gone heard it is not the tool's business.
async fn log(context: &RequestContext<RoleServer>, level: LoggingLevel, text: &str) {
    let message =
        LoggingMessageNotificationParam::new(level, json!(text)).with_logger("everything");
    drop(context.peer.notify_logging_message(message).await);
}

async fn progress(context: &RequestContext<RoleServer>) {
    let Some(token) = context.meta.get_progress_token() else {
        return;
    };
    for done in [0.0, 50.0, 100.0] {
        let step = ProgressNotificationParam::new(token.clone(), done).with_total(100.0);
        drop(context.peer.notify_progress(step).await);
    }
}

impl ServerHandler for Everything {
    fn supported_protocol_versions(&self) -> Cow<'static, [ProtocolVersion]> {
        Cow::Borrowed(match self.speaks {
            Speaks::All => ProtocolVersion::KNOWN_VERSIONS,
            Speaks::Handshake => ProtocolVersion::known_up_to(&ProtocolVersion::V_2025_11_25),
            Speaks::Stateless => &[ProtocolVersion::V_2026_07_28],
        })
    }

    fn get_info(&self) -> ServerInfo {
        let capabilities = ServerCapabilities::builder()
            .enable_tools()
            .enable_tool_list_changed()
            .enable_prompts()
            .enable_prompts_list_changed()
            .enable_resources()
            .enable_resources_subscribe()
            .enable_resources_list_changed()
            .enable_logging()
            .enable_completions()
            .enable_tasks()
            .build();
        ServerInfo::new(capabilities)
            .with_server_info(Implementation::new("everything", "1.0.0"))
            .with_instructions("One of each kind.")
    }

    fn get_tool(&self, name: &str) -> Option<Tool> {
        let tools: Vec<Tool> =
            typed(content::tools(self.added.tools.load(Ordering::Relaxed))).ok()?;
        tools.into_iter().find(|tool| tool.name == name)
    }

    async fn list_tools(
        &self,
        _page: Option<PaginatedRequestParams>,
        _context: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        typed(content::list(
            "tools",
            &content::tools(self.added.tools.load(Ordering::Relaxed)),
        ))
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        let client = client_of(&context);
        let name = &*request.name;
        let arguments = Value::Object(request.arguments.unwrap_or_default());
        let mut answers = None;
        // A tool that cannot run is not worth a question.
        let runs = !tasks::has(name) || client.supports_tasks();
        if let Some(plan) = asking::plan(name, &arguments, &client).filter(|_| runs) {
            let state = request.request_state.as_deref();
            let responses = request.input_responses.as_ref();
            match plan.follow(&self.seal, state, responses, &context).await? {
                Outcome::Asked(asked) => return Ok(asked.into()),
                Outcome::Answered(given) => answers = Some(given),
            }
        }
        if tasks::has(name) {
            let answers = Value::Object(answers.unwrap_or_default());
            return tasks::call(&self.tasks, name, &arguments, &answers, &client);
        }
        let content = match answers {
            None => self.run(name, &arguments, &context).await?,
            Some(answers) => Some(said(&asking::summary(name, &answers))),
        };
        let content = content.ok_or_else(|| missing("tool", name))?;
        let failed = name == "test_error_handling";
        let result = json!({ "content": content, "isError": failed, "resultType": "complete" });
        typed::<CallToolResult>(result).map(Into::into)
    }

    async fn get_task(
        &self,
        request: GetTaskParams,
        _context: RequestContext<RoleServer>,
    ) -> Result<GetTaskResult, ErrorData> {
        Ok(GetTaskResult::new(self.tasks.get_task(&request.task_id)?))
    }

    async fn update_task(
        &self,
        request: UpdateTaskParams,
        _context: RequestContext<RoleServer>,
    ) -> Result<(), ErrorData> {
        self.tasks
            .update_task(&request.task_id, request.input_responses)
    }

    async fn cancel_task(
        &self,
        request: CancelTaskParams,
        _context: RequestContext<RoleServer>,
    ) -> Result<(), ErrorData> {
        self.tasks.cancel_task(&request.task_id)
    }

    async fn list_prompts(
        &self,
        _page: Option<PaginatedRequestParams>,
        _context: RequestContext<RoleServer>,
    ) -> Result<ListPromptsResult, ErrorData> {
        typed(content::list(
            "prompts",
            &content::prompts(self.added.prompts.load(Ordering::Relaxed)),
        ))
    }

    async fn get_prompt(
        &self,
        request: GetPromptRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<GetPromptResponse, ErrorData> {
        let arguments = Value::Object(request.arguments.unwrap_or_default());
        if let Some(plan) = asking::plan(&request.name, &arguments, &client_of(&context)) {
            let state = request.request_state.as_deref();
            let responses = request.input_responses.as_ref();
            if let Outcome::Asked(asked) =
                plan.follow(&self.seal, state, responses, &context).await?
            {
                return Ok(asked.into());
            }
        }
        let prompt = content::prompt(&request.name, &arguments);
        let prompt = prompt.ok_or_else(|| missing("prompt", &request.name))?;
        typed::<GetPromptResult>(prompt).map(Into::into)
    }

    async fn list_resources(
        &self,
        _page: Option<PaginatedRequestParams>,
        _context: RequestContext<RoleServer>,
    ) -> Result<ListResourcesResult, ErrorData> {
        typed(content::list("resources", &content::resources()))
    }

    async fn list_resource_templates(
        &self,
        _page: Option<PaginatedRequestParams>,
        _context: RequestContext<RoleServer>,
    ) -> Result<ListResourceTemplatesResult, ErrorData> {
        typed(content::list("resourceTemplates", &content::templates()))
    }

    async fn read_resource(
        &self,
        request: ReadResourceRequestParams,
        _context: RequestContext<RoleServer>,
    ) -> Result<ReadResourceResponse, ErrorData> {
        let uri = request.uri.as_str();
        let contents = content::read(uri).ok_or_else(|| {
            ErrorData::resource_not_found(
                format!("no resource at {uri}"),
                Some(json!({ "uri": uri })),
            )
        })?;
        typed::<ReadResourceResult>(content::list("contents", &json!([contents]))).map(Into::into)
    }

    async fn subscribe(
        &self,
        _request: SubscribeRequestParams,
        _context: RequestContext<RoleServer>,
    ) -> Result<(), ErrorData> {
        Ok(())
    }

    async fn unsubscribe(
        &self,
        _request: UnsubscribeRequestParams,
        _context: RequestContext<RoleServer>,
    ) -> Result<(), ErrorData> {
        Ok(())
    }

    fn accepted_subscription_filter(
        &self,
        requested: &SubscriptionFilter,
    ) -> Option<SubscriptionFilter> {
        Some(requested.supported_by(&self.get_info().capabilities))
    }

    async fn listen(&self, context: SubscriptionContext) -> Result<(), ErrorData> {
        let key = format!("{:?}", context.sink().id());
        let listening = || {
            self.listening
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
        };
        listening().insert(key.clone(), context.sink().clone());
        context.cancelled().await;
        listening().remove(&key);
        Ok(())
    }

    async fn complete(
        &self,
        request: CompleteRequestParams,
        _context: RequestContext<RoleServer>,
    ) -> Result<CompleteResult, ErrorData> {
        let words = ["paris", "park", "party"];
        let fitting: Vec<_> = words
            .iter()
            .filter(|word| word.starts_with(&request.argument.value))
            .collect();
        typed(
            json!({ "completion": { "values": fitting, "hasMore": false }, "resultType": "complete" }),
        )
    }

    async fn set_level(
        &self,
        _request: SetLevelRequestParams,
        _context: RequestContext<RoleServer>,
    ) -> Result<(), ErrorData> {
        Ok(())
    }
}
