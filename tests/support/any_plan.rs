//! A generator that makes all there is to make.

use mock_realtime::generators::{
    Ending, PlannedItem, PlannedMcpCall, ResponsePlan, ResponseRequest,
};
use mock_realtime::protocol::realtime::McpProtocolError;

/// A plan of any kind; which one depends on how far the conversation has come.
pub(crate) fn any_plan(request: ResponseRequest<'_>) -> ResponsePlan {
    let call = |n: usize| PlannedItem::call("weather", format!(r#"{{"n":{n}}}"#));
    let mcp = |outcome| {
        PlannedItem::McpCall(PlannedMcpCall {
            server_label: "library".to_owned(),
            name: "find".to_owned(),
            arguments: "{}".to_owned(),
            outcome,
            approval_request_id: None,
        })
    };
    match request.conversation.len() % 7 {
        0 => ResponsePlan::message("A short answer."),
        1 => ResponsePlan::of([PlannedItem::message("One moment, please."), call(1)]),
        2 => ResponsePlan::of([call(1), call(2), call(3)]),
        3 => ResponsePlan::of([
            mcp(Ok("yes".to_owned())),
            mcp(Err(McpProtocolError::new(-1, "no").into())),
        ]),
        4 => ResponsePlan::failed("server_error", "server_error"),
        5 => ResponsePlan {
            items: vec![PlannedItem::message("I will not")],
            ending: Ending::ContentFilter,
            ..ResponsePlan::default()
        },
        _ => ResponsePlan::default(),
    }
}
