// What every outgoing link of the sidecar needs to be made: loop, names, identity.
// Thread rule: the loop's.
#pragma once

#include <functional>
#include <memory>
#include <set>
#include <string>

#include "common/net/link.h"
#include "sidecar/core/event.h"
#include "sidecar/shell/trust.h"

namespace rha::net {
class Reactor;
class Resolver;
}  // namespace rha::net

namespace rha::sidecar::shell {

struct Credentials {
  std::string user, password;
};

struct Dialer {
  net::Reactor& reactor;
  net::Resolver& resolver;
  Trust& trust;
  std::string my_id;
  std::string source_ip;
  std::string local_socket;              // of the own node
  bool fixed_announce = true;            // false: a hello names the address it leaves from
  std::set<std::string> told_addresses;  // "ip,port" of the own hellos so far

  // "sentinel-<8 hex>-cmd...", as CLIENT LIST of a node shows sentinels.
  std::string ClientName(const std::string& kind) const {
    return "sentinel-" + my_id.substr(0, 8) + "-" + kind;
  }
};

core::DownReason ToDownReason(net::LinkEnd end);
// The words of somebody who is not believed, fit for a log.
std::string PlainReason(const std::string& why);
core::PingResult ToPingResult(const resp::Value& reply);
// The hello as it leaves by `link`, whose own address is its first field, unless one is announced
// or it has none.
std::string Told(Dialer& dialer, const std::string& hello, const net::Link& link);
// A hello in this sidecar's name which it has not sent: somebody has the same id.
bool IsFromDouble(const Dialer& dialer, const std::string& hello);

// Opens `link` towards an address whose host may be a name. `alive` guards the time the name takes:
// nothing happens if it has expired by then. `failed`: the name did not resolve.
void OpenTo(Dialer& dialer, net::Link& link, const core::Address& address,
            std::weak_ptr<char> alive, std::function<void(const std::string& why)> failed);

}  // namespace rha::sidecar::shell
