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
      engine(engine) {}

const NodeState& Context::state() const { return engine.state(); }
const Services& Context::services() const { return engine.services(); }

void Context::Propagate(std::initializer_list<std::string_view> command) {
  PropagateArgs(Args(command.begin(), command.size()));
}

void Context::PropagateArgs(Args command) {
  propagation_ = Propagation::kExplicit;
  if (session.kind == SessionKind::kPrimary || !engine.state().feed_active) return;
  engine.propagation().Add(session.db, command);
}

void Context::PropagateNothing() { propagation_ = Propagation::kExplicit; }
void Context::PropagateAnyway() { propagation_ = Propagation::kAnyway; }

void Context::WrongType() {
  reply.Error("WRONGTYPE Operation against a key holding the wrong kind of value");
}

}  // namespace rha::node::dispatch
