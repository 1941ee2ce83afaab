// A controller turns events into keys and makes each key's object as it should be. Level-based: it
// reads what there is now, whatever events came. All run on the manager's one thread.
#pragma once

#include <optional>
#include <string>

#include "common/base/clock.h"
#include "local/store/store.h"

namespace rha::local::controllers {

struct Work {
  std::string name_space, name;
  auto operator<=>(const Work&) const = default;
};

class WorkSink {
 public:
  virtual ~WorkSink() = default;
  virtual void Add(const Work& work) = 0;
};

class Controller {
 public:
  virtual ~Controller() = default;
  virtual const char* Name() const = 0;
  virtual void OnEvent(const store::Event& event, WorkSink& sink) = 0;
  // Answers when to look again without an event, if ever.
  virtual std::optional<Millis> Reconcile(const Work& work) = 0;
};

}  // namespace rha::local::controllers
