#include "cli/pod/ways.h"

#include <chrono>
#include <csignal>

#include "local/object/json.h"

namespace rha::cli {
namespace {

namespace object = local::object;

// The API is asked about a pod that cannot be reached this often at most.
constexpr std::chrono::milliseconds kRenewPause(200);

}  // namespace

Ways::Ways(ClusterClient& client, const Subject& subject, std::vector<uint16_t> ports)
    : client_(&client), name_space_(object::Namespace(subject.redisha)), ports_(std::move(ports)) {
  for (const Json& pod : subject.pods) ways_.push_back(Open(object::Name(pod)));
  thread_ = std::thread([this] { Work(); });
}

Ways::~Ways() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

Ways::Way Ways::Open(const std::string& pod) {
  Way way{.pod = pod};
  const auto object = client_->api().Get({&k8s::kPods, {name_space_, pod}});
  if (!object.ok()) return way;
  way.ip = object::Str(*object, {"status", "podIP"});
  auto tunnel = Tunnel::Open(client_->access(), name_space_, *object, ports_);
  if (!tunnel.ok()) return way;
  way.tunnel = std::move(*tunnel);
  for (const uint16_t port : ports_) {
    const auto end = way.tunnel.Reach(port);
    if (!end.ok()) {
      way.ends.clear();
      break;
    }
    way.ends.push_back(*end);
  }
  return way;
}

std::vector<std::string> Ways::Addresses() const {
  const std::lock_guard lock(mutex_);
  std::vector<std::string> found;
  for (const Way& way : ways_) {
    if (!way.ends.empty()) found.push_back(way.ip);
  }
  return found;
}

Result<net::Endpoint> Ways::To(const std::string& ip, uint16_t port) const {
  const std::lock_guard lock(mutex_);
  for (const Way& way : ways_) {
    if (way.ip != ip) continue;
    for (size_t i = 0; i < way.ends.size(); ++i) {
      if (ports_[i] == port) return way.ends[i];
    }
  }
  return Status(Code::kUnavailable, "no way to " + ip);
}

void Ways::Renew(const std::string& ip) {
  {
    const std::lock_guard lock(mutex_);
    for (Way& way : ways_) way.stale |= way.ip == ip || way.ends.empty();
  }
  changed_.notify_all();
}

std::string Ways::PodAt(const std::string& ip) const {
  const std::lock_guard lock(mutex_);
  for (const Way& way : ways_) {
    if (way.ip == ip) return way.pod;
  }
  return "";
}

bool Ways::forwarded() const {
  const std::lock_guard lock(mutex_);
  for (const Way& way : ways_) {
    if (!way.ends.empty() && way.ends[0].host != way.ip) return true;
  }
  return false;
}

void Ways::Work() {
  sigset_t all;  // signals are for the thread that owns us
  sigfillset(&all);
  ::pthread_sigmask(SIG_BLOCK, &all, nullptr);
  std::unique_lock lock(mutex_);
  while (!ending_) {
    size_t at = 0;
    while (at < ways_.size() && !ways_[at].stale) ++at;
    if (at == ways_.size()) {
      changed_.wait(lock);
      continue;
    }
    ways_[at].stale = false;
    const std::string pod = ways_[at].pod;
    lock.unlock();
    Way fresh = Open(pod);
    lock.lock();
    std::swap(ways_[at], fresh);
    lock.unlock();
    fresh = Way();  // the old forwarder is waited for
    lock.lock();
    changed_.wait_for(lock, kRenewPause, [this] { return ending_; });
  }
}

}  // namespace rha::cli
