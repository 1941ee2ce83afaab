// The replication stream from both ends: never a crash, whoever speaks.
//
//  * Any lines as a primary's part of the handshake, any bytes as a snapshot on its way, and as a
//    compressed stream. What was packed comes back.
//  * What one server tells its replicas of any commands, another one can apply, and then holds the
//    same: a command that is told and then refused would end every link and every start.
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/check.h"
#include "common/base/clock.h"
#include "common/resp/parser.h"
#include "common/resp/writer.h"
#include "node/commands/all.h"
#include "node/commands/script/scripts.h"
#include "node/commands/server/digest.h"
#include "node/dispatch/engine.h"
#include "node/repl/replica_fsm.h"
#include "node/repl/snapshot_receiver.h"
#include "node/repl/stream_packer.h"

namespace {

using rha::node::dispatch::CommandSpec;
using rha::node::dispatch::Session;
using rha::node::dispatch::SessionKind;
namespace dispatch = rha::node::dispatch;
namespace repl = rha::node::repl;

void Handshake(std::string_view bytes) {
  repl::ReplicaFsm fsm({.introduction = {},
                        .user = "",
                        .password = "p",
                        .listening_port = 1,
                        .announced_ip = "",
                        .packed = true,
                        .id = std::string(40, 'a'),
                        .offset = 1});
  (void)fsm.OnConnected();
  // Whole lines first, so that now and then the later states are reached.
  for (const char* line : {"+PONG", "+OK", "+OK", "+OK", "+REDISHA-LZ4"}) (void)fsm.OnLine(line);
  while (!bytes.empty()) {
    const size_t end = std::min(bytes.find('\n'), bytes.size());
    (void)fsm.OnLine(bytes.substr(0, end));
    (void)fsm.RoleWord();
    bytes.remove_prefix(std::min(end + 1, bytes.size()));
  }
}

void Snapshot(std::string_view bytes) {
  for (const int64_t length : {int64_t{-1}, int64_t{0}, static_cast<int64_t>(bytes.size() / 2)}) {
    repl::SnapshotReceiver receiver(length, std::string(40, '1'));
    std::string out;
    std::string_view rest = bytes;
    while (!rest.empty()) {
      const auto taken = receiver.Take(rest.substr(0, 7), &out);
      RHA_CHECK(taken.consumed <= rest.size());
      if (taken.done) break;
      rest.remove_prefix(taken.consumed);
      if (taken.consumed == 0) break;
    }
    RHA_CHECK(length < 0 || out.size() <= static_cast<size_t>(length));
  }
}

void Packed(std::string_view bytes) {
  std::string input(bytes), stream;
  (void)repl::StreamUnpacker().Unpack(&input, &stream).ok();
  repl::StreamPacker packer;
  repl::StreamUnpacker unpacker;
  std::string packed, back;
  for (std::string_view rest = bytes; !rest.empty();) {
    const std::string_view piece = rest.substr(0, 1 + static_cast<unsigned char>(rest[0]));
    packer.Pack(piece, &packed);
    rest.remove_prefix(piece.size());
  }
  RHA_CHECK(unpacker.Unpack(&packed, &back).ok() && back == bytes && packed.empty());
}

// ---- one server tells another

class Node : public dispatch::ChangeSink {
 public:
  explicit Node(SessionKind kind)
      : engine_(keyspace_, state_, clock_, rha::node::commands::AllCommands()), session_(kind) {
    engine_.set_services({.scripts = &scripts_});
    engine_.propagation().AddSink(*this, dispatch::kReplicas);
    keyspace_.set_libraries(&scripts_.libraries());
    state_.stream_active = kind == SessionKind::kClient;
    state_.is_replica = !state_.stream_active;
    session_.authenticated = true;
    engine_.Join(session_);
  }
  ~Node() override { engine_.Leave(session_); }

  void Append(int db, rha::resp::Args request, std::string_view) override {
    if (db != told_db_) told_ += "*2\r\n$6\r\nSELECT\r\n$1\r\n" + std::to_string(db) + "\r\n";
    told_db_ = db;
    rha::resp::AppendRequest(request, &told_);
  }

  void Run(const std::vector<std::string>& words) {
    const std::vector<std::string_view> args(words.begin(), words.end());
    (void)engine_.Execute(session_, args);
    if (session_.blocked != nullptr) engine_.EndWait(session_);
    engine_.EndTurn();
    session_.out().Clear();
  }

  // As ReplicaSide does.
  void Follow(std::string_view stream) {
    while (!stream.empty()) {
      rha::resp::RequestParser parser;
      RHA_CHECK(parser.Parse(stream) == rha::resp::Outcome::kDone);
      const CommandSpec* const spec = engine_.Resolve(session_, parser.args()).spec;
      const uint64_t errors = engine_.own_errors();
      engine_.Execute(session_, parser.args());
      if (spec == nullptr || !spec->BelongsInLogs() || engine_.own_errors() != errors) {
        std::fprintf(stderr, "refused by a replica:");
        for (const std::string_view word : parser.args()) {
          std::fprintf(stderr, " '%.*s'", static_cast<int>(word.size()), word.data());
        }
        std::fprintf(stderr, "\n");
        RHA_CHECK(false);
      }
      stream.remove_prefix(parser.consumed());
    }
  }

