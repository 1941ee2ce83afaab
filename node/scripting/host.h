// What a script may ask of the server while it runs. Thread rule: the interpreter's thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "common/resp/output_chain.h"
#include "common/resp/parser.h"

namespace rha::node::scripting {

class Host {
 public:
  virtual ~Host() = default;

  // redis.call and redis.pcall. Empty: the reply is in `reply`, as on the wire. Else why the
  // request was refused, an error with its code ("ERR ...").
  virtual std::string Call(resp::Args request, resp::OutputChain* reply) = 0;
  // The version of the protocol in which the script is answered: 2 until it asks for 3.
  virtual int protocol() const = 0;
  virtual void SetProtocol(int protocol) = 0;
  // redis.set_repl: 1 for the append-only file, 2 for replicas, or both, or neither.
  virtual void SetAudience(int audience) = 0;
  enum class Permission : uint8_t { kUnknownCommand, kDenied, kGranted };
  virtual Permission MayCall(resp::Args request) = 0;
  // Asked every kInstructionsBetweenLooks. True: the script has to end.
  virtual bool Interrupted() = 0;
};

}  // namespace rha::node::scripting
