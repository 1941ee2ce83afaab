// Migrator: the connections by which MIGRATE sends values to other servers.
//
//   Migrate ─▶ a kept connection ──────────▶ [AUTH, SELECT ─▶] RESTORE… ─▶ answers ─▶ done
//         └──▶ resolve ─▶ connect ─▶ open ─────┘                   └─▶ kept for a while
//
// Values leave once AUTH and SELECT have been answered, so that none arrives in another database or
// as another user, and once this node may tell of them (Request::may_leave). A connection serves
// those who bring the words that AUTH was sent with, and is asked about them each time.
//
// A kept connection that turns out to be gone is opened once more, if no value was answered yet. A
// migration fails when nothing moves for its timeout: neither bytes to the other side nor answers
// from it.
//
// Bounds: of the values under way the command sees to it (bytes_under_way); kMigrationLinksMax
// connections are kept, for kMigrationLinkKept; values are held until they have left, or, on a kept
// connection, the first of them is answered.
// Thread rule: the loop's thread.
#pragma once

#include <functional>
#include <list>
#include <memory>
#include <string>

#include "common/net/link.h"
#include "common/net/reactor.h"
#include "common/net/resolver.h"
#include "node/dispatch/services.h"

namespace rha::node::app {

class Migrator final : public dispatch::MigrationService {
 public:
  Migrator(net::Reactor& reactor, net::Resolver& resolver)
      : reactor_(reactor), resolver_(resolver) {}
  // Nobody is called back.
  ~Migrator() override;

  void Migrate(Request request, std::function<void(const Outcome&)> done) override;
  size_t bytes_under_way() const override { return bytes_under_way_; }
  // New connections come from this address; empty: the system chooses.
  void set_source_ip(const std::string& ip);
  // Open, be it in use or not.
  size_t connections() const;

 private:
  class Target;
  void Remove(const Target& target);
  void DropIdle();

  net::Reactor& reactor_;
  net::Resolver& resolver_;
  std::list<std::shared_ptr<Target>> targets_;  // the one used last is the last
  std::string source_ip_;
  size_t bytes_under_way_ = 0;
  net::TimerId idle_timer_ = 0;  // while there are targets
};

}  // namespace rha::node::app