  const std::string& told() const { return told_; }
  rha::Sha1Digest Digest() { return rha::node::commands::DigestOfAll(keyspace_); }
  const std::vector<CommandSpec>& commands() { return engine_.table().commands(); }

 private:
  rha::ManualClock clock_;
  rha::node::keyspace::Keyspace keyspace_{2, 1};
  dispatch::NodeState state_;
  dispatch::Engine engine_;
  rha::node::commands::Scripts scripts_;
  Session session_;
  std::string told_;
  int told_db_ = -1;
};

constexpr const char* kWords[] = {"a",
                                  "b",
                                  "c",
                                  "d",
                                  "0",
                                  "1",
                                  "-1",
                                  "2",
                                  "10",
                                  "3.5",
                                  "-inf",
                                  "nan",
                                  "9223372036854775807",
                                  "-9223372036854775808",
                                  "18446744073709551615",
                                  "1-1",
                                  "2-0",
                                  "5-*",
                                  "$",
                                  ">",
                                  "*",
                                  "-",
                                  "+",
                                  "0-0",
                                  "(1",
                                  "[a",
                                  "18446744073709551615-18446744073709551615",
                                  "",
                                  "g",
                                  "h",
                                  "EX",
                                  "PX",
                                  "NX",
                                  "XX",
                                  "GT",
                                  "KEEPTTL",
                                  "GET",
                                  "MATCH",
                                  "COUNT",
                                  "LIMIT",
                                  "MAXLEN",
                                  "MINID",
                                  "~",
                                  "=",
                                  "ENTRIESREAD",
                                  "ENTRIESADDED",
                                  "MAXDELETEDID",
                                  "MKSTREAM",
                                  "NOACK",
                                  "STREAMS",
                                  "GROUP",
                                  "STORE",
                                  "STOREDIST",
                                  "WEIGHTS",
                                  "AGGREGATE",
                                  "MAX",
                                  "LEFT",
                                  "RIGHT",
                                  "BEFORE",
                                  "u8",
                                  "i64",
                                  "SET",
                                  "INCRBY",
                                  "OVERFLOW",
                                  "SAT",
                                  "FAIL",
                                  "AND",
                                  "NOT",
                                  "FIELDS",
                                  "REPLACE",
                                  "JUSTID",
                                  "IDLE",
                                  "TIME",
                                  "RETRYCOUNT",
                                  "FORCE",
                                  "LASTID",
                                  "1000",
                                  "100000000000000",
                                  "m",
                                  "km",
                                  "GETREG",
                                  "TODENSE",
                                  "BYSCORE",
                                  "REV",
                                  "FROMMEMBER",
                                  "BYRADIUS",
                                  "100"};

bool WorthTelling(const CommandSpec& spec) {
  // It asks another server; a function's text is none of these words.
  return spec.Has(dispatch::kWrite) && spec.handler != nullptr && !spec.is_subcommand() &&
         spec.name != "migrate" && spec.name != "swapdb";
}

// Two bytes choose the command, one the number of its words, one each word.
void Tell(std::string_view plan) {
  Node primary(SessionKind::kClient), replica(SessionKind::kPrimary);
  std::vector<std::vector<std::string>> names;
  for (const CommandSpec& spec : primary.commands()) {
    const std::string name(spec.name);
    const size_t bar = name.find('|');
    if (bar != std::string::npos && spec.Has(dispatch::kWrite)) {
      names.push_back({name.substr(0, bar), name.substr(bar + 1)});
    } else if (WorthTelling(spec) || name == "multi" || name == "exec" || name == "select") {
      names.push_back({name});
    }
  }
  const auto next = [&] {
    if (plan.empty()) return size_t{0};
    const auto byte = static_cast<unsigned char>(plan[0]);
    plan.remove_prefix(1);
    return size_t{byte};
  };
  while (!plan.empty()) {
    const size_t high = next() << 8;
    std::vector<std::string> words = names[(high | next()) % names.size()];
    for (size_t more = 1 + next() % 9; more > 0; --more) {
      const size_t choice = next();  // one of four is a key or a small number
      words.emplace_back(kWords[choice < 64 ? choice % 8 : choice % std::size(kWords)]);
    }
    primary.Run(words);
  }
  primary.Run({"discard"});
  replica.Follow(primary.told());
  RHA_CHECK(replica.Digest() == primary.Digest());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  Handshake(bytes);
  Snapshot(bytes);
  Packed(bytes);
  Tell(bytes);
  return 0;
}
