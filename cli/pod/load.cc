#include "cli/pod/load.h"

#include <charconv>

#include "cli/view/names.h"
#include "common/base/random_id.h"

namespace rha::cli {
namespace {

// Prime to 100, so that every key is both written and read.
constexpr size_t kKeysOfAClient = 97;
constexpr int kConnectTimeoutMs = 500;
constexpr int kReplyTimeoutMs = 1'000;
constexpr std::chrono::milliseconds kRetryPause(2);
// How long the end may look for a primary, and for how long keys outlive a run that was killed.
constexpr std::chrono::seconds kEndTimeout(10);
constexpr int kExpireExtraSeconds = 300;

int64_t NowUs() {
  return std::chrono::duration_cast<std::chrono::microseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

void RaiseTo(std::atomic<int64_t>& value, int64_t to) {
  int64_t seen = value.load();
  while (seen < to && !value.compare_exchange_weak(seen, to)) continue;
}

// "READONLY" of "READONLY You can't write against a read only replica."
std::string KindOf(const Status& status) {
  const bool answered = status.code() == Code::kInvalid || status.code() == Code::kDenied;
  return answered ? status.message().substr(0, status.message().find(' ')) : "no answer";
}

}  // namespace

struct Load::Client {
  int number = 0;
  std::thread thread;
  std::string ip;  // of the pod that the connection leads to
  std::optional<RedisClient> connection;
  size_t next_sentinel = 0;
  int64_t sent = 0;
  std::vector<int64_t> acknowledged = std::vector<int64_t>(kKeysOfAClient);  // 0: none yet
  std::mutex mutex;
  BenchTally tally;  // guarded by mutex
};

Load::Load(Ways& ways, std::string group, std::string password, LoadOptions options)
    : ways_(&ways),
      group_(std::move(group)),
      password_(std::move(password)),
      prefix_("redisha:bench:" + RandomHex(8) + ":"),
      options_(options) {
  for (int i = 0; i < options_.clients; ++i) {
    clients_.push_back(std::make_unique<Client>());
    clients_.back()->number = i;
    clients_.back()->next_sentinel = static_cast<size_t>(i);
  }
}

Load::~Load() { Stop(); }

void Load::Start() {
  last_acknowledged_us_ = NowUs();
  for (auto& client : clients_) {
    client->thread = std::thread([this, client = client.get()] { Run(*client); });
  }
}

void Load::Stop() {
  const bool first = !ending_.exchange(true);
  for (auto& client : clients_) {
    if (client->thread.joinable()) client->thread.join();
  }
  if (first) RaiseTo(silence_us_, NowUs() - last_acknowledged_us_);
}

BenchTally Load::Take() {
  BenchTally sum;
  for (auto& client : clients_) {
    const std::lock_guard lock(client->mutex);
    sum.Add(client->tally);
    client->tally = {};
  }
  return sum;
}

double Load::silence_seconds() const { return static_cast<double>(silence_us_) / 1e6; }

void Load::Acknowledged() {
  const int64_t now = NowUs();
  RaiseTo(silence_us_, now - last_acknowledged_us_.exchange(now));
}

std::string Load::KeyOf(const Client& client, size_t key) const {
  return prefix_ + std::to_string(client.number) + ":" + std::to_string(key);
}

Result<std::string> Load::AskSentinel(const std::string& ip) {
  RHA_ASSIGN_OR_RETURN(const net::Endpoint at, ways_->To(ip, kSentinelPort));
  RHA_ASSIGN_OR_RETURN(RedisClient sentinel, RedisClient::Connect(at, kConnectTimeoutMs));
  sentinel.set_timeout_ms(kConnectTimeoutMs);
  const Words question = {"SENTINEL", "GET-MASTER-ADDR-BY-NAME", group_};
  auto reply = sentinel.Call(question);
  if (reply.status().code() == Code::kDenied) {  // spec.auth.sentinel
    RHA_RETURN_IF_ERROR(sentinel.Auth("", password_));
    reply = sentinel.Call(question);
  }
  if (!reply.ok()) return reply.status();
  if (reply->items.empty()) return Status(Code::kUnavailable, "it knows no primary");
  return reply->items[0].text;
}

bool Load::Connect(Client& client) {
  const auto addresses = ways_->Addresses();
  if (addresses.empty()) {
    ways_->Renew("");
    return false;
  }
  const std::string& sentinel = addresses[client.next_sentinel++ % addresses.size()];
  const auto primary = AskSentinel(sentinel);
  if (!primary.ok()) {
    ways_->Renew(sentinel);
    return false;
  }
  const auto dial = [&]() -> Result<RedisClient> {
    RHA_ASSIGN_OR_RETURN(const net::Endpoint at, ways_->To(*primary, kNodePort));
    RHA_ASSIGN_OR_RETURN(RedisClient node, RedisClient::Connect(at, kConnectTimeoutMs));
    node.set_timeout_ms(kReplyTimeoutMs);
    RHA_RETURN_IF_ERROR(node.Auth("", password_));
    RHA_ASSIGN_OR_RETURN(const auto role, node.Call({"ROLE"}));
    if (role.items.empty() || role.items[0].text != "master") {
      return Status(Code::kConflict, "not a primary any more");
    }
    return node;
  };
  auto node = dial();
  if (!node.ok()) {
    if (node.status().code() == Code::kUnavailable || node.status().code() == Code::kIo) {
      ways_->Renew(*primary);
    }
    return false;
  }
  client.ip = *primary;
  client.connection = std::move(*node);
  return true;
}

void Load::Run(Client& client) {
  const std::string expiry = std::to_string(options_.seconds + kExpireExtraSeconds);
  const std::string filling(static_cast<size_t>(options_.value_bytes), 'x');
  while (!ending_) {
    if (!client.connection && !Connect(client)) {
      std::this_thread::sleep_for(kRetryPause);
      continue;
    }
    const int64_t number = ++client.sent;
    const bool read = number % 100 < options_.reads_percent;
    const size_t key = static_cast<size_t>(number) % kKeysOfAClient;
    std::string value = std::to_string(number) + " ";
    value += filling.substr(0, filling.size() - std::min(filling.size(), value.size()));
    const int64_t start = NowUs();
    const auto reply =
        client.connection->Call(read ? Words{"GET", KeyOf(client, key)}
                                     : Words{"SET", KeyOf(client, key), value, "EX", expiry});
    const int64_t took = NowUs() - start;
    if (reply.ok() && !read) {
      client.acknowledged[key] = number;
      Acknowledged();
    }
    const std::lock_guard lock(client.mutex);
    if (reply.ok()) {
      (read ? client.tally.reads : client.tally.writes).Add(took);
    } else {
      ++client.tally.errors[KindOf(reply.status())];
      client.connection.reset();
    }
  }
}

Load::Kept Load::CheckAndRemove() {
  Kept kept;
  const int64_t deadline = NowUs() + std::chrono::microseconds(kEndTimeout).count();
  for (auto& client : clients_) {
    client->connection.reset();  // who is primary is asked once more
    while (!client->connection && !Connect(*client) && NowUs() < deadline) {
      std::this_thread::sleep_for(kRetryPause);
    }
    for (size_t key = 0; key < kKeysOfAClient && client->connection; ++key) {
      const int64_t wanted = client->acknowledged[key];
      if (wanted == 0) continue;
      const auto reply = client->connection->Call({"GET", KeyOf(*client, key)});
      if (!reply.ok()) {
        client->connection.reset();
        break;
      }
      int64_t found = 0;
      std::from_chars(reply->text.data(), reply->text.data() + reply->text.size(), found);
      ++kept.checked;
      kept.missing += found < wanted ? 1 : 0;
      (void)client->connection->Call({"UNLINK", KeyOf(*client, key)});
    }
  }
  return kept;
}

}  // namespace rha::cli
