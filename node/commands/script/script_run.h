// One script that runs: what it may call, and when it has run too long.
// Thread rule: the engine's thread.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "common/base/clock.h"
#include "node/dispatch/engine.h"
#include "node/scripting/host.h"

namespace rha::node::commands {

// So often watchers are answered while a script runs: several times in the shortest down-after
// that makes sense.
constexpr Millis kWatchersToldPeriod{50};

class ScriptRun final : public scripting::Host {
 public:
  struct Rules {
    std::string_view name;  // its digest, or that of a library's function
    resp::Args command;     // by which it was called
    bool of_library = false;
    bool read_only = false;         // nothing that writes may be called
    bool allow_oom = false;         // what needs memory may be called though there is none
    bool killable = true;           // no primary has sent it
    std::function<void()> on_read;  // a command that reads was called; may be empty
  };
  // `session` is the script's own, in the caller's database.
  ScriptRun(dispatch::Engine& engine, dispatch::Session& session, const Rules& rules);
  ~ScriptRun() override;

  bool has_written() const { return has_written_; }
  bool killable() const { return rules_.killable; }
  const Rules& rules() const { return rules_; }
  // What others are told meanwhile.
  std::string_view busy() const;
  int64_t elapsed_ms() const;
  void Kill() { killed_ = true; }

  // ---- scripting::Host
  std::string Call(resp::Args request, resp::OutputChain* reply) override;
  int protocol() const override { return session_.protocol; }
  void SetProtocol(int protocol) override { session_.protocol = protocol; }
  void SetAudience(int audience) override;
  Permission MayCall(resp::Args request) override;
  bool Interrupted() override;

 private:
  std::string Refusal(const dispatch::CommandSpec* spec, resp::Args request);
  std::string NotNow(const dispatch::CommandSpec& spec, resp::Args request);
  void TellWatchers(int64_t elapsed_ms);

  dispatch::Engine& engine_;
  dispatch::Session& session_;
  const Rules rules_;
  const MonoTime began_;
  const bool out_of_memory_;  // when it began
  bool has_written_ = false;
  bool killed_ = false;
  int64_t tell_watchers_at_ms_ = kWatchersToldPeriod.count();
};

}  // namespace rha::node::commands
