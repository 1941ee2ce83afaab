// Every session by id, and the orders to all of them (CLIENT LIST, CLIENT KILL, PAUSE).
//
// Thread rule: the engine's thread.
#pragma once

#include <cstdint>
#include <map>

#include "node/dispatch/session.h"

namespace rha::node::dispatch {

class SessionRegistry {
 public:
  // Gives the session its id.
  void Add(Session& session);
  void Remove(Session& session);
  Session* Find(uint64_t id) const;
  // In order of ids, so of age. Sessions may ask to be closed meanwhile, but none is destroyed.
  const std::map<uint64_t, Session*>& all() const { return sessions_; }
  size_t size() const { return sessions_.size(); }

 private:
  std::map<uint64_t, Session*> sessions_;
  uint64_t last_id_ = 0;
};

}  // namespace rha::node::dispatch
