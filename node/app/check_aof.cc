#include "node/app/check_aof.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <charconv>
#include <cstdio>
#include <filesystem>
#include <optional>

#include "node/commands/all.h"
#include "node/dispatch/table.h"
#include "node/persist/aof_folder.h"
#include "node/persist/aof_loader.h"
#include "node/persist/limits.h"

namespace rha::node::app {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kManifest = ".manifest";
constexpr const char* kUsage =
    "Usage: redisha-node --check-aof [--fix | --truncate-to-timestamp SECONDS] FILE.manifest\n\n"
    "Reads an append-only file as a start would, without a server, and says whether it is whole\n"
    "and names nothing but commands of this server. Whether these succeed only a start tells.\n"
    "The server must not be running for what changes it; make a copy of the folder first.\n\n"
    "  --fix                            cut off a last command that is not whole\n"
    "  --truncate-to-timestamp SECONDS  cut off all that was written after that second (Unix "
    "time);\n"
    "                                   needs a file that was written with aof-timestamp-enabled "
    "yes\n\n"
    "Exit codes: 0 it is whole (now), 1 it is not or cannot be read, 2 usage.\n\n"
    "Example: redisha-node --check-aof --truncate-to-timestamp $(date -d '10 minutes ago' +%s) \\\n"
    "           /data/appendonlydir/appendonly.aof.manifest\n";

struct Request {
  bool fix = false;
  std::optional<int64_t> until_s;
  persist::AofPlace place;
};

Result<Request> Read(const std::vector<std::string>& args) {
  Request request;
  std::string path;
  for (size_t i = 0; i < args.size(); ++i) {
    if (args[i] == "--fix") {
      request.fix = true;
    } else if (args[i] == "--truncate-to-timestamp" && i + 1 < args.size()) {
      const std::string& word = args[++i];
      int64_t until_s = 0;
      const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), until_s);
      if (error != std::errc() || end != word.data() + word.size() || until_s <= 0) {
        return Status(Code::kInvalid, "'" + word + "' is no Unix time in seconds");
      }
      request.until_s = until_s;
    } else if (args[i].starts_with("-") || !path.empty()) {
      return Status(Code::kInvalid, "unexpected argument '" + args[i] + "'");
    } else {
      path = args[i];
    }
  }
  if (request.fix && request.until_s) {
    return Status(Code::kInvalid, "--fix and --truncate-to-timestamp are two runs");
  }
  const fs::path file = fs::absolute(path);
  std::string name = file.filename();
  if (path.empty() || !name.ends_with(kManifest) || name.size() == kManifest.size()) {
    return Status(Code::kInvalid,
                  "name the manifest (DIR/appendonlydir/appendonly.aof.manifest); a single old "
                  "file becomes one when a server starts with it");
  }
  name.resize(name.size() - kManifest.size());
  request.place = {file.parent_path().parent_path(), file.parent_path().filename(), name};
  return request;
}

std::string WhyNoCommand(const dispatch::CommandTable& table, resp::Args args) {
  const dispatch::CommandSpec* const spec = table.ResolveByRow(args).spec;
  if (std::string why = WhyNotInLog(spec, args); !why.empty()) return why;
  if (!spec->ArityFits(args.size())) return fmt::format("Too few or many words, '{}',", spec->name);
  return {};
}

// Commands are not executed.
persist::AofLoader NewLoader(const persist::AofFolder& folder, const dispatch::CommandTable& table,
                             bool* in_transaction) {
  std::vector<persist::AofLoader::File> files;
  for (const persist::AofFile& file : folder.manifest().InOrder()) {
    files.push_back({folder.place().PathOf(file.name)});
  }
  const auto apply = [&table, in_transaction](resp::Args args) -> std::string {
    if (args.empty()) return {};
    if (std::string why = WhyNoCommand(table, args); !why.empty()) return why;
    using dispatch::EqualsIgnoreCase;
    if (EqualsIgnoreCase(args[0], "multi")) {
      if (*in_transaction) return "MULTI within MULTI";
      *in_transaction = true;
    } else if (EqualsIgnoreCase(args[0], "exec")) {
      if (!*in_transaction) return "EXEC without MULTI";
      *in_transaction = false;
    }
    return {};
  };
  return {std::move(files),
          {.keyspace = nullptr,
           .databases = static_cast<int>(persist::kDatabaseIndexMax),
           .take = nullptr,
           .apply = apply,
           .in_transaction = [in_transaction] { return *in_transaction; }},
          {.drop_expired = false}};
}

