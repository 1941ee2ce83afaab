// A live copy of one collection: a thread that drives ListWatch against the server and keeps a
// Store, telling a handler of each change.
//
//   Informer pods(api, {.type = &kPods, .label_selector = "app=x"}, on_change);
//   pods.Start();  …  pods.WaitSynced(…);  pods.Get({"default", "demo-0"});
//
// Any thread may read. The handler runs on the informer's own thread, after the store has the
// change and without its lock; it must not block. The Api must outlive the informer.
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

#include "common/k8s/api.h"
#include "common/k8s/list_watch.h"
#include "common/k8s/store.h"

namespace rha::k8s {

struct InformerOptions {
  const ResourceType* type = nullptr;
  std::string ns;  // empty: all
  std::string label_selector;
  std::string field_selector;
  std::vector<std::string> indexed_labels;
  // Applied before an object is stored, to keep only what is used. Must keep metadata's name,
  // namespace and resourceVersion.
  std::function<Json(const Json&)> transform = nullptr;
};

class Informer {
 public:
  // before is null for a new object, after for a deleted one.
  using Handler = std::function<void(const ObjectPtr& before, const ObjectPtr& after)>;

  Informer(Api& api, InformerOptions options, Handler handler);
  ~Informer() { Stop(); }
  Informer(const Informer&) = delete;
  Informer& operator=(const Informer&) = delete;

  void Start();
  void RequestStop() { thread_.request_stop(); }
  void Stop();  // and waits for the thread

  bool synced() const;
  // False when it took longer than `timeout` or `stop` was requested.
  bool WaitSynced(std::stop_token stop, Millis timeout);
  // The latest failure to list or watch, empty while all is well.
  std::string last_error() const;

  ObjectPtr Get(const ObjectKey& key) const;
  std::vector<ObjectPtr> All() const;
  std::vector<ObjectPtr> ByLabel(const std::string& ns, const std::string& label,
                                 const std::string& value) const;
  std::vector<ObjectPtr> ByOwner(const std::string& uid) const;
  size_t size() const;
  const InformerOptions& options() const { return options_; }

 private:
  struct Delta {
    ObjectPtr before;
    ObjectPtr after;
  };

  void Run(std::stop_token stop);
  ListWatch::Event DoList(const ListWatch::List& command);
  ListWatch::Event DoWatch(ListWatch& machine, const ListWatch::Watch& command,
                           std::stop_token stop);
  ListWatch::Event DoWait(const ListWatch::Wait& command, std::stop_token stop);
  void TakeOver(const ListWatch& machine, const ListWatch::Change& change);
  ObjectPtr Transformed(const ObjectPtr& object) const;
  std::vector<Delta> UpdateStore(const ListWatch::Change& change);
  void SetError(std::string text);

  Api& api_;
  const InformerOptions options_;
  const Handler handler_;

  mutable std::mutex mutex_;  // guards what follows
  std::condition_variable_any changed_;
  Store store_;
  bool synced_ = false;
  std::string last_error_;

  std::jthread thread_;
};

}  // namespace rha::k8s
