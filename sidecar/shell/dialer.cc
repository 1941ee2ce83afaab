#include "sidecar/shell/dialer.h"

#include "common/net/resolver.h"
#include "sidecar/core/hello.h"
#include "sidecar/shell/limits.h"

namespace rha::sidecar::shell {

core::DownReason ToDownReason(net::LinkEnd end) {
  switch (end) {
    case net::LinkEnd::kRefused:
      return core::DownReason::kRefused;
    case net::LinkEnd::kClosedByPeer:
    case net::LinkEnd::kClosedByUs:
      return core::DownReason::kClosed;
    case net::LinkEnd::kTimeout:
      return core::DownReason::kTimeout;
    case net::LinkEnd::kUnproven:
      return core::DownReason::kUnproven;
    case net::LinkEnd::kUnreachable:
    case net::LinkEnd::kDenied:
    case net::LinkEnd::kProtocolError:
      break;
  }
  return core::DownReason::kError;
}

std::string PlainReason(const std::string& why) {
  std::string plain = why.substr(0, kReasonBytesMax);
  for (char& c : plain) {
    if (c < ' ' || c > '~') c = '?';
  }
  return plain;
}

core::PingResult ToPingResult(const resp::Value& reply) {
  if (!reply.is_error()) return core::PingResult::kPong;
  if (reply.text.starts_with("LOADING")) return core::PingResult::kLoading;
  if (reply.text.starts_with("MASTERDOWN")) return core::PingResult::kMasterDown;
  if (reply.text.starts_with("BUSY")) return core::PingResult::kBusy;
  if (reply.text.starts_with("MISCONF")) return core::PingResult::kMisconf;
  return core::PingResult::kError;
}

namespace {

// Of a hello, "ip,port".
std::string AddressIn(const std::string& hello) {
  const size_t comma = hello.find(',');
  return comma == std::string::npos ? "" : hello.substr(0, hello.find(',', comma + 1));
}

}  // namespace

std::string Told(Dialer& dialer, const std::string& hello, const net::Link& link) {
  const auto local = link.LocalAddress();
  const size_t comma = hello.find(',');
  const bool unix_socket = !link.options().unix_path.empty();
  const bool named =
      dialer.fixed_announce || unix_socket || !local.ok() || comma == std::string::npos;
  const std::string told = named ? hello : local->host + hello.substr(comma);
  if (dialer.told_addresses.size() < kToldAddressesMax) {
    dialer.told_addresses.insert(AddressIn(told));
  }
  return told;
}

bool IsFromDouble(const Dialer& dialer, const std::string& hello) {
  const auto parsed = core::ParseHello(hello);
  return parsed && parsed->id == dialer.my_id && dialer.told_addresses.size() < kToldAddressesMax &&
         dialer.told_addresses.count(AddressIn(hello)) == 0;
}

void OpenTo(Dialer& dialer, net::Link& link, const core::Address& address,
            std::weak_ptr<char> alive, std::function<void(const std::string& why)> failed) {
  const auto open = [&link, port = address.port](const std::string& ip) {
    net::LinkOptions options = link.options();
    options.to = {ip, port};
    link.set_options(std::move(options));
    link.Open();
  };
  if (net::IsNumericIp(address.host)) {
    open(address.host);
    return;
  }
  dialer.resolver.Resolve(
      address.host, [open, alive = std::move(alive),
                     failed = std::move(failed)](const Result<net::Resolver::Addresses>& answer) {
        if (alive.expired()) return;
        if (answer.ok()) {
          open(answer->front());
        } else {
          failed(answer.status().message());
        }
      });
}

}  // namespace rha::sidecar::shell
