#include "node/dispatch/blocking.h"

#include <algorithm>

#include "common/base/check.h"

namespace rha::node::dispatch {

void Blocking::Block(Session& session, BlockedState state) {
  RHA_CHECK(session.blocked == nullptr);
  session.blocked = std::make_unique<BlockedState>(state);
  sessions_.push_back(&session);
}

void Blocking::Release(Session& session) {
  Forget(session);
  session.Resume();
}

void Blocking::Forget(Session& session) {
  session.blocked.reset();
  std::erase(sessions_, &session);
}

size_t Blocking::count(BlockKind kind) const {
  return static_cast<size_t>(
      std::count_if(sessions_.begin(), sessions_.end(),
                    [&](const Session* s) { return s->blocked->kind == kind; }));
}

std::optional<int64_t> Blocking::NextDeadlineMs() const {
  std::optional<int64_t> next;
  for (const Session* session : sessions_) {
    const int64_t deadline = session->blocked->deadline_ms;
    if (deadline != 0 && (!next || deadline < *next)) next = deadline;
  }
  return next;
}

}  // namespace rha::node::dispatch
