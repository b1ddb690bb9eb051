//! Responses on their way: each its own cancellable piece of state.

mod actions;
mod item;
mod object;
pub(super) mod speech;
mod steps;

use std::collections::{BTreeMap, VecDeque};
use std::ops::ControlFlow;
use std::time::Duration;

use crate::generators::{
    Action, Ending, Errand, PendingPlan, PlannedItem, PlannedMessage, PlannedUsage, ResponsePlan,
    ResponseRequest,
};
use crate::protocol::realtime::{
    ConversationItem, ConversationItemAdded, ConversationItemCreated, ConversationItemDone,
    ItemStatus, MaxOutputTokens, Modality, RateLimitsUpdated, Response, ResponseCreated,
    ResponseDone, ResponseError, ResponseOutputItemAdded, ResponseOutputItemDone, ResponseParams,
    ResponseStatus, ResponseStatusDetails, ResponseStatusDetailsType, ResponseStatusReason,
};
use crate::protocol::{ItemId, Patch, ResponseId};

use super::conversation::ItemAudio;
use super::io::{Output, Ticket};
use super::refusal::Refusal;
use super::session::Session;
use super::settings;
use super::usage::{self, Cost, Tokens};
use item::{Content, OutputItem, State};
use speech::Manner;
pub use steps::Pacing;
use steps::{Step, What, steps};

/// The most responses at a time: the conversation's and those beside it. Inferred; the real server's
/// limit is not known.
const MAX_RESPONSES: usize = 32;

/// A response that is being sent.
#[derive(Debug)]
pub(super) struct ActiveResponse {
    response: Response,
    id: ResponseId,
    /// Whether it belongs to the session's conversation; else it runs beside it.
    in_conversation: bool,
    items: Vec<OutputItem>,
    steps: VecDeque<Step>,
    ending: Ending,
    usage: PlannedUsage,
    after: Vec<Action>,
    input: Tokens,
    output: Tokens,
    /// The most tokens it may say.
    limit: Option<u64>,
    /// Which errand it waits for, while it has no plan.
    awaits: Option<Ticket>,
}

impl ActiveResponse {
    /// How its speech is encoded.
    pub(super) fn encoding(&self) -> crate::audio::Encoding {
        object::output_encoding(&self.response)
    }

    /// The response's id.
    pub(super) fn id(&self) -> &ResponseId {
        &self.id
    }

    fn next_step_at(&self) -> Option<Duration> {
        self.steps.front().map(|step| step.at)
    }

    fn is_due(&self, now: Duration) -> bool {
        self.next_step_at().is_some_and(|at| at <= now)
    }
}

/// Why a response ends before its plan does.
enum Cut {
    Cancelled(ResponseStatusReason),
    Incomplete(ResponseStatusReason),
}

impl Session {
    /// Begins a response with these parameters, if there may be one. Where it answers a silence, it
    /// is told how long that was.
    pub(super) fn create_response(
        &mut self,
        params: &ResponseParams,
        silence: Option<Duration>,
    ) -> Result<(), Refusal> {
        let in_conversation = !object::is_out_of_band(params);
        if in_conversation && let Some(active) = self.active_response() {
            return Err(Refusal::active_response(active.id()));
        }
        if self.responses.len() >= MAX_RESPONSES {
            return Err(Refusal::too_many_responses(MAX_RESPONSES));
        }
        let context = self.context_of(params)?;
        let settings = settings::of_responses(&self.settings)?;
        let id = self.outbox.ids.response();
        let response = object::at_creation(settings, &self.conversation, &id, params);
        let conversation = context.as_ref().unwrap_or(&self.conversation);
        let plan = self.generator.generate(ResponseRequest {
            session: settings,
            conversation,
            params,
            silence,
            keys: &self.keys,
        });
        self.keys.clear();
        let input = usage::input_tokens(settings, conversation);
        if plan.ending == Ending::NoResponse {
            return self.perform_instead(plan);
        }
        let limit = match response.max_output_tokens {
            Some(MaxOutputTokens::Limit(limit)) => u64::try_from(limit).ok(),
            _ => None,
        };
        let mut active = ActiveResponse {
            response,
            id,
            in_conversation,
            items: Vec::new(),
            steps: VecDeque::new(),
            ending: Ending::default(),
            usage: PlannedUsage::default(),
            after: Vec::new(),
            input,
            output: Tokens::default(),
            limit,
            awaits: None,
        };
        let errand = match plan.pending {
            Some(pending) => Some(self.await_plan(&mut active, *pending)),
            None if self.follow(&mut active, plan).is_break() => return Ok(()),
            None => None,
        };
        let created = active.response.clone();
        self.outbox.send(|id| ResponseCreated::new(id, created));
        if let Some((ticket, errand)) = errand {
            self.outbox.push(Output::Errand(ticket, errand));
        }
        self.responses.push(Box::new(active));
        Ok(())
    }

