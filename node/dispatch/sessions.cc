#include "node/dispatch/sessions.h"

namespace rha::node::dispatch {

void SessionRegistry::Add(Session& session) {
  session.id = ++last_id_;
  sessions_.emplace(session.id, &session);
}

void SessionRegistry::Remove(Session& session) { sessions_.erase(session.id); }

Session* SessionRegistry::Find(uint64_t id) const {
  const auto found = sessions_.find(id);
  return found == sessions_.end() ? nullptr : found->second;
}

}  // namespace rha::node::dispatch
