#include "node/commands/testing/run_command.h"

#include "common/resp/parser.h"
#include "common/resp/writer.h"
#include "node/commands/all.h"

namespace rha::node::commands {
namespace {

using resp::Value;

std::string Show(const Value& value) {
  switch (value.type) {
    case Value::Type::kSimple:
      return "+" + value.text;
    case Value::Type::kError:
      return "-" + value.text;
    case Value::Type::kInteger:
      return ":" + std::to_string(value.integer);
    case Value::Type::kNull:
      return "(nil)";
    case Value::Type::kBulk:
    case Value::Type::kVerbatim:
      return "$" + value.text;
    case Value::Type::kDouble:
      return "," + value.text;
    case Value::Type::kBool:
      return value.integer != 0 ? "#t" : "#f";
    case Value::Type::kBigNumber:
      return "(" + value.text;
    default:
      break;
  }
  std::string text;
  for (const Value& item : value.items) text += (text.empty() ? "" : ", ") + Show(item);
  const bool push = value.type == Value::Type::kPush;
  return (push ? ">[" : "[") + text + "]";
}

// Everything in `bytes`, replies separated by blanks.
std::string ShowAll(std::string_view bytes) {
  std::string text;
  std::string_view rest = bytes;
  while (!rest.empty()) {
    resp::ReplyParser parser;
    if (parser.Parse(rest) != resp::Outcome::kDone)
      return text + " <broken: " + std::string(rest) + ">";
    text += (text.empty() ? "" : " ") + Show(parser.value());
    rest.remove_prefix(parser.consumed());
  }
  return text;
}

std::string TakeAll(resp::OutputChain& out) {
  const std::string bytes = out.ToString();
  out.Clear();
  return ShowAll(bytes);
}

}  // namespace

// Writes down what it is told; acknowledges nothing.
class FakeReplication final : public dispatch::ReplicationService, public dispatch::ChangeSink {
 public:
  dispatch::ChangeSink& changes() override { return *this; }
  void Append(int db, resp::Args request, std::string_view) override {
    std::string line = "[" + std::to_string(db) + "]";
    for (const std::string_view word : request) line += " " + std::string(word);
    commands.push_back(line);
  }
  Result<bool> ReplicaOf(const std::string&, uint16_t) override { return true; }
  void BecomePrimary() override {}
  std::string PlainRoleRefusal() const override { return {}; }
  Status AssignRole(const dispatch::RoleOrder& order) override {
    orders.push_back(order);
    return {};
  }
  Status AdoptDataset(std::string_view) override { return {}; }
  void WriteRole(resp::Writer& reply) override { reply.Array(0); }
  void AppendInfo(std::string*) override {}
  void Psync(dispatch::Session&, dispatch::Args) override {}
  void Replconf(dispatch::Session&, dispatch::Args, resp::Writer& reply) override { reply.Ok(); }
  int ReplicasAcknowledged(int64_t, bool on_disk) override {
    ++times_asked;
    return on_disk ? on_disks : acknowledged;
  }
  void RequestAcknowledgements() override {}
  void Failover(dispatch::Args, resp::Writer& reply) override { reply.Ok(); }
  void ChangeReplicationId() override {}

  std::vector<std::string> commands;
  std::vector<dispatch::RoleOrder> orders;
  int acknowledged = 0, on_disks = 0;
  size_t times_asked = 0;
};

CommandTest::CommandTest()
    : engine_(keyspace_, state_, clock_, AllCommands()),
      replication_(std::make_unique<FakeReplication>()) {
  engine_.set_services({.replication = replication_.get(), .scripts = &scripts_});
  keyspace_.set_libraries(&scripts_.libraries());
  state_.stream_active = true;
  engine_.Join(session_);
  engine_.Join(other_);
}

CommandTest::~CommandTest() {
  engine_.Leave(other_);
  engine_.Leave(session_);
}

std::string CommandTest::RunOn(dispatch::Session& session, resp::Args words) {
  const auto executed = engine_.Execute(session, words);
  if (executed == dispatch::Executed::kNotNow) return "(not now)";
  // Who waits or listens is answered when the reference is not asked.
  if (session.blocked != nullptr || session.pubsub != nullptr) reference_.Part();
  const bool by_the_clock = words[0] == "ttl" || words[0] == "pttl";  // which the two do not share
  if (!reference_.present() || by_the_clock) return TakeAll(session.out());
  session.out().Clear();
  const std::string reply = reference_.Ask(&session, words);
  return ShowAll(reply);
}

std::string CommandTest::Pushed(dispatch::Session& session) { return TakeAll(session.out()); }

const std::vector<std::string>& CommandTest::propagated() {
  reference_.Part();
  return replication_->commands;
}
const std::vector<dispatch::RoleOrder>& CommandTest::role_orders() const {
  return replication_->orders;
}
void CommandTest::Acknowledge(int replicas, int on_disks) {
  replication_->acknowledged = replicas;
  replication_->on_disks = on_disks;
  ++state_.acknowledgements;
}
size_t CommandTest::times_asked_for_acknowledgements() const { return replication_->times_asked; }
void CommandTest::ForgetPropagated() { replication_->commands.clear(); }

}  // namespace rha::node::commands
