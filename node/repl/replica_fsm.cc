#include "node/repl/replica_fsm.h"

#include <fmt/format.h>

#include <array>

#include "common/resp/writer.h"
#include "node/persist/rdb_file.h"
#include "node/repl/limits.h"
#include "node/repl/parse_number.h"

namespace rha::node::repl {
namespace {

// "-LOADING …", "-NOMASTERLINK …": the primary lives and will be ready later.
bool AsksForPatience(std::string_view line) {
  return line.starts_with("-LOADING") || line.starts_with("-NOMASTERLINK") ||
         line.starts_with("-MASTERDOWN") || line.starts_with("-BUSY");
}

std::string Request(const trust::Words& words) {
  const std::vector<std::string_view> views(words.begin(), words.end());
  std::string out;
  resp::AppendRequest(views, &out);
  return out;
}

}  // namespace

std::string ReplicaFsm::OnConnected() {
  if (!options_.introduction) return Greet({});
  state_ = ProvingPrimary{};
  return Request(options_.introduction->initiator.Hello());
}

std::string ReplicaFsm::OnHelloReply(ProvingPrimary& proving, std::string_view line) {
  int64_t number = 0;
  if (proving.words_expected == 0) {
    if (!line.starts_with('*') || !ParseNumber(line.substr(1), number) || number < 1 ||
        number > static_cast<int64_t>(kHelloWordsMax)) {
      Fail(fmt::format("the primary does not prove to be a member of this cluster: {}", line));
      return {};
    }
    proving.words_expected = static_cast<size_t>(number);
    return {};
  }
  if (!proving.text_is_next) {
    proving.text_is_next = true;
    return {};  // the word's length: no word holds a line end
  }
  proving.text_is_next = false;
  proving.words.emplace_back(line);
  if (proving.words.size() < proving.words_expected) return {};
  auto& [initiator, keys] = *options_.introduction;
  const auto proof = initiator.OnHelloReply(keys, proving.words);
  if (!proof.ok()) {
    Fail("the primary is not followed: " + proof.status().message());
    return {};
  }
  return Greet(Request(*proof));
}

// `out`: the proof that goes first, if there is one.
std::string ReplicaFsm::Greet(std::string out) {
  using Step = Greeting::Step;
  Greeting greeting;
  if (options_.introduction) greeting.unanswered.push_back(Step::kProof);
  const auto say = [&](Step step, std::initializer_list<std::string_view> words) {
    greeting.unanswered.push_back(step);
    resp::AppendRequest(words, &out);
  };
  say(Step::kPing, {"PING"});
  if (!options_.introduction && !options_.password.empty()) {
    if (options_.user.empty()) {
      say(Step::kAuth, {"AUTH", options_.password});
    } else {
      say(Step::kAuth, {"AUTH", options_.user, options_.password});
    }
  }
  say(Step::kPort, {"REPLCONF", "listening-port", std::to_string(options_.listening_port)});
  if (!options_.announced_ip.empty()) {
    say(Step::kIp, {"REPLCONF", "ip-address", options_.announced_ip});
  }
  say(Step::kCapabilities, {"REPLCONF", "capa", "eof", "capa", "psync2"});
  if (options_.packed) say(Step::kPacked, {"REPLCONF", "capa", kPackedCapability});
  // A question that only our own kind answers with +REDISHA and the epoch of its data; Redis says
  // +OK to unknown capabilities.
  say(Step::kExtension, {"REPLCONF", "capa", kOwnKindCapability});
  state_ = std::move(greeting);
  return out;
}

std::string ReplicaFsm::OnLine(std::string_view line) {
  if (auto* proving = std::get_if<ProvingPrimary>(&state_)) return OnHelloReply(*proving, line);
  if (auto* greeting = std::get_if<Greeting>(&state_)) {
    OnGreeting(*greeting, line);
    if (!std::holds_alternative<AskingToSync>(state_)) return {};
    std::vector<std::string> words{"PSYNC", options_.id, std::to_string(options_.offset)};
    if (options_.take_over) words.emplace_back("FAILOVER");
    return Request(words);
  }
  if (std::holds_alternative<AskingToSync>(state_)) {
    // Empty lines are signs of life while the primary prepares its answer.
    if (!line.empty()) OnSyncReply(line);
  } else if (const auto* awaiting = std::get_if<AwaitingSnapshot>(&state_)) {
    if (!line.empty()) OnSnapshotHeader(*awaiting, line);
  } else if (!std::holds_alternative<Failed>(state_)) {
    Fail("the primary spoke out of turn: " + std::string(line));
  }
  return {};
}

void ReplicaFsm::OnGreeting(Greeting& greeting, std::string_view line) {
  using Step = Greeting::Step;
  const Step step = greeting.unanswered.front();
  const bool error = line.starts_with('-');
  if (step == Step::kPing && error && !line.starts_with("-NOAUTH") &&
      !line.starts_with("-NOPERM") && !line.starts_with("-ERR operation not permitted")) {
    return Fail(fmt::format("PING was answered {}", line), AsksForPatience(line));
  }
  if (step == Step::kProof && error) {
    return Fail(fmt::format("the primary does not believe us: {}", line));
  }
  if (step == Step::kAuth && error) {
    return Fail(fmt::format("Unable to AUTH to MASTER (masterauth, masteruser): {}", line));
  }
  if (line.starts_with("-NOAUTH")) {
    if (options_.password.empty() && step != Step::kPing) {
      return Fail("the primary wants a password: set masterauth");
    }
  } else if (!error && !line.starts_with('+')) {
    return Fail(fmt::format("what answers there is no Redis server: {}", line));
  }
  // Other refusals of REPLCONF come from servers that know less, and do no harm.
  if (step == Step::kPacked && line == kPackedAnswer) packed_ = true;
  if (step == Step::kExtension && line.starts_with(kOwnKindAnswer)) {
    primary_is_redisha_ = true;
    NoteDataEpoch(line.substr(kOwnKindAnswer.size()));
  }
  greeting.unanswered.pop_front();
  if (greeting.unanswered.empty()) state_ = AskingToSync{};
}

// "<epoch> <where it began> <offset>"
void ReplicaFsm::NoteDataEpoch(std::string_view said) {
  std::array<int64_t, 3> numbers{};
  for (int64_t& number : numbers) {
    const size_t end = std::min(said.find(' '), said.size());
    if (!ParseNumber(said.substr(0, end), number) || number < 0) return;
    said.remove_prefix(std::min(end + 1, said.size()));
  }
  if (numbers[0] == 0) return;
  primary_data_epoch_ = static_cast<uint64_t>(numbers[0]);
  primary_epoch_start_ = numbers[1];
  primary_offset_ = std::max(numbers[1], numbers[2]);
}

void ReplicaFsm::OnSyncReply(std::string_view line) {
  if (line.starts_with("+FULLRESYNC ")) {
    const std::string_view rest = line.substr(12);
    const size_t space = rest.find(' ');
    int64_t offset = -1;
    if (!persist::IsReplId(rest.substr(0, space)) || !ParseNumber(rest.substr(space + 1), offset) ||
        offset < 0 || offset > persist::kReplOffsetMax) {
      return Fail(fmt::format("PSYNC was answered with a malformed line: {}", line));
    }
    state_ = AwaitingSnapshot{std::string(rest.substr(0, space)), offset};
    return;
  }
  if (line == "+CONTINUE" || line.starts_with("+CONTINUE ")) {
    std::string new_id(line.size() > 10 ? line.substr(10) : std::string_view());
    if (!new_id.empty() && !persist::IsReplId(new_id)) {
      return Fail(fmt::format("PSYNC was answered with a malformed line: {}", line));
    }
    if (options_.id == "?") return Fail("the primary continues a stream that was never begun");
    state_ = ContinuedStream{new_id == options_.id ? std::string() : std::move(new_id)};
    return;
  }
  const bool patience = AsksForPatience(line);
  state_ = Failed{fmt::format("PSYNC was answered {}", line), patience, !patience};
}

void ReplicaFsm::OnSnapshotHeader(AwaitingSnapshot awaiting, std::string_view line) {
  ReceivingSnapshot receiving{std::move(awaiting.id), awaiting.offset, -1, {}};
  if (line.starts_with("$EOF:") && line.size() == 5 + kEofMarkBytes) {
    receiving.end_mark = line.substr(5);
  } else if (!line.starts_with('$') || !ParseNumber(line.substr(1), receiving.length) ||
             receiving.length < 0) {
    return Fail(line.starts_with('-')
                    ? fmt::format("the primary gave up the full synchronisation: {}", line)
                    : fmt::format("the snapshot does not begin with its length: {}", line));
  }
  state_ = std::move(receiving);
}

const char* ReplicaFsm::RoleWord() const {
  struct Word {
    const char* operator()(const Connecting&) const { return "connecting"; }
    const char* operator()(const ProvingPrimary&) const { return "handshake"; }
    const char* operator()(const Greeting&) const { return "handshake"; }
    const char* operator()(const AskingToSync&) const { return "handshake"; }
    const char* operator()(const AwaitingSnapshot&) const { return "sync"; }
    const char* operator()(const ReceivingSnapshot&) const { return "sync"; }
    const char* operator()(const ContinuedStream&) const { return "connected"; }
    const char* operator()(const Failed&) const { return "connect"; }
  };
  return std::visit(Word{}, state_);
}

}  // namespace rha::node::repl