    /// Has a response go as planned from now on, unless the plan ends the session.
    fn follow(&mut self, active: &mut ActiveResponse, plan: ResponsePlan) -> ControlFlow<()> {
        self.perform(plan.before)?;
        let metadata = std::mem::take(&mut active.response.metadata);
        active.response.metadata = with_metadata(metadata, plan.metadata);
        let items = self.output_items(&active.response, plan.items);
        let pacing = plan.pacing.unwrap_or(self.pacing);
        active.steps = match plan.ending {
            Ending::Failed { .. } | Ending::NoResponse => VecDeque::from([Step {
                at: self.now.saturating_add(pacing.first),
                what: What::Finish,
            }]),
            Ending::ContentFilter | Ending::MaxOutputTokens => {
                steps::until_cut(&items, pacing, self.now)
            }
            Ending::Never => steps::without_end(&items, pacing, self.now),
            Ending::Completed => steps(&items, pacing, self.now),
        };
        active.items = items;
        active.ending = plan.ending;
        active.usage = plan.usage;
        active.after = plan.after;
        ControlFlow::Continue(())
    }

    /// Has a response wait for its plan, which somebody outside is to make.
    fn await_plan(
        &mut self,
        active: &mut ActiveResponse,
        pending: PendingPlan,
    ) -> (Ticket, Errand) {
        let ticket = Ticket(self.errands);
        self.errands += 1;
        active.awaits = Some(ticket);
        active.steps = VecDeque::from([Step {
            at: self.now.saturating_add(pending.within),
            what: What::Follow(Box::new(pending.fallback)),
        }]);
        (ticket, pending.errand)
    }

    /// Takes what an errand has come to. The response may be over by now.
    pub(super) fn take_plan(&mut self, ticket: Ticket, plan: Option<ResponsePlan>) {
        let mut waiting = self.responses.iter();
        let Some(index) = waiting.position(|active| active.awaits == Some(ticket)) else {
            return;
        };
        let mut active = self.responses.remove(index);
        if let Some(What::Follow(fallback)) = active.steps.pop_front().map(|step| step.what) {
            self.follow_at_last(index, active, plan.unwrap_or(*fallback));
        }
    }

    /// Has a response that waited go as planned. It has begun: a plan of no response is one of
    /// nothing to say, and one that is pending itself is not waited for.
    fn follow_at_last(
        &mut self,
        index: usize,
        mut active: Box<ActiveResponse>,
        mut plan: ResponsePlan,
    ) {
        if plan.ending == Ending::NoResponse {
            plan.ending = Ending::Completed;
        }
        if let Some(pending) = plan.pending.take() {
            plan = pending.fallback;
        }
        active.awaits = None;
        if self.follow(&mut active, plan).is_continue() {
            self.responses.insert(index, active);
        }
    }

    /// The response of the session's conversation, while there is one.
    pub(super) fn active_response(&self) -> Option<&ActiveResponse> {
        self.responses
            .iter()
            .map(|response| &**response)
            .find(|response| response.in_conversation)
    }

    /// Cancels the conversation's response; says whether there was one.
    pub(super) fn interrupt(&mut self, reason: ResponseStatusReason) -> bool {
        let id = self.active_response().map(|active| active.id().clone());
        id.is_some_and(|id| self.cancel_response(&id, reason))
    }