Status Truncate(const Request& request, const persist::AofLoader& loader,
                persist::AofFolder& folder) {
  const int64_t base_s = loader.info().created_at_s;
  const auto& stop = loader.stop();
  if (base_s > *request.until_s || (stop && stop->file == 0 && stop->offset == 0)) {
    return Status(Code::kInvalid,
                  fmt::format("nothing in it is as old as {}: it was rewritten at {}; take a copy "
                              "of the folder that is older than that",
                              Moment(*request.until_s),
                              Moment(stop && base_s == 0 ? stop->time_stamp_s : base_s)));
  }
  if (!stop && loader.time_stamp_s() == 0) {
    return Status(Code::kInvalid,
                  "it holds no times: it was written without aof-timestamp-enabled yes");
  }
  if (!stop) {
    fmt::print("Nothing in it is later than {}: nothing was changed\n", Moment(*request.until_s));
    return {};
  }
  const persist::AofFile file = folder.manifest().InOrder()[stop->file];
  RHA_ASSIGN_OR_RETURN(const auto before, folder.SizesOnDisk());
  RHA_RETURN_IF_ERROR(folder.CutAt(file, stop->offset));
  RHA_ASSIGN_OR_RETURN(const auto after, folder.SizesOnDisk());
  fmt::print(
      "Successfully truncated AOF {} to timestamp {}: {} bytes are gone, the next change was of "
      "{}\n",
      file.name, Moment(*request.until_s),
      before.base + before.increments - after.base - after.increments, Moment(stop->time_stamp_s));
  return {};
}

Status Check(const Request& request) {
  env::Disk disk;
  persist::AofFolder folder(disk, request.place);
  RHA_RETURN_IF_ERROR(folder.Find());
  if (folder.manifest().empty()) {
    return Status(Code::kNotFound, "there is no manifest in " + request.place.PathOf(""));
  }
  RHA_ASSIGN_OR_RETURN(const auto sizes, folder.SizesOnDisk());
  bool in_transaction = false;
  const dispatch::CommandTable table(commands::AllCommands());
  persist::AofLoader loader = NewLoader(folder, table, &in_transaction);
  if (request.until_s) loader.set_until(*request.until_s);
  RHA_RETURN_IF_ERROR(loader.Finish());
  if (request.until_s) return Truncate(request, loader, folder);
  const persist::AofFile last = folder.manifest().InOrder().back();
  if (const auto cut = loader.cut_at(); cut && request.fix) {
    RHA_RETURN_IF_ERROR(folder.CutLast(*cut));
    fmt::print("Successfully truncated AOF {} to its last whole command, at offset {}\n", last.name,
               *cut);
  } else if (cut) {
    return Status(Code::kCorrupt,
                  fmt::format("AOF {} ends within a command or transaction that begins at offset "
                              "{}: --fix cuts it off, as a start with aof-load-truncated yes does",
                              last.name, *cut));
  }
  fmt::print("All AOF files and manifest are valid: {} files, {} bytes\n",
             folder.manifest().InOrder().size(), sizes.base + sizes.increments);
  return {};
}

}  // namespace

std::string Moment(int64_t unix_s) {
  return fmt::format("{} ({:%Y-%m-%d %H:%M:%S} UTC)", unix_s,
                     fmt::gmtime(static_cast<time_t>(unix_s)));
}

std::string WhyNotInLog(const dispatch::CommandSpec* spec, resp::Args args) {
  if (spec == nullptr) return fmt::format("Unknown command '{}'", args[0].substr(0, 64));
  if (spec->BelongsInLogs()) return {};
  return fmt::format("A command that does not belong there, '{}',", spec->name);
}

int CheckAof(const std::vector<std::string>& args) {
  if (!args.empty() && (args[0] == "--help" || args[0] == "-h")) {
    std::fputs(kUsage, stdout);
    return 0;
  }
  const Result<Request> request = Read(args);
  if (!request.ok()) {
    fmt::print(stderr, "redisha-node --check-aof: {}\n\n{}", request.status().message(), kUsage);
    return 2;
  }
  const Status checked = Check(*request);
  if (checked.ok()) return 0;
  fmt::print(stderr, "redisha-node --check-aof: {}\n", checked.message());
  return 1;
}

}  // namespace rha::node::app
