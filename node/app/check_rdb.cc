#include "node/app/check_rdb.h"

#include <fmt/format.h>

#include <cstdio>
#include <utility>

#include "node/app/check_aof.h"
#include "node/persist/file_io.h"
#include "node/persist/limits.h"
#include "node/persist/rdb_file.h"

namespace rha::node::app {
namespace {

constexpr const char* kUsage =
    "Usage: redisha-node --check-rdb FILE.rdb\n\n"
    "Reads an RDB file as a start would, without a server, and says whether it is whole. Changes\n"
    "nothing. Whether libraries of functions in it can be loaded only a start tells.\n\n"
    "Exit codes: 0 it is whole, 1 it is not or cannot be read, 2 usage.\n\n"
    "Example: redisha-node --check-rdb /data/dump.rdb\n";

// The message says at which byte.
Status WithAdvice(const Status& fault) {
  const bool damaged = fault.code() == Code::kCorrupt;
  return {
      fault.code(),
      fault.message() +
          (damaged ? ". No start takes it, and nothing mends it: take an older copy, or let the "
                     "server take a full copy of another one"
                   : ". No start takes it; it may be sound for another server")};
}

Status Check(const std::string& path) {
  RHA_ASSIGN_OR_RETURN(auto source, persist::FileSource::Open(path));
  persist::RdbLoader loader(std::move(source), nullptr, {.drop_expired = false},
                            static_cast<int>(persist::kDatabaseIndexMax));
  if (const Status read = loader.Finish(); !read.ok()) {
    return WithAdvice(read);
  }
  if (loader.empty_keys_skipped() > 0) {
    return Status(Code::kCorrupt,
                  fmt::format("{}: {} of its keys have no elements, which no server should have "
                              "written: a start leaves them out, and takes the other {} keys",
                              path, loader.empty_keys_skipped(), loader.keys_loaded()));
  }
  const persist::RdbInfo& info = loader.info();
  fmt::print("RDB file {} is whole: {} keys, {} bytes\n", path, loader.keys_loaded(),
             loader.bytes_total());
  if (!info.server_version.empty()) {
    fmt::print("Written by a server of version {} at {}\n", info.server_version,
               Moment(info.created_at_s));
  }
  if (!info.repl_id.empty()) {
    fmt::print("Replication history {}, offset {}\n", info.repl_id, info.repl_offset);
  }
  if (!info.cluster_uid.empty()) {
    fmt::print("RedisHA {}, epoch {}\n", info.cluster_uid, info.data_epoch);
  }
  return {};
}

}  // namespace

int CheckRdb(const std::vector<std::string>& args) {
  const bool help = !args.empty() && (args[0] == "--help" || args[0] == "-h");
  if (help || args.size() != 1 || args[0].starts_with("-")) {
    std::fputs(kUsage, help ? stdout : stderr);
    return help ? 0 : 2;
  }
  const Status checked = Check(args[0]);
  if (checked.ok()) return 0;
  fmt::print(stderr, "redisha-node --check-rdb: {}\n", checked.message());
  return 1;
}

}  // namespace rha::node::app
