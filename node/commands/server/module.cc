// MODULE: none is loaded, and none can be.
#include "node/commands/families.h"
#include "node/commands/help.h"
#include "node/commands/parse.h"
#include "node/dispatch/engine_options.h"

namespace rha::node::commands {
namespace {

void List(Context& ctx) { ctx.reply.Array(0); }

// Whoever may say it: no setting would help, as Redis' refusal of MODULE would have it.
void Load(Context& ctx) {
  ctx.reply.Error("ERR Error loading the extension: " + std::string(dispatch::kNoModules));
}

void Unload(Context& ctx) {
  if (dispatch::Admits(ctx.options().modules, ctx.session)) {
    return ctx.reply.Error("ERR Error unloading module: no such module with that name");
  }
  ctx.reply.Error(
      "ERR MODULE command not allowed. If the enable-module-command option is set to \"local\", "
      "you can run it from a local connection, otherwise you need to set this option in the "
      "configuration file, and then restart the server.");
}

void Help(Context& ctx) {
  WriteHelp(ctx, {"LIST", "    Return a list of loaded modules.", "LOAD <path> [<arg> ...]",
                  "    Load a module library from <path>, passing to it any optional arguments.",
                  "LOADEX <path> [[CONFIG NAME VALUE] [CONFIG NAME VALUE]] [ARGS ...]",
                  "    Load a module library from <path>, while passing it module configurations "
                  "and optional arguments.",
                  "UNLOAD <name>", "    Unload a module."});
}

constexpr uint32_t kSees = kAdmin | kNoscript;
constexpr uint32_t kChanges = kSees | kNoAsyncLoading;

constexpr CommandSpec kRows[] = {
    {"module", nullptr, -2, kContainer},    {"module|list", List, 2, kSees},
    {"module|load", Load, -3, kChanges},    {"module|loadex", Load, -3, kChanges},
    {"module|unload", Unload, 3, kChanges}, {"module|help", Help, 2, kLoading | kStale},
};
static_assert(RowsAreSound(kRows));

}  // namespace

CommandRows ModuleRows() { return kRows; }

}  // namespace rha::node::commands
