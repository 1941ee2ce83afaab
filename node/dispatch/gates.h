// What may stop a command before it runs: a list of questions in a fixed order, each of which
// answers with the error to send or nothing. The order is Redis' own, since clients see which error
// comes first. Thread rule: the engine's thread.
#pragma once

#include <string>
#include <string_view>

#include "node/dispatch/command.h"
#include "node/dispatch/session.h"

namespace rha::node::dispatch {

class Engine;

inline constexpr std::string_view kLoadingError = "LOADING Redis is loading the dataset in memory";

struct GateQuestion {
  Engine& engine;
  const Session& session;
  const CommandSpec& spec;
  Args args;
  uint32_t flags;  // of the command, or of all queued ones for EXEC
};

// The first refusal, without '-'; empty: go on. The view lives until the next call.
std::string_view PassGates(const GateQuestion& question, std::string* scratch);

// Single questions, for scripts and EXEC, which ask them again for what they call. Whether data may
// be shown while the link to the primary is down; whether clients may write to what has this role;
// whether this node may write.
std::string_view FreshEnough(const GateQuestion& question, std::string* scratch);
std::string_view WritableHere(const GateQuestion& question, std::string* scratch);
std::string_view MayWriteNow(const GateQuestion& question, std::string* scratch);

// The ordinary case, in which no gate can refuse anything: a client, authenticated and
// unrestricted, outside of MULTI and subscriptions, of a healthy primary without limits.
bool NothingSpecial(const GateQuestion& question);

}  // namespace rha::node::dispatch
