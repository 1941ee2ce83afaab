#include "tests/sim/scenario.h"

#include <fstream>
#include <memory>
#include <sstream>

#include "sidecar/core/text.h"
#include "tests/sim/cluster.h"

namespace rha::sim {
namespace {

constexpr Millis kSettleLimit{30000};

class Player {
 public:
  Status Line(const std::vector<std::string>& words) {
    const std::string& verb = words[0];
    if (!cluster_ && SetOption(words)) return Status::Ok();
    if (!cluster_) Begin();
    if (verb == "run") return cluster_->Run(Millis{Number(words, 1)}), Status::Ok();
    if (verb == "settle") return Settle();
    if (verb == "expect") return Expect(words);
    if (verb == "start") return Start(words);
    if (verb == "heal") return cluster_->HealNetwork(), Status::Ok();
    if (verb == "cut") {
      return cluster_->Cut(Number(words, 1), Number(words, 2)), Status::Ok();
    }
    if (verb == "island") return cluster_->Partition(Pods(words)), Status::Ok();
    if (verb == "write") {
      if (words.size() > 1 && words[1] == "off") return cluster_->StopWriting(), Status::Ok();
      return cluster_->StartWriting(Millis{Number(words, 1)}), Status::Ok();
    }
    return OnePod(words);
  }

  // One line per `run` or `settle` would hide what happened; everything is in the trace.
  std::string TakeTrace() { return std::move(trace_); }
  std::vector<std::string> Failures() const {
    return cluster_ ? cluster_->checkers().failures() : std::vector<std::string>{};
  }
  void Comment(const std::string& text) { trace_ += "# " + text + "\n"; }

 private:
  static int Number(const std::vector<std::string>& words, size_t at) {
    if (at >= words.size()) return 0;
    return sidecar::core::ParseNumber<int>(words[at]).value_or(0);
  }
  static std::vector<int> Pods(const std::vector<std::string>& words) {
    std::vector<int> pods;
    for (size_t i = 1; i < words.size(); ++i) pods.push_back(Number(words, i));
    return pods;
  }

  bool SetOption(const std::vector<std::string>& words) {
    if (words[0] == "members")
      options_.members = Number(words, 1);
    else if (words[0] == "seed")
      options_.seed = Number(words, 1);
    else if (words[0] == "quorum")
      options_.quorum = Number(words, 1);
    else if (words[0] == "initialised")
      options_.initialised = Number(words, 1) == 1;
    else if (words[0] == "down-after")
      options_.down_after = Millis{Number(words, 1)};
    else
      return false;
    return true;
  }

  void Begin() {
    cluster_ = std::make_unique<Cluster>(options_);
    cluster_->trace = [this](const std::string& line) { trace_ += line + "\n"; };
  }

  Status Start(const std::vector<std::string>& words) {
    std::vector<int> pods = Pods(words);
    if (words.size() > 1 && words[1] == "all") {
      pods.clear();
      for (int i = 0; i < cluster_->size(); ++i) pods.push_back(i);
    }
    for (const int pod : pods) {
      cluster_->StartNode(pod, false);
      cluster_->StartSidecar(pod, false);
    }
    return Status::Ok();
  }

  Status Settle() {
    const LogicalTime start = cluster_->now();
    while (!cluster_->AgreedPrimary() && cluster_->now() - start < kSettleLimit) {
      cluster_->Run(Millis{10});
    }
    if (cluster_->AgreedPrimary()) return Status::Ok();
    return {Code::kUnavailable, "no agreement: " + cluster_->Disagreement()};
  }

  Status Expect(const std::vector<std::string>& words) {
    const std::string what = words.size() > 1 ? words[1] : "";
    if (what == "no-agreement") {
      if (!cluster_->AgreedPrimary()) return Status::Ok();
      return {Code::kConflict, "all agree"};
    }
    if (what == "primary") {
      const auto primary = cluster_->AgreedPrimary();
      if (primary && *primary == Number(words, 2)) return Status::Ok();
      return {Code::kConflict,
              primary ? "it is pod-" + std::to_string(*primary) : cluster_->Disagreement()};
    }
    if (what == "promotions") {
      const int count = cluster_->checkers().promotions();
      if (count == Number(words, 2)) return Status::Ok();
      return {Code::kConflict, "there were " + std::to_string(count)};
    }
    if (what == "address" && words.size() == 4) {
      const auto* machine = cluster_->machine(Number(words, 2));
      const auto address = machine->PrimaryAddress("demo", cluster_->ClockOf(Number(words, 2)));
      const std::string text = address ? address->host : "none";
      if (text == words[3]) return Status::Ok();
      return {Code::kConflict, "it is " + text};
    }
    return {Code::kInvalid, "unknown expectation"};
  }

