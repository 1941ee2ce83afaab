#include "node/dispatch/engine.h"

#include <algorithm>
#include <utility>

#include "common/base/log.h"
#include "node/dispatch/context.h"
#include "node/dispatch/gates.h"
#include "node/dispatch/limits.h"
#include "node/dispatch/redact.h"

namespace rha::node::dispatch {
namespace {

// As much of a word as an error shows: like Redis, which takes it for a C string.
std::string Echo(std::string_view word, size_t bytes_max) {
  return std::string(word.substr(0, std::min(bytes_max, word.find('\0'))));
}

std::string RefusalInExec(acl::Denied denied) {
  const std::string_view why =
      denied == acl::Denied::kKey ? "no permission to touch the specified keys"
      : denied == acl::Denied::kChannel
          ? "no permission to access one of the channels used as arguments to the command"
          : "no permission to execute the command or subcommand";
  return "NOPERM ACLs rules changed between the moment the transaction was accumulated and the "
         "EXEC call. This command is no longer allowed for the following reason: " +
         std::string(why);
}

}  // namespace

Engine::Engine(keyspace::Keyspace& keyspace, NodeState& state, const Clock& clock,
               std::vector<CommandRows> families)
    : keyspace_(keyspace),
      state_(state),
      clock_(clock),
      table_(std::move(families)),
      permissions_(table_, sessions_, clock),
      pubsub_(keyspace.secret()),
      blocking_(keyspace.secret(), keyspace.interest()),
      tracking_(keyspace, sessions_),
      memory_guard_(keyspace, state, clock) {
  state_.held = &keyspace_.held();
  keyspace_.set_observer(this);
  keyspace_.set_now_ms(clock_.UnixMillis());
}

Engine::~Engine() { keyspace_.set_observer(nullptr); }

void Engine::set_services(const Services& services) {
  services_ = services;
  state_.memory.LeaveOut(services.scripts == nullptr ? nullptr : &services.scripts->held_bytes());
  if (services.replication != nullptr)
    propagation_.AddSink(services.replication->changes(), kReplicas);
}

void Engine::Join(Session& session) {
  sessions_.Add(session);
  session.created_unix_ms = session.last_command_unix_ms = clock_.UnixMillis();
  if (session.kind != SessionKind::kClient) return;
  permissions_.Welcome(session);
  session.ever_authenticated = session.authenticated;
}

void Engine::Leave(Session& session) {
  pubsub_.Forget(session);
  tracking_.Disable(session);
  keyspace_.watches().Unwatch(session.watcher);
  if (session.blocked != nullptr) blocking_.Forget(session);
  if (session.monitor) --monitors_;
  session.monitor = false;
  sessions_.Remove(session);
}

void Engine::EnterTime(const Session& session) {
  if (!in_batch_) now_us_ = clock_.UnixMicros();
  keyspace_.set_now_ms(now_us_ / 1000);
  using keyspace::ExpiryMode;
  keyspace_.set_expiry_mode(session.kind == SessionKind::kPrimary ? ExpiryMode::kIgnore
                            : state_.is_replica || state_.undecided || pauses_.any()
                                ? ExpiryMode::kHide
                                : ExpiryMode::kDelete);
  keyspace_.set_touching(!session.no_touch);
}

void Engine::BeginBatch() {
  now_us_ = clock_.UnixMicros();
  in_batch_ = true;
}

namespace {

bool IsProbe(const Session& session, const Resolved& resolved) {
  return resolved.spec != nullptr && resolved.spec->Has(kProbe) && !session.transaction.open;
}

}  // namespace

Executed Engine::Execute(Session& session, Args args, Resolved resolved, std::string_view wire) {
  if (probes_only_ && !IsProbe(session, resolved)) {
    session.Resume();
    return Executed::kNotNow;
  }
  EnterTime(session);
  session.last_command_unix_ms = keyspace_.now_ms();
  if (session.reply_mode == ReplyMode::kSkipNext) session.reply_mode = ReplyMode::kSkipping;
  const bool wanted = session.wants_replies();
  const bool replica = session.kind == SessionKind::kReplica;  // not only from now on (PSYNC)
  resp::Writer reply(wanted ? &session.out() : &discarded_, session.protocol);

  // Members of the cluster know the rows' own names, whatever clients call the commands.
  const bool unknown = resolved.spec == nullptr && resolved.container == nullptr;
  if (unknown && session.is_peer()) resolved = table_.ResolveByRow(args);
  const CommandSpec* spec = resolved.spec;
  session.last_command = spec;
  std::string scratch;
  if (spec == nullptr) {
    RejectUnknown(session, args, resolved.container, reply);
  } else if (!spec->ArityFits(args.size()) || spec->handler == nullptr) {
    Reject(session, spec,
           "ERR wrong number of arguments for '" + std::string(spec->name) + "' command", reply);
  } else {
    uint32_t flags = spec->flags;
    if (spec->request_flags != nullptr) flags = spec->request_flags(*this, args, flags);
    if (session.transaction.open && spec->Has(kRunsQueued)) {
      // It may do what all of them may, and is stopped by what stops one of them.
      constexpr uint32_t kPermissions = kStale | kLoading | kUndecidedOk;
      flags =
          (flags | session.transaction.flags) & ~(kPermissions & ~session.transaction.common_flags);
    }
    session.asks_for_data |= (flags & kAboutData) != 0;
    const GateQuestion question{*this, session, *spec, args, flags};
    const std::string_view refusal =
        NothingSpecial(question) ? std::string_view() : PassGates(question, &scratch);
    if (!refusal.empty()) {
      Reject(session, spec, refusal, reply);
    } else if (pauses_.any() && Paused() && HoldsBack(PauseOf(session), session, flags)) {
      blocking_.Block(session, {.kind = BlockKind::kPause, .flags = flags});
      return Executed::kNotNow;
    } else if (session.transaction.open && !spec->Has(kNotQueued | kLeavesMulti)) {
      Queue(session, *spec, flags, args, reply);
    } else {
      Context context(*this, session, *spec, args, reply);
      context.wire = wire;
      Call(context);
    }
  }
  if (session.reply_mode == ReplyMode::kSkipping && session.blocked == nullptr) {
    session.reply_mode = ReplyMode::kOn;
  }
  if (session.tracking != nullptr && !session.transaction.open && spec != nullptr &&
      !spec->Has(kKeepsCaching)) {
    session.tracking->caching = false;
  }
  if (wanted) {
    session.WantWrite();
  } else {
    if (replica && !discarded_.empty()) SendAwayForAsking(session, spec);
    discarded_.Clear();
  }
  return Executed::kDone;
}

// A reply in the middle of the stream would be taken for a part of it.
void Engine::SendAwayForAsking(Session& session, const CommandSpec* spec) {
  const std::string_view name = spec == nullptr ? "unknown" : spec->name;
  const std::string_view reply = discarded_.front();
  if (reply.starts_with('-')) {
    log::Warn(
        "== CRITICAL == This master is sending an error to its replica: '{}' after processing the "
        "command '{}'",
        reply.substr(1, reply.find('\r') - 1), name);
  }
  log::Warn("Replica generated a reply to command '{}', disconnecting it: {}", name,
            session.peer_address);
  session.Close(Session::CloseMode::kNow);
}

void Engine::Reject(Session& session, const CommandSpec* spec, std::string_view error,
                    resp::Writer& reply) {
  if (session.transaction.open) session.transaction.failed = true;
  if (spec != nullptr) ++table_.counters(*spec).rejected;
  if (spec != nullptr && spec->Has(kRunsQueued)) {
    DiscardTransaction(session);
    reply.Error("EXECABORT Transaction discarded because of: " +
                std::string(error.starts_with("ERR ") ? error.substr(4) : error));
  } else {
    reply.Error(error);
  }
  CountError(reply.error_code());
}

void Engine::RejectUnknown(Session& session, Args args, const CommandSpec* container,
                           resp::Writer& reply) {
  if (container != nullptr) {
    std::string name(container->name);
    for (char& c : name) c = static_cast<char>(c >= 'a' && c <= 'z' ? c - 32 : c);
    Reject(session, nullptr,
           "ERR unknown subcommand '" + Echo(args[1], kUnknownCommandEchoBytes) + "'. Try " + name +
               " HELP.",
           reply);
    return;
  }
  std::string shown;
  for (size_t i = 1; i < args.size() && shown.size() < kUnknownCommandEchoBytes; ++i) {
    shown += "'" + Echo(args[i], kUnknownCommandEchoBytes - shown.size()) + "' ";
  }
  Reject(session, nullptr,
         "ERR unknown command '" + Echo(args[0], kUnknownCommandEchoBytes) +
             "', with args beginning with: " + shown,
         reply);
}

void Engine::Queue(Session& session, const CommandSpec& spec, uint32_t flags, Args args,
                   resp::Writer& reply) {
  Transaction& transaction = session.transaction;
  // After a refusal, or when a watched key has changed, EXEC will fail anyway.
  if (!transaction.failed && !session.watcher.dirty()) {
    if (transaction.commands.empty()) transaction.commands.reserve(kQueuedCommandsReserve);
    transaction.commands.push_back({&spec, std::vector<std::string>(args.begin(), args.end())});
    transaction.bytes += sizeof(QueuedCommand) + args.size() * sizeof(std::string);
    for (const std::string_view arg : args) transaction.bytes += arg.size();
    transaction.flags |= flags;
    transaction.common_flags &= flags;
  }
  reply.Simple("QUEUED");
}

void Engine::DiscardTransaction(Session& session) {
  session.transaction = {};
  keyspace_.watches().Unwatch(session.watcher);
}

void Engine::Call(Context& context) {
  Session& session = context.session;
  session.BeginAnswer();
  const Session* const outer = std::exchange(executing_, &session);
  Run(context);
  executing_ = outer;
  session.EndAnswer();
  if (depth_ != 0) return;  // answered in the middle of a command that takes long
  if (blocking_.has_ready()) ServeReady();
  while (!after_unit_.empty()) {
    for (const auto& work : std::exchange(after_unit_, {})) work();
  }
}

void Engine::AfterUnit(std::function<void()> work) {
  if (depth_ == 0) return work();
  after_unit_.push_back(std::move(work));
}

void Engine::CallQueued(Session& session, const CommandSpec& spec, Args args, resp::Writer& reply) {
  const acl::Denied denied = permissions_.Ask(session, spec, args, acl::Where::kMulti);
  if (denied != acl::Denied::kNothing) {
    reply.Error(RefusalInExec(denied));
    CountError(reply.error_code());
    return reply.ForgetError();
  }
  // As in Redis it is executed though REPLICAOF is among the commands before it. But what it
  // changes is of no history, and would differ from what the new primary has for ever.
  const GateQuestion question{*this, session, spec, args, spec.flags};
  const bool strays = !WritableHere(question, nullptr).empty();
  const uint64_t changes = keyspace_.dirty();
  CallInside(session, spec, args, reply);
  if (strays && keyspace_.dirty() != changes) services_.replication->ForgetHistory();
}

void Engine::CallInside(Session& session, const CommandSpec& spec, Args args, resp::Writer& reply) {
  now_us_ = clock_.UnixMicros();
  Context context(*this, session, spec, args, reply);
  Run(context);
}

void Engine::Run(Context& context) {
  const uint64_t dirty_before = keyspace_.dirty();
  const int64_t start_us = now_us_;
  ++depth_;
  context.spec.handler(context);
  --depth_;
  if (context.session.tracking != nullptr && Tracking::Reads(context.spec)) {
    tracking_.Remember(context.session, context.spec, context.args);
  }
  const int64_t end_us = clock_.UnixMicros();
  const int64_t duration_us = std::max<int64_t>(end_us - start_us, 0);

  CommandCounters& counters = table_.counters(context.spec);
  ++counters.calls;
  if (!context.spec.Has(kSkipMonitor | kAdmin)) ShowMonitors(context);
  counters.usec += static_cast<uint64_t>(duration_us);
  // Who waits is counted, and logged, when it is answered.
  BlockedState* const waits = context.session.blocked.get();
  if (waits != nullptr) {
    waits->spent_us = duration_us;
  } else if (options_.latency_tracking) {
    counters.RecordLatency(duration_us);
  }
  ++stats_.commands;
  if (const std::string_view code = context.reply.error_code(); !code.empty()) {
    ++counters.failed;
    if (!context.error_counted_) CountError(code);
    context.reply.ForgetError();  // EXEC goes on with the same writer
  }
  const bool fast = context.spec.Has(kFast);
  latency_.Watch(fast ? LatencyEvent::kFastCommand : LatencyEvent::kCommand, start_us, end_us);
  if (waits == nullptr) LogIfSlow(context, duration_us);
  now_us_ = end_us;
  PropagateResult(context, dirty_before);
}

void Engine::LogIfSlow(const Context& context, int64_t duration_us) {
  if (!slowlog_.Concerns(duration_us) || context.spec.Has(kSkipSlowlog)) return;
  slowlog_.Add(context.session, Redacted(context), now_us_ / 1'000'000, duration_us);
}

void Engine::PropagateResult(const Context& context, uint64_t dirty_before) {
  const Session& session = context.session;
  using How = Context::Propagation;
  const bool changed = keyspace_.dirty() != dirty_before;
  if (state_.feed_active() && session.kind != SessionKind::kPrimary) {
    const bool itself = (context.propagation_ == How::kIfChanged && changed &&
                         context.spec.Has(kWrite | kMayReplicate)) ||
                        context.propagation_ >= How::kAnyway;
    const auto audience = static_cast<Audience>(
        session.audience & (context.propagation_ == How::kMessage ? kReplicas : kEverybody));
    if (itself && depth_ == 0 && propagation_.empty()) {
      propagation_.SendNow(session.db, context.args, audience, context.wire);
    } else if (itself) {
      propagation_.Add(session.db, context.args, audience);
    }
  }
  if (depth_ == 0) {
    // Keys that SCAN and RANDOMKEY come across and delete have nothing to do with each other.
    propagation_.Flush(!context.spec.Has(kTouchesArbitraryKeys));
    if (changed) {
      context.session.last_write_offset = state_.replication_offset;
      context.session.last_write_logged = state_.log_changes;
    }
  }
}

void Engine::CountRefused(const CommandSpec* spec, std::string_view error) {
  if (spec != nullptr) ++table_.counters(*spec).rejected;
  CountError(error.substr(0, error.find(' ')));
}

void Engine::ShowMonitors(const Context& context) {
  if (monitors_ != 0) FeedMonitors(context.session, Redacted(context));
}

void Engine::ServeWhileBusy(ServerService::Whom whom) {
  if (services_.server == nullptr) return;
  InBetween([this, whom] {
    serving_others_ = true;
    probes_only_ = whom == ServerService::Whom::kWatchers;
    services_.server->ServeWhileBusy(whom);
    serving_others_ = probes_only_ = false;
  });
}

void Engine::InBetween(const std::function<void()>& work) {
  const int64_t now_us = now_us_, now_ms = keyspace_.now_ms();
  const keyspace::ExpiryMode expiry_mode = keyspace_.expiry_mode();
  work();
  now_us_ = now_us;
  keyspace_.set_now_ms(now_ms);
  keyspace_.set_expiry_mode(expiry_mode);
}

void Engine::CountError(std::string_view code) {
  ++stats_.error_replies;
  if (!serving_others_) ++own_errors_;
  const auto found = stats_.errors.find(code);
  if (found != stats_.errors.end()) {
    ++found->second;
  } else {
    // Scripts make codes of their own, perhaps a new one each time.
    const bool full = stats_.errors.size() >= kErrorCodesMax;
    ++stats_.errors[std::string(full ? kOtherErrorCodes : code)];
  }
}

void Engine::ResetSession(Session& session) {
  DiscardTransaction(session);
  pubsub_.Forget(session);
  tracking_.Disable(session);
  if (session.monitor) --monitors_;
  session.monitor = session.no_evict = session.no_touch = false;
  session.db = 0;
  session.protocol = 2;
  session.name.clear();
  session.moving_endpoint = MovingEndpoint::kUnasked;
  session.reply_mode = ReplyMode::kOn;
  permissions_.Welcome(session);
  session.peer.reset();
}

void Engine::OnEvent(int db, keyspace::Event event, std::string_view key) {
  if (pubsub_.idle()) return;
  const uint32_t mask = keyspace_.event_mask();
  const MemoryGuard::Telling telling(memory_guard_);
  const std::string number = std::to_string(db);
  const std::string name(key);  // the subscribers' buffers may move what `key` points into
  if ((mask & keyspace::kKeyspaceChannel) != 0) {
    pubsub_.Publish(ChannelKind::kChannel, "__keyspace@" + number + "__:" + name, event.name);
  }
  if ((mask & keyspace::kKeyeventChannel) != 0) {
    pubsub_.Publish(ChannelKind::kChannel, "__keyevent@" + number + "__:" + event.name, name);
  }
}

void Engine::OnDeleted(int db, std::string_view key) {
  if (!state_.feed_active()) return;
  const std::string_view command[] = {"DEL", key};
  propagation_.Add(db, command);
  if (depth_ == 0) propagation_.Flush();
}

void Engine::OnFieldsEnded(int db, std::string_view key, const std::vector<std::string>& fields) {
  if (!state_.feed_active()) return;
  constexpr size_t kFieldsPerCommand = 1024;  // servers refuse commands of very many words
  for (size_t at = 0; at < fields.size(); at += kFieldsPerCommand) {
    const auto some =
        std::span(fields).subspan(at).first(std::min(kFieldsPerCommand, fields.size() - at));
    std::vector<std::string_view> command = {"HDEL", key};
    command.insert(command.end(), some.begin(), some.end());
    propagation_.Add(db, command);
  }
  if (depth_ == 0) propagation_.Flush();
}

void Engine::EnterOwnTime() {
  const bool hide = state_.is_replica || state_.undecided || Paused();
  now_us_ = clock_.UnixMicros();
  keyspace_.set_now_ms(now_us_ / 1000);
  keyspace_.set_expiry_mode(hide ? keyspace::ExpiryMode::kHide : keyspace::ExpiryMode::kDelete);
}

MemoryGuard::Room Engine::MakeRoom() {
  const bool may_delete = depth_ == 0 && !state_.loading && !state_.undecided && !Paused() &&
                          !(state_.is_replica && state_.replica_ignores_maxmemory);
  if (!may_delete) return MemoryGuard::Room::kEnough;
  const int64_t start_us = latency_.threshold_ms() == 0 ? 0 : clock_.UnixMicros();
  last_room_ = memory_guard_.MakeRoom();
  if (start_us != 0) latency_.Watch(LatencyEvent::kEvictionCycle, start_us, clock_.UnixMicros());
  return last_room_;
}

bool Engine::MakeRoomSlice() {
  EnterOwnTime();
  return MakeRoom() == MemoryGuard::Room::kFreeing;
}

bool Engine::SweepSlice(int64_t budget_us) {
  tracking_.Trim();
  if (!options_.active_expire || state_.loading) return false;
  EnterOwnTime();
  if (!Paused()) keyspace_.SweepOwn(state_.is_replica);
  const int64_t start_us = now_us_;
  const bool more = keyspace_.SweepSlice(budget_us, [this] { return clock_.UnixMicros(); });
  latency_.Watch(LatencyEvent::kExpireCycle, start_us, clock_.UnixMicros());
  return more;
}

bool Engine::Paused() {
  if (!pauses_.any()) return false;
  const int64_t now_ms = clock_.UnixMillis();
  if (now_ms < pauses_.together().until_ms) return true;
  pauses_.EndOverdue(now_ms);
  ReleasePaused();
  return pauses_.any();
}

}  // namespace rha::node::dispatch
