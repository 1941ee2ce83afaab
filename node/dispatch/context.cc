#include "node/dispatch/context.h"

#include "node/dispatch/engine.h"

namespace rha::node::dispatch {

Context::Context(Engine& engine, Session& session, const CommandSpec& spec, Args args,
                 resp::Writer& reply)
    : args(args),
      spec(spec),
      session(session),
      reply(reply),
      keyspace(engine.keyspace()),
      now_ms(engine.keyspace().now_ms()),
      engine_(engine) {}

const NodeState& Context::state() const { return engine_.state(); }
const Services& Context::services() const { return engine_.services(); }

const Clock& Context::clock() const { return engine_.clock(); }
EngineOptions& Context::options() const { return engine_.options(); }
CommandTable& Context::table() const { return engine_.table(); }
SessionRegistry& Context::sessions() const { return engine_.sessions(); }
Permissions& Context::permissions() const { return engine_.permissions(); }
Pubsub& Context::pubsub() const { return engine_.pubsub(); }
Tracking& Context::tracking() const { return engine_.tracking(); }
Slowlog& Context::slowlog() const { return engine_.slowlog(); }
LatencyMonitor& Context::latency() const { return engine_.latency(); }
EngineStats& Context::stats() const { return engine_.stats(); }

void Context::Propagate(std::initializer_list<std::string_view> command) {
  PropagateArgs(Args(command.begin(), command.size()));
}

void Context::PropagateArgs(Args command, Audience audience) {
  propagation_ = Propagation::kExplicit;
  if (session.kind == SessionKind::kPrimary || !engine_.state().feed_active()) return;
  engine_.propagation().Add(session.db, command,
                            static_cast<Audience>(session.audience & audience));
}

void Context::PropagateNothing() { propagation_ = Propagation::kExplicit; }
void Context::PropagateAnyway() { propagation_ = Propagation::kAnyway; }
void Context::PropagateMessage() { propagation_ = Propagation::kMessage; }

keyspace::Item Context::Awaited(std::string_view key, keyspace::Type type) {
  if (appeared_ == nullptr) return db().Peek(key);
  if (key != *appeared_) return {};
  const keyspace::Item item = db().Peek(key);
  return item && item.type() == type ? item : keyspace::Item();
}

bool Context::MayWait() const {
  return !session.transaction.open && session.kind == SessionKind::kClient;
}

bool Context::WaitForKeys(const Wait& wait) {
  if (appeared_ != nullptr) return true;  // it stays in its place
  if (!MayWait()) return false;
  BlockedState state{.kind = BlockKind::kKeys, .deadline_ms = wait.deadline_ms, .spec = &spec};
  state.words.assign(wait.words.begin(), wait.words.end());
  if (wait.words.data() != args.data()) state.asked.assign(args.begin(), args.end());
  state.needs_key = wait.needs_key;
  engine_.blocking().Block(session, std::move(state), wait.keys);
  return true;
}

void Context::Block(BlockedState state) { engine_.blocking().Block(session, std::move(state)); }

void Context::WrongType() {
  reply.Error("WRONGTYPE Operation against a key holding the wrong kind of value");
}

}  // namespace rha::node::dispatch
