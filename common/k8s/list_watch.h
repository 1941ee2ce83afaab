// Following a collection, as a state machine without I/O: list all pages, watch from the list's
// resource version, resume after breaks, list again when the version is no longer kept.
//
//                 last page                      end, error
//    ┌─▶ Listing ───────────▶ Watching ◀───────────────────────┐
//    │      │ error               │  └──▶ Waiting ── waited ───┘
//    │      ▼                     │ 410 Gone, or an ERROR event
//    └── Waiting ◀────────────────┘
//
// The shell (informer.h) asks Next() what to do, does it, and feeds what happened to Step(), which
// returns what the store must take over. One owner. The random generator only spreads retries.
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "common/base/clock.h"
#include "common/base/prng.h"
#include "common/k8s/api.h"

namespace rha::k8s {

// One line of a watch.
struct WatchEvent {
  enum class Type { kUpsert, kRemove, kBookmark, kError };
  Type type = Type::kUpsert;
  ObjectPtr object;  // for kError: the Status object
};
// Managed fields are dropped: no cache needs them, and they are half the bytes of an object.
Result<WatchEvent> ParseWatchLine(std::string_view line);

class ListWatch {
 public:
  // Commands.
  struct List {
    std::string continue_token;
  };
  struct Watch {
    std::string resource_version;
  };
  struct Wait {
    Millis delay;
  };
  using Command = std::variant<List, Watch, Wait>;

  // Events.
  struct PageListed {
    ObjectList page;
  };
  struct ListFailed {
    bool expired = false;  // a continue token grew too old
    int retry_after_s = 0;
  };
  struct WatchFailed {  // could not start, or broke off
    bool expired = false;
    int retry_after_s = 0;
  };
  struct WatchEnded {};  // the server closed it in good order
  struct Waited {};
  using Event = std::variant<PageListed, ListFailed, WatchEvent, WatchFailed, WatchEnded, Waited>;

  // What the store must do.
  struct Replace {
    std::vector<ObjectPtr> objects;
  };
  struct Upsert {
    ObjectPtr object;
  };
  struct Remove {
    ObjectPtr object;
  };
  using Change = std::variant<std::monostate, Replace, Upsert, Remove>;

  explicit ListWatch(uint64_t seed) : prng_(seed) {}

  Command Next() const;
  Change Step(Event event);
  // True once a whole list has been handed out.
  bool synced() const { return synced_; }
  int failures() const { return failures_; }

 private:
  struct Listing {
    std::vector<ObjectPtr> objects;
    std::string continue_token;
  };
  struct Watching {
    std::string resource_version;
  };
  struct Waiting {
    Millis delay;
    std::string resource_version;  // empty: list again
  };
  using State = std::variant<Listing, Watching, Waiting>;

  Change On(PageListed& event);
  Change On(const ListFailed& event);
  Change On(const WatchEvent& event);
  Change On(const WatchFailed& event);
  Change On(const WatchEnded& event);
  Change On(const Waited& event);
  Millis NextDelay(int retry_after_s);
  std::string WatchedVersion() const;

  State state_ = Listing{};
  Prng prng_;
  int failures_ = 0;
  bool synced_ = false;
};

}  // namespace rha::k8s
