// The engine's part of blocking: who is blocked gets an answer here.
#include "node/dispatch/context.h"
#include "node/dispatch/engine.h"

namespace rha::node::dispatch {

std::optional<int64_t> Engine::NextDeadlineMs() const {
  std::optional<int64_t> next = blocking_.NextDeadlineMs();
  const int64_t pause_ends_ms = pauses_.together().until_ms;
  if (pauses_.any() && (!next || pause_ends_ms < *next)) next = pause_ends_ms;
  return next;
}

void Engine::EndTurn() {
  if (pauses_.any() || !blocking_.empty()) ServeWaiting();
  tracking_.EndTurn();
}

void Engine::ServeWaiting() {
  const int64_t now_ms = clock_.UnixMillis();
  Paused();
  if (std::exchange(acknowledgements_seen_, state_.acknowledgements) != state_.acknowledgements) {
    ReleaseAcknowledged();
  }
  if (blocking_.has_ready()) ServeReady();  // a key went without a command
  while (Session* session = blocking_.Overdue(now_ms)) EndWait(*session);
}

void Engine::SetPause(PauseReason reason, const Pause& pause) {
  pauses_.Set(reason, pause);
  ReleasePaused();
}

// A primary's stream is held up by who asks a replica for a pause, not by what becomes of this node
// nor by who held back the writes of a primary in order to hand over its role.
const Pause& Engine::PauseOf(const Session& session) const {
  static constexpr Pause kNone;
  if (session.kind == SessionKind::kClient) return pauses_.together();
  const Pause& asked = pauses_.of(PauseReason::kClients);
  const bool holds = session.kind == SessionKind::kPrimary && asked.holds_stream;
  return holds && &session != not_held_ ? asked : kNone;
}

// A member's PUBLISH is a hello: held back, it would hold back the order of a role behind it.
bool Engine::HoldsBack(const Pause& pause, const Session& session, uint32_t flags) {
  if (pause.scope == Pause::Scope::kNone) return false;
  if (session.is_peer()) return (flags & kWrite) != 0;
  return pause.scope == Pause::Scope::kAll || (flags & (kWrite | kMayReplicate)) != 0;
}

// Whoever is still held back by what is left will say so again.
void Engine::ReleasePaused() {
  const SessionQueue& paused = blocking_.sessions(BlockKind::kPause);
  while (!paused.empty()) blocking_.Release(*paused.front());
}

void Engine::ExecuteAtOnce(Session& primary, const std::function<void()>& work) {
  if (primary.blocked != nullptr) blocking_.Forget(primary);
  not_held_ = &primary;
  InBetween(work);
  not_held_ = nullptr;
}

void Engine::CloseHeldBack(PauseReason reason) {
  const SessionQueue& paused = blocking_.sessions(BlockKind::kPause);
  for (Session* const session : paused) {
    if (session->kind == SessionKind::kClient &&
        HoldsBack(pauses_.of(reason), *session, session->blocked->flags)) {
      session->Close(Session::CloseMode::kNow);
    }
  }
}

void Engine::ReleaseAcknowledged() {
  const SessionQueue& waiting = blocking_.sessions(BlockKind::kWait);
  for (auto at = waiting.begin(); at != waiting.end();) {
    Session& session = **at++;
    const BlockedState& state = *session.blocked;
    if (state.local && !state_.log_on) {
      EndWait(session, kNoLocalLog);
      continue;
    }
    if (IsAcknowledged(state)) EndWait(session);
  }
}

bool Engine::IsAcknowledged(const BlockedState& waited) const {
  if (waited.local && !state_.LogHas(waited.logged)) return false;
  return services_.replication->ReplicasAcknowledged(waited.offset, waited.on_disk) >=
         waited.replicas;
}

void Engine::WriteAcknowledged(const BlockedState& waited, resp::Writer& reply) {
  const int replicas = services_.replication->ReplicasAcknowledged(waited.offset, waited.on_disk);
  if (waited.on_disk) {
    reply.Array(2);
    reply.Integer(state_.LogHas(waited.logged) ? 1 : 0);
  }
  reply.Integer(replicas);
}

bool Engine::EndWait(Session& session, std::string_view error) {
  if (session.blocked == nullptr || session.blocked->kind == BlockKind::kPause) return false;
  const BlockedState& state = *session.blocked;
  const bool endless = state.kind == BlockKind::kShutdown || state.kind == BlockKind::kRemote;
  if (endless && error.empty()) return false;
  AnswerLate(session, [&](resp::Writer& reply) {
    if (!error.empty()) {
      if (state.spec != nullptr) ++table_.counters(*state.spec).failed;
      reply.Error(error);
    } else if (state.kind == BlockKind::kWait) {
      WriteAcknowledged(state, reply);
    } else {
      reply.NullArray();
    }
  });
  blocking_.Release(session);
  return true;
}

void Engine::EndWaits(BlockKind kind, std::string_view error) {
  const SessionQueue& waiting = blocking_.sessions(kind);
  while (!waiting.empty()) EndWait(*waiting.front(), error);
}

void Engine::EndAllWaits() {
  for (const BlockKind kind : {BlockKind::kWait, BlockKind::kKeys}) {
    const SessionQueue& waiting = blocking_.sessions(kind);
    while (!waiting.empty()) {
      Session& session = *waiting.front();
      EndWait(session,
              "UNBLOCKED force unblock from blocking operation, instance state changed (master -> "
              "replica?)");
      session.Close(Session::CloseMode::kAfterReply);
    }
  }
}

// Lets `write` answer a session that is not executing. True: it wrote something.
template <typename Write>
bool Engine::AnswerLate(Session& session, Write write) {
  const bool wanted = session.wants_replies();
  resp::OutputChain unwanted(&no_more_);
  resp::OutputChain* const out = wanted ? &session.out() : &unwanted;
  const size_t start = out->size();
  resp::Writer reply(out, session.protocol);
  session.BeginAnswer();
  write(reply);
  const bool answered = out->size() != start || out->overflowed();
  session.EndAnswer();
  if (!reply.error_code().empty()) CountError(reply.error_code());
  if (answered && wanted) session.WantWrite();
  return answered;
}

// ---------------------------------------------------------------- keys

void Engine::OnChanged(int db, std::string_view key, keyspace::Change change) {
  blocking_.KeyChanged(db, key, change);
  const MemoryGuard::Telling telling(memory_guard_);
  if (change.value) tracking_.KeyChanged(key, change.asked ? executing_ : nullptr);
}

void Engine::OnCleared(int db) {
  blocking_.DbChanged(db);
  tracking_.AllChanged();
}

void Engine::OnSwapped(int first, int second) {
  blocking_.DbChanged(first);
  blocking_.DbChanged(second);
  tracking_.AllChanged();
}

// What a served session does may make other keys appear (BLMOVE feeds a BLPOP): until none is left.
void Engine::ServeReady() {
  while (blocking_.has_ready()) {
    for (const AwaitedKey& key : blocking_.TakeReady()) ServeKey(key);
  }
}

void Engine::ServeKey(const AwaitedKey& key) {
  const SessionQueue* waiting = blocking_.Waiting(key);
  if (waiting == nullptr) return;
  for (auto at = waiting->begin();;) {
    Session& session = **at;
    const bool last = ++at == waiting->end();  // the queue goes with its last session
    EnterTime(session);
    const bool there = keyspace_.db(key.db).Exists(key.name);
    if (!there && !blocking_.SomeNeed(key)) return;
    if (!session.closing && (there || session.blocked->needs_key)) Rerun(session, key);
    if (last) return;
  }
}

// Answers a command that is not being executed by `work`, which is given its context.
template <typename Work>
bool Engine::RunLate(Session& session, const CommandSpec& spec,
                     const std::vector<std::string>& words, Work work) {
  const std::vector<std::string_view> args(words.begin(), words.end());
  const int64_t start_us = now_us_;
  const Session* const outer = std::exchange(executing_, &session);
  const bool answered = AnswerLate(session, [&](resp::Writer& reply) {
    Context context(*this, session, spec, args, reply);
    const uint64_t dirty_before = keyspace_.dirty();
    const size_t start = reply.out()->size();
    ++depth_;
    work(context);
    --depth_;
    if (session.tracking != nullptr && Tracking::Reads(spec)) {
      tracking_.Remember(session, spec, args);
    }
    CommandCounters& counters = table_.counters(spec);
    const int64_t end_us = clock_.UnixMicros();
    const int64_t duration_us = std::max<int64_t>(end_us - start_us, 0);
    counters.usec += static_cast<uint64_t>(duration_us);
    if (!reply.error_code().empty()) ++counters.failed;
    if (reply.out()->size() != start || reply.out()->overflowed()) {
      NoteAnswered(context, duration_us);
    } else if (session.blocked != nullptr) {
      session.blocked->spent_us += duration_us;
    }
    now_us_ = end_us;
    PropagateResult(context, dirty_before);
  });
  executing_ = outer;
  return answered;
}

// The latency and the slow log have a command once, with all that it took to execute it.
void Engine::NoteAnswered(const Context& context, int64_t duration_us) {
  const BlockedState* const waited = context.session.blocked.get();
  if (waited != nullptr) duration_us += waited->spent_us;
  if (options_.latency_tracking) table_.counters(context.spec).RecordLatency(duration_us);
  if (waited == nullptr || waited->asked.empty()) return LogIfSlow(context, duration_us);
  const std::vector<std::string_view> asked(waited->asked.begin(), waited->asked.end());
  Context as_asked(*this, context.session, context.spec, asked, context.reply);
  LogIfSlow(as_asked, duration_us);
}

// Executes the session's command again. Without an answer it stays blocked, in its place.
void Engine::Rerun(Session& session, const AwaitedKey& key) {
  const BlockedState& state = *session.blocked;
  const bool answered = RunLate(session, *state.spec, state.words, [&](Context& context) {
    context.appeared_ = &key.name;
    state.spec->handler(context);
  });
  if (answered) blocking_.Release(session);
}

void Engine::Finish(Beside command, std::function<void(Context&)> rest) {
  AfterUnit([this, command = std::move(command), rest = std::move(rest)] {
    Session gone;
    gone.reply_mode = ReplyMode::kOff;
    gone.db = command.db;
    Session* const found = sessions_.Find(command.session_id);
    const bool waits = found != nullptr && found->blocked != nullptr &&
                       found->blocked->kind == BlockKind::kRemote &&
                       found->blocked->wait == command.wait;
    Session& session = waits ? *found : gone;
    EnterOwnTime();
    RunLate(session, *command.spec, command.words, rest);
    if (waits) blocking_.Release(session);
    if (blocking_.has_ready()) ServeReady();
  });
}

}  // namespace rha::node::dispatch