    /// Cancels a response by its id; says whether there was one.
    pub(super) fn cancel_response(
        &mut self,
        id: &ResponseId,
        reason: ResponseStatusReason,
    ) -> bool {
        let Some(index) = self
            .responses
            .iter()
            .position(|response| response.id == *id)
        else {
            return false;
        };
        let active = self.responses.remove(index);
        self.cut_short(*active, Cut::Cancelled(reason));
        true
    }

    /// Notes where the user stopped hearing an item that is still being spoken; says whether it is
    /// one. Its response goes on, and what was not heard is cut off once the item is done.
    ///
    /// Inferred: OpenAI's Agents SDKs truncate first and cancel then; the recorded truncations are
    /// of items that were done.
    pub(super) fn truncate_while_spoken(
        &mut self,
        id: &ItemId,
        end: Duration,
    ) -> Result<bool, Refusal> {
        if self.conversation.index_of(id).is_none() {
            return Ok(false);
        }
        let item = self.responses.iter_mut().find_map(|active| {
            let encoding = object::output_encoding(&active.response);
            let mut items = active.items.iter_mut();
            let item = items.find(|item| item.id == *id && item.is_being_spoken())?;
            Some((item, encoding))
        });
        let Some((item, encoding)) = item else {
            return Ok(false);
        };
        let sent = encoding.duration(item.audio_sent);
        if end > sent {
            return Err(Refusal::audio_is_shorter(sent, end));
        }
        item.heard = Some(end);
        Ok(true)
    }

    /// When the next step of any response is due.
    pub(super) fn next_response_step_at(&self) -> Option<Duration> {
        self.responses
            .iter()
            .filter_map(|response| response.next_step_at())
            .min()
    }

    /// Does the next due step of the response whose turn it is; says whether there was one.
    pub(super) fn step_response(&mut self) -> bool {
        let now = self.now;
        let due = self
            .responses
            .iter()
            .enumerate()
            .filter(|(_, response)| response.is_due(now));
        let Some(index) = due
            .min_by_key(|(_, response)| response.next_step_at())
            .map(|(index, _)| index)
        else {
            return false;
        };
        // Taken out while it is stepped: it and the session change each other.
        let mut active = self.responses.remove(index);
        let Some(step) = active.steps.pop_front() else {
            return false;
        };
        if let (Some(limit), What::Text(..) | What::Audio(..)) = (active.limit, &step.what)
            && active.output.total() >= limit
        {
            self.cut_short(
                *active,
                Cut::Incomplete(ResponseStatusReason::MaxOutputTokens),
            );
            return true;
        }
        match step.what {
            What::Follow(fallback) => {
                self.follow_at_last(index, active, *fallback);
                return true;
            }
            What::Open(item) => self.open_item(&mut active, item),
            What::Text(item, range) => {
                active.output.text += 1;
                active.items[item].send_text(range, &active.id, &mut self.outbox);
            }
            What::Audio(item, chunk) => {
                let encoding = object::output_encoding(&active.response);
                if self.is_call() {
                    let item = &mut active.items[item];
                    if let Some(audio) = item.take_audio(chunk, &mut self.output_chain) {
                        self.play(&active.id, &item.id, &audio, encoding);
                    }
                } else {
                    let chain = &mut self.output_chain;
                    active.items[item].send_audio(chunk, chain, &active.id, &mut self.outbox);
                }
                let sent: usize = active.items.iter().map(|item| item.audio_sent).sum();
                active.output.audio = usage::spoken_tokens(encoding.duration(sent));
            }
            What::Close(item) => self.close_item(&mut active, item, ItemStatus::Completed),
            What::Finish => {
                self.finish(*active);
                return true;
            }
        }
        self.responses.insert(index, active);
        true
    }

