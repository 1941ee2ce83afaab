// Any bytes to the libraries that scripts give bytes to: cjson.decode, cmsgpack.unpack,
// struct.unpack, and to the compiler. Never a crash, and what was read can be written again.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "common/base/check.h"
#include "node/scripting/interpreter.h"

namespace {

using rha::node::scripting::Host;
using rha::node::scripting::Interpreter;

class NoHost final : public Host {
 public:
  std::string Call(rha::resp::Args, rha::resp::OutputChain*) override { return "ERR no host"; }
  int protocol() const override { return 2; }
  void SetProtocol(int) override {}
  void SetAudience(int) override {}
  Permission MayCall(rha::resp::Args) override { return Permission::kDenied; }
  bool Interrupted() override { return ++looks_ > 10; }
  void Restart() { looks_ = 0; }

 private:
  int looks_ = 0;
};

constexpr std::string_view kScript = R"(
local bytes, split = ARGV[1], tonumber(ARGV[2])
local function try(read, write)
  local ok, value = pcall(read)
  if ok then pcall(write, value) end
end
try(function() return cjson.decode(bytes) end, cjson.encode)
try(function() return {cmsgpack.unpack(bytes)} end, cmsgpack.pack)
local format, data = bytes:sub(1, split), bytes:sub(split + 1)
pcall(struct.unpack, format, data)
pcall(struct.size, format)
pcall(struct.pack, format, data, 1, 2.5, data)
return 1)";

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static rha::node::scripting::LuaMemory memory;
  static Interpreter interpreter(memory);
  static NoHost host;
  static const int libraries = [] {
    int function = 0;
    std::string error;
    RHA_CHECK(interpreter.Compile(kScript, &function, &error));
    return function;
  }();
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const std::string split = std::to_string(size == 0 ? 0 : data[0] % (size + 1));
  const std::string_view args[] = {bytes, split};
  rha::resp::OutputChain out;
  rha::resp::Writer reply(&out, 2);
  host.Restart();
  interpreter.Run({.function = libraries, .name = "fuzz", .keys = {}, .args = args, .host = &host},
                  reply);
  RHA_CHECK(!out.empty());

  int function = 0;
  std::string error;
  if (interpreter.Compile(bytes, &function, &error)) interpreter.Forget(function);
  return 0;
}
