#include "node/dispatch/slowlog.h"

#include "node/dispatch/limits.h"

namespace rha::node::dispatch {

void Slowlog::set_entries_max(size_t entries) {
  entries_max_ = entries;
  while (entries_.size() > entries_max_) entries_.pop_back();
}

void Slowlog::Add(const Session& session, Args args, int64_t unix_s, int64_t duration_us) {
  SlowlogEntry entry{next_id_++, unix_s, duration_us, {}, session.peer_address, session.name};
  const size_t shown = std::min(args.size(), kSlowlogArgsMax);
  for (size_t i = 0; i < shown; ++i) {
    if (shown != args.size() && i == shown - 1) {
      entry.args.push_back("... (" + std::to_string(args.size() - shown + 1) + " more arguments)");
    } else if (args[i].size() > kSlowlogArgBytesMax) {
      entry.args.push_back(std::string(args[i].substr(0, kSlowlogArgBytesMax)) + "... (" +
                           std::to_string(args[i].size() - kSlowlogArgBytesMax) + " more bytes)");
    } else {
      entry.args.emplace_back(args[i]);
    }
  }
  entries_.push_front(std::move(entry));
  while (entries_.size() > entries_max_) entries_.pop_back();
}

}  // namespace rha::node::dispatch