    /// The planned items as they will be sent.
    fn output_items(&mut self, response: &Response, planned: Vec<PlannedItem>) -> Vec<OutputItem> {
        let speaks = response
            .output_modalities
            .iter()
            .flatten()
            .any(|modality| *modality == Modality::Audio);
        let encoding = object::output_encoding(response);
        let voice = response
            .audio
            .as_ref()
            .and_then(|audio| audio.output.as_ref()?.voice.as_ref());
        let manner = Manner {
            encoding,
            voice: voice.map_or("", |voice| voice.as_str()),
            speed: settings::speed(&self.settings),
            sizes: self.delta_sizes,
        };
        let items = planned.into_iter().zip(0..).map(|(planned, output_index)| {
            let content = match planned {
                PlannedItem::Message(message) if is_spoken(&message, speaks) => {
                    speech::content(message, manner)
                }
                PlannedItem::Message(message) => Content::Text {
                    text: message.text,
                    phase: message.phase,
                },
                PlannedItem::FunctionCall(call) => Content::Call {
                    name: call.name,
                    call_id: call.call_id.unwrap_or_else(|| self.outbox.ids.call()),
                    arguments: call.arguments,
                },
                PlannedItem::McpCall(call) => Content::McpCall(call),
                PlannedItem::McpApprovalRequest {
                    server_label,
                    name,
                    arguments,
                } => Content::McpApprovalRequest {
                    server_label,
                    name,
                    arguments,
                },
            };
            OutputItem::new(self.outbox.ids.item(), output_index, content)
        });
        items.collect()
    }

    fn open_item(&mut self, active: &mut ActiveResponse, index: usize) {
        let item = &mut active.items[index];
        let opened = item.item(ItemStatus::InProgress);
        self.outbox.send(|id| {
            ResponseOutputItemAdded::new(id, active.id.clone(), item.output_index, opened.clone())
        });
        if active.in_conversation {
            self.insert_item(self.conversation.len(), item.id.clone(), opened);
        }
        item.open(&active.id, &mut self.outbox);
    }

    fn close_item(&mut self, active: &mut ActiveResponse, index: usize, status: ItemStatus) {
        let item = &mut active.items[index];
        item.close(&active.id, &mut self.outbox);
        if status == ItemStatus::Completed {
            item.run_mcp_call(&mut self.outbox);
        }
        let done = item.item(status);
        if active.in_conversation {
            self.item_done(item, &active.response, done.clone());
        }
        self.outbox.send(|id| {
            ResponseOutputItemDone::new(id, active.id.clone(), item.output_index, done.clone())
        });
        active.response.output.get_or_insert_default().push(done);
    }

    fn item_done(&mut self, item: &OutputItem, response: &Response, done: ConversationItem) {
        // Inferred: an item that the client deleted on its way is not done in the conversation.
        if self.conversation.index_of(&item.id).is_none() {
            return;
        }
        self.conversation.replace(&item.id, done.clone());
        if matches!(item.content, Content::Speech { .. }) {
            let encoding = object::output_encoding(response);
            self.conversation.set_audio(
                &item.id,
                ItemAudio {
                    encoding,
                    bytes: item.audio_sent,
                },
            );
            if let Some(end) = item.heard {
                // Cannot be refused: there was as much audio when the client said so.
                let _ = self.conversation.truncate(&item.id, end);
            }
        }
        let previous = self.previous_of_done(&item.id);
        self.outbox.send(|id| {
            let mut event = ConversationItemDone::new(id, done);
            event.previous_item_id = Patch::from(previous);
            event
        });
    }

    /// What `conversation.item.done` says of the item before a generated one. In all recordings it
    /// is `null` where that item is the first of the conversation.
    fn previous_of_done(&self, id: &ItemId) -> Option<ItemId> {
        let index = self.conversation.index_of(id)?;
        if self.fidelity.previous_item_id_quirk && index == 1 {
            return None;
        }
        self.conversation.id_before(index).cloned()
    }

    /// Closes what is open with what was sent, and ends the response.
    fn cut_short(&mut self, mut active: ActiveResponse, cut: Cut) {
        for index in 0..active.items.len() {
            if active.items[index].state == State::Open {
                self.close_item(&mut active, index, ItemStatus::Incomplete);
            }
        }
        let (status, kind, reason) = match cut {
            Cut::Cancelled(reason) => (
                ResponseStatus::Cancelled,
                ResponseStatusDetailsType::Cancelled,
                reason,
            ),
            Cut::Incomplete(reason) => (
                ResponseStatus::Incomplete,
                ResponseStatusDetailsType::Incomplete,
                reason,
            ),
        };
        let details = ResponseStatusDetails {
            type_: Some(kind),
            reason: Some(reason),
            error: None,
        };
        self.end(active, status, Patch::Value(details));
    }