  static sidecar::core::CommandReceived Failover(const std::vector<std::string>& words) {
    sidecar::core::FailoverCommand command{.group = "demo", .force = words.size() > 2};
    for (size_t i = 3; i < words.size(); ++i) command.given_up.push_back("pod-" + words[i]);
    return {0, std::move(command)};
  }

  Status OnePod(const std::vector<std::string>& words) {
    const std::string& verb = words[0];
    const int pod = Number(words, 1);
    const std::string option = words.size() > 2 ? words[2] : "";
    if (words.size() < 2 || pod < 0 || pod >= cluster_->size()) {
      return {Code::kInvalid, "which pod?"};
    }
    if (verb == "kill-node")
      cluster_->KillNode(pod);
    else if (verb == "start-node")
      cluster_->StartNode(pod, option != "empty", Millis{option == "load" ? Number(words, 3) : 0});
    else if (verb == "kill-sidecar")
      cluster_->KillSidecar(pod);
    else if (verb == "start-sidecar")
      cluster_->StartSidecar(pod, option != "forgetful");
    else if (verb == "stop-node")
      cluster_->PauseNode(pod, true);
    else if (verb == "cont-node")
      cluster_->PauseNode(pod, false);
    else if (verb == "stop-sidecar")
      cluster_->PauseSidecar(pod, true);
    else if (verb == "cont-sidecar")
      cluster_->PauseSidecar(pod, false);
    else if (verb == "move")
      cluster_->MovePod(pod);
    else if (verb == "failover")
      cluster_->SendCommand(pod, Failover(words));
    else
      return {Code::kInvalid, "unknown verb"};
    return Status::Ok();
  }

  ClusterOptions options_;
  std::string trace_;
  std::unique_ptr<Cluster> cluster_;
};

std::vector<std::string> Words(const std::string& line) {
  std::istringstream stream(line.substr(0, line.find('#')));
  std::vector<std::string> words;
  for (std::string word; stream >> word;) words.push_back(word);
  return words;
}

Result<std::string> ReadFile(const std::string& path) {
  std::ifstream file(path);
  if (!file) return Status(Code::kNotFound, "open " + path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

// The first line that differs, for people.
std::string FirstDifference(const std::string& expected, const std::string& actual) {
  std::istringstream a(expected);
  std::istringstream b(actual);
  std::string line_a;
  std::string line_b;
  for (int number = 1;; ++number) {
    const bool more_a = static_cast<bool>(std::getline(a, line_a));
    const bool more_b = static_cast<bool>(std::getline(b, line_b));
    if (more_a && more_b && line_a == line_b) continue;
    return "line " + std::to_string(number) + ":\n  expected: " + (more_a ? line_a : "(end)") +
           "\n  actual:   " + (more_b ? line_b : "(end)");
  }
}

}  // namespace

Result<std::string> RunScenario(const std::string& text) {
  Player player;
  std::istringstream lines(text);
  std::string line;
  for (int number = 1; std::getline(lines, line); ++number) {
    const auto words = Words(line);
    if (words.empty()) continue;
    player.Comment(line);
    if (Status status = player.Line(words); !status.ok()) {
      return Status(status.code(), "line " + std::to_string(number) + " \"" + line +
                                       "\": " + status.message() + "\n" + player.TakeTrace());
    }
  }
  for (const std::string& failure : player.Failures()) return Status(Code::kInternal, failure);
  return player.TakeTrace();
}

Status CheckScenario(const std::string& path, bool rewrite) {
  RHA_ASSIGN_OR_RETURN(const std::string text, ReadFile(path));
  auto trace = RunScenario(text);
  if (!trace) return trace.status().Context(path);
  const std::string golden = path.substr(0, path.rfind(".txt")) + ".trace";
  if (rewrite) {
    std::ofstream(golden) << *trace;
    return Status::Ok();
  }
  RHA_ASSIGN_OR_RETURN(const std::string expected, ReadFile(golden));
  if (expected == *trace) return Status::Ok();
  return {Code::kConflict, path + ": trace differs at " + FirstDifference(expected, *trace)};
}

}  // namespace rha::sim
