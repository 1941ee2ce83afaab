#include "common/net/resolver.h"

#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

#include "common/net/reactor.h"
#include "common/net/socket.h"

namespace rha::net {

// Shared with the worker, which may outlive the Resolver while getaddrinfo hangs.
struct Resolver::State {
  struct Known {
    Addresses addresses;  // the last good answer, perhaps old
    std::optional<Status> failure;
    MonoTime expires;
    bool asked = false;  // a query is under way
    std::vector<Callback> waiting;
    TimerId patience = 0;  // until those who wait get the older answer
  };

  State(Reactor& loop, ResolverOptions limits, Lookup how)
      : options(limits), lookup(std::move(how)), reactor(&loop) {}

  const ResolverOptions options;
  const Lookup lookup;

  // Loop thread only.
  std::map<std::string, Known> known;
  bool ended = false;

  std::mutex mutex;
  std::condition_variable work;
  Reactor* reactor;               // guarded by mutex; null once the Resolver is gone
  std::deque<std::string> queue;  // guarded by mutex

  static void Work(const std::shared_ptr<State>& self);
  void OnAnswer(const std::string& host, Result<Addresses> answer);
  void Tell(Known& entry, const Result<Addresses>& answer);
};

void Resolver::State::Work(const std::shared_ptr<State>& self) {
  std::unique_lock lock(self->mutex);
  while (true) {
    self->work.wait(lock, [&] { return !self->reactor || !self->queue.empty(); });
    if (!self->reactor) return;
    const std::string host = std::move(self->queue.front());
    self->queue.pop_front();
    lock.unlock();
    Result<Addresses> answer = self->lookup(host);
    if (answer.ok() && answer->empty()) {
      answer = Status(Code::kNotFound, "resolve " + host + ": no address");
    }
    lock.lock();
    if (!self->reactor) return;
    self->reactor->Post([self, host, answer = std::move(answer)]() mutable {
      self->OnAnswer(host, std::move(answer));
    });
  }
}

void Resolver::State::OnAnswer(const std::string& host, Result<Addresses> answer) {
  if (ended) return;
  Known& entry = known[host];
  entry.asked = false;
  const bool good = answer.ok();
  {
    const std::lock_guard lock(mutex);
    entry.expires = reactor->Now() + (good ? options.ttl : options.failure_ttl);
  }
  if (good) {
    entry.addresses = std::move(*answer);
    entry.failure.reset();
  } else {
    entry.failure = answer.status();
  }
  const Result<Addresses> given = !entry.addresses.empty() ? Result<Addresses>(entry.addresses)
                                                           : Result<Addresses>(*entry.failure);
  Tell(entry, given);
}

void Resolver::State::Tell(Known& entry, const Result<Addresses>& answer) {
  reactor->Cancel(std::exchange(entry.patience, 0));
  std::vector<Callback> waiting;
  waiting.swap(entry.waiting);
  for (const Callback& callback : waiting) {
    callback(answer);
    if (ended) return;  // the callback destroyed the resolver
  }
}

Resolver::Resolver(Reactor& reactor, ResolverOptions options, Lookup lookup)
    : state_(std::make_shared<State>(reactor, options, lookup ? std::move(lookup) : ResolveHost)) {
  std::thread([state = state_] { State::Work(state); }).detach();
}

Resolver::~Resolver() {
  state_->ended = true;
  {
    const std::lock_guard lock(state_->mutex);
    state_->reactor = nullptr;
  }
  state_->work.notify_all();
}

void Resolver::Resolve(const std::string& host, Callback callback) {
  State& state = *state_;
  const auto answer_later = [this](Callback to, Result<Addresses> answer) {
    state_->reactor->Post([state = state_, to = std::move(to), answer = std::move(answer)] {
      if (!state->ended) to(answer);
    });
  };
  if (IsNumericIp(host)) {
    answer_later(std::move(callback), Addresses{host});
    return;
  }
  State::Known& entry = state.known[host];
  const bool asked_before = !entry.addresses.empty() || entry.failure;
  if (asked_before && !entry.asked && state.reactor->Now() < entry.expires) {
    if (entry.addresses.empty()) {
      answer_later(std::move(callback), *entry.failure);
    } else {
      answer_later(std::move(callback), entry.addresses);
    }
    return;
  }
  if (!entry.asked) {
    const std::lock_guard lock(state.mutex);
    if (state.queue.size() >= state.options.queue_max) {
      answer_later(std::move(callback),
                   Status(Code::kExhausted, "resolve " + host + ": too many names waiting"));
      return;
    }
    state.queue.push_back(host);
    state.work.notify_one();
    entry.asked = true;
  }
  entry.waiting.push_back(std::move(callback));
  if (entry.addresses.empty() || entry.patience != 0) return;
  entry.patience = state.reactor->After(state.options.patience, [state = state_, host] {
    if (state->ended) return;
    State::Known& late = state->known[host];
    late.patience = 0;
    const Addresses older = late.addresses;
    state->Tell(late, older);
  });
}

}  // namespace rha::net