    /// Ends a response whose steps are all done, as its plan says.
    fn finish(&mut self, mut active: ActiveResponse) {
        match std::mem::take(&mut active.ending) {
            Ending::Completed => self.end(active, ResponseStatus::Completed, Patch::Null),
            Ending::ContentFilter => {
                self.cut_short(active, Cut::Incomplete(ResponseStatusReason::ContentFilter));
            }
            Ending::MaxOutputTokens => {
                let reason = ResponseStatusReason::MaxOutputTokens;
                self.cut_short(active, Cut::Incomplete(reason));
            }
            // Neither comes to its end by itself.
            Ending::Never | Ending::NoResponse => {}
            Ending::Failed { kind, code } => {
                active.input = Tokens::default();
                let error = ResponseError {
                    type_: Some(kind),
                    code: Some(code),
                };
                let details = ResponseStatusDetails {
                    type_: Some(ResponseStatusDetailsType::Failed),
                    reason: None,
                    error: Some(error),
                };
                self.end(active, ResponseStatus::Failed, Patch::Value(details));
            }
        }
    }

    fn end(
        &mut self,
        active: ActiveResponse,
        status: ResponseStatus,
        details: Patch<ResponseStatusDetails>,
    ) {
        let encoding = object::output_encoding(&active.response);
        let mut response = active.response;
        response.status = Some(status);
        response.status_details = details;
        let cached = usage::cached(active.input, self.read_before);
        self.read_before = active.input;
        let cost = Cost {
            input: active.input,
            cached,
            output: active.output,
        };
        let cost = cost.told_as(active.usage);
        let used = cost.total();
        response.usage = Patch::Value(usage::of(cost));
        self.outbox.send(|id| ResponseDone::new(id, response));
        let limits = self.rate_limits.clone();
        let limits = limits.unwrap_or_else(|| usage::rate_limits(used));
        self.outbox.send(|id| RateLimitsUpdated::new(id, limits));
        if active.in_conversation {
            let played = encoding.duration(active.items.iter().map(|item| item.audio_sent).sum());
            let heard_at = self.heard_at(&active.id);
            self.playback_ends_at(heard_at.unwrap_or(self.now + played));
            self.create_held_back();
        }
        // A close among them ends the session; there is nothing left to do here either way.
        let _ = self.perform(active.after);
    }
}

/// Whether a message is spoken: as it says itself, or as the response's messages are.
fn is_spoken(message: &PlannedMessage, speaks: bool) -> bool {
    message
        .modality
        .as_ref()
        .map_or(speaks, |modality| *modality == Modality::Audio)
}

/// The client's metadata with the plan's over it.
fn with_metadata(
    given: Patch<BTreeMap<String, String>>,
    planned: BTreeMap<String, String>,
) -> Patch<BTreeMap<String, String>> {
    if planned.is_empty() {
        return given;
    }
    let mut all = given.value().cloned().unwrap_or_default();
    all.extend(planned);
    Patch::Value(all)
}

impl Session {
    /// Adds an item that is done already: both its events.
    pub(super) fn add_item(&mut self, index: usize, id: ItemId, item: ConversationItem) {
        let previous = self.insert_item(index, id, item.clone());
        self.outbox.send(|id| {
            let mut done = ConversationItemDone::new(id, item);
            done.previous_item_id = previous;
            done
        });
    }

    /// Puts an item into the conversation and says so; gives the id of the one before it.
    fn insert_item(&mut self, index: usize, id: ItemId, item: ConversationItem) -> Patch<ItemId> {
        let previous = Patch::from(self.conversation.id_before(index).cloned());
        self.conversation.insert(index, id, item.clone());
        if self.fidelity.conversation_item_created {
            let mut created = ConversationItemCreated::new("", item.clone());
            created.previous_item_id = previous.clone();
            self.outbox.send(|id| ConversationItemCreated {
                event_id: id,
                ..created
            });
        }
        self.outbox.send(|id| {
            let mut added = ConversationItemAdded::new(id, item);
            added.previous_item_id = previous.clone();
            added
        });
        previous
    }
}
