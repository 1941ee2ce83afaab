#include "node/app/migrator.h"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <limits>
#include <optional>
#include <utility>

#include "common/net/socket.h"
#include "node/app/limits.h"

namespace rha::node::app {

using dispatch::MigrationService;
using net::LinkEnd;

namespace {

struct Run {
  MigrationService::Request request;
  std::function<void(const MigrationService::Outcome&)> done;
  MigrationService::Outcome outcome;
  size_t answered = 0;  // values
  size_t bytes = 0;     // of them
  std::string refused;  // AUTH or SELECT
  int asked = 0;        // of the two, and not answered yet
  bool sent = false;
  bool may_repeat = false;         // the connection may have been gone before
  size_t unsent_bytes = SIZE_MAX;  // when the timer was set
};

}  // namespace

// One connection and the migration that is under way on it.
class Migrator::Target : public std::enable_shared_from_this<Target> {
 public:
  using Done = std::function<void(const Outcome&)>;

  Target(Migrator& owner, std::string name) : owner_(owner), name_(std::move(name)) {}
  ~Target() {
    owner_.reactor_.Cancel(timer_);
    owner_.reactor_.Cancel(hold_timer_);
  }

  static std::string NameOf(const Request& request) { return request.host + ":" + request.port; }
  bool Serves(const Request& request) const {
    return idle() && open() && usable_ && name_ == NameOf(request) && auth_ == request.auth;
  }
  bool idle() const { return !run_; }
  bool open() const { return link_ != nullptr && link_->open(); }
  MonoTime idle_since() const { return idle_since_; }

  void Start(Request request, Done done) {
    run_.emplace();
    run_->request = std::move(request);
    run_->done = std::move(done);
    auth_ = run_->request.auth;
    run_->outcome.accepted.resize(run_->request.values.size());
    run_->bytes = run_->request.bytes();
    owner_.bytes_under_way_ += run_->bytes;
    run_->may_repeat = open();
    Arm();
    open() ? Prepare() : Connect();
  }

 private:
  void Connect() {
    uint16_t port = 0;
    const std::string& digits = run_->request.port;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
    const bool sound = error == std::errc() && end == digits.data() + digits.size();
    owner_.resolver_.Resolve(
        sound ? run_->request.host : "",
        [self = weak_from_this(), port](const Result<net::Resolver::Addresses>& addresses) {
          const auto target = self.lock();
          if (target == nullptr || !target->run_) return;
          if (!addresses.ok()) return target->Fail("connecting to the client");
          target->Dial({net::Reachable(*addresses, target->owner_.source_ip_), port});
        });
  }

  void Dial(net::Endpoint to) {
    link_ = std::make_unique<net::Link>(
        owner_.reactor_,
        net::LinkOptions{.to = std::move(to),
                         .source_ip = owner_.source_ip_,
                         .connect_timeout = run_->request.timeout,
                         .pending_max = std::numeric_limits<size_t>::max()},
        net::LinkHandlers{.on_open = [this] { Prepare(); },
                          .on_close = [this](LinkEnd, const std::string&) { OnEnd(); }});
    link_->Open();
  }

  void Prepare() {
    run_->sent = true;
    run_->asked = 0;
    // Also where it was accepted before: the password may be another by now.
    if (!auth_.empty()) Ask({auth_.begin(), auth_.end()});
    if (selected_ != run_->request.db) Ask({"SELECT", std::to_string(run_->request.db)});
    if (run_->asked == 0) Send();
    Arm();
  }

  void Ask(const std::vector<std::string>& words) {
    ++run_->asked;
    const std::vector<std::string_view> views(words.begin(), words.end());
    link_->Send(views, [this](const resp::Value* reply) {
      if (reply == nullptr || !run_) return;
      if (reply->is_error() && run_->refused.empty()) run_->refused = reply->text;
      if (--run_->asked == 0) run_->refused.empty() ? Send() : Refuse();
    });
  }

  void Refuse() {
    usable_ = false;
    run_->outcome.error = "ERR Target instance replied with error: " + run_->refused;
    Finish();
  }

  void Send() {
    const Request& request = run_->request;
    selected_ = request.db;
    if (request.may_leave && !request.may_leave()) {
      hold_timer_ = owner_.reactor_.After(kMigrationHeldLook, [this] { Send(); });
      return;
    }
    hold_timer_ = 0;
    for (const Value& value : request.values) {
      const std::string ttl = std::to_string(value.ttl_ms);
      std::vector<std::string_view> words = {"RESTORE", value.key, ttl, value.payload};
      if (request.replace) words.emplace_back("REPLACE");
      link_->Send(words, [this](const resp::Value* reply) {
        if (reply != nullptr && run_) OnAnswer(*reply);
      });
    }
    if (!run_->may_repeat) DropPayloads();
    Arm();
  }

  void DropPayloads() {
    for (Value& value : run_->request.values) value.payload = {};
  }

  void OnAnswer(const resp::Value& reply) {
    Run& run = *run_;
    run.outcome.accepted[run.answered] = !reply.is_error() && reply.text == "OK";
    if (!run.outcome.accepted[run.answered] && run.outcome.error.empty()) {
      run.outcome.error = "ERR Target instance replied with error: " + reply.text;
    }
    if (run.answered++ == 0) DropPayloads();
    if (run.answered < run.outcome.accepted.size()) return Arm();
    Finish();
  }

  void OnEnd() {
    selected_ = -1;
    owner_.reactor_.Cancel(std::exchange(hold_timer_, 0));
    if (!run_) return owner_.Remove(*this);
    const bool repeat = run_->may_repeat && run_->answered == 0;
    run_->may_repeat = false;
    if (repeat) {
      run_->sent = false;
      run_->refused.clear();
      return link_->Open();
    }
    if (!run_->sent) return Fail("connecting to the client");
    const bool writing = run_->unsent_bytes > 0 && run_->unsent_bytes != SIZE_MAX;
    Fail(writing ? "writing to target instance" : "reading to target instance");
  }

  void Arm() {
    owner_.reactor_.Cancel(timer_);
    run_->unsent_bytes = link_ == nullptr ? SIZE_MAX : link_->unsent_bytes();
    timer_ = owner_.reactor_.After(run_->request.timeout, [this] { OnTimer(); });
  }

  void OnTimer() {
    if (link_ != nullptr && link_->unsent_bytes() < run_->unsent_bytes) return Arm();
    run_->may_repeat = false;
    if (link_ == nullptr || link_->closed()) return Fail("connecting to the client");
    link_->Close();  // OnEnd() says the rest
  }

  void Fail(const std::string& where) {
    if (run_->outcome.error.empty()) run_->outcome.error = "IOERR error or timeout " + where;
    const auto self = shared_from_this();
    owner_.Remove(*this);
    Finish();
  }

  void Finish() {
    owner_.reactor_.Cancel(timer_);
    owner_.reactor_.Cancel(std::exchange(hold_timer_, 0));
    idle_since_ = owner_.reactor_.Now();
    const Run run = std::move(*run_);
    run_.reset();
    owner_.bytes_under_way_ -= run.bytes;
    run.done(run.outcome);
  }

  Migrator& owner_;
  const std::string name_;
  std::unique_ptr<net::Link> link_;  // null: its address is not known yet
  std::vector<std::string> auth_;    // AUTH and its words; empty: none
  int64_t selected_ = -1;            // the database there; -1: not known
  bool usable_ = true;               // neither was refused
  std::optional<Run> run_;
  net::TimerId timer_ = 0;
  net::TimerId hold_timer_ = 0;  // while values may not leave yet
  MonoTime idle_since_{};
};

Migrator::~Migrator() { reactor_.Cancel(idle_timer_); }

void Migrator::Migrate(Request request, std::function<void(const Outcome&)> done) {
  auto found = std::find_if(targets_.begin(), targets_.end(),
                            [&](const auto& target) { return target->Serves(request); });
  if (found == targets_.end()) {
    const auto oldest = std::find_if(targets_.begin(), targets_.end(),
                                     [](const auto& target) { return target->idle(); });
    if (targets_.size() >= kMigrationLinksMax && oldest != targets_.end()) targets_.erase(oldest);
    targets_.push_back(std::make_shared<Target>(*this, Target::NameOf(request)));
  } else {
    targets_.splice(targets_.end(), targets_, found);
  }
  if (idle_timer_ == 0) idle_timer_ = reactor_.Every(kMigrationIdleLook, [this] { DropIdle(); });
  const std::shared_ptr<Target> target = targets_.back();
  target->Start(std::move(request), std::move(done));
}

size_t Migrator::connections() const {
  return static_cast<size_t>(std::count_if(targets_.begin(), targets_.end(),
                                           [](const auto& target) { return target->open(); }));
}

// None that is kept comes from the old one.
void Migrator::set_source_ip(const std::string& ip) {
  if (source_ip_ == ip) return;
  source_ip_ = ip;
  targets_.remove_if([](const auto& target) { return target->idle(); });
}

void Migrator::Remove(const Target& target) {
  targets_.remove_if([&](const auto& one) { return one.get() == &target; });
}

void Migrator::DropIdle() {
  targets_.remove_if([this](const auto& target) {
    return target->idle() && reactor_.Now() - target->idle_since() > kMigrationLinkKept;
  });
  if (!targets_.empty()) return;
  reactor_.Cancel(idle_timer_);
  idle_timer_ = 0;
}

}  // namespace rha::node::app
