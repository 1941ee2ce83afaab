// Any bytes as an RDB file: never a crash, never more memory than the input explains; and what
// loads must come out of a save and a second load unchanged.
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "common/base/check.h"
#include "node/keyspace/db.h"
#include "node/persist/rdb_check.h"
#include "node/persist/rdb_file.h"

namespace {

using rha::node::keyspace::Keyspace;
using rha::node::persist::LoadOptions;
using rha::node::persist::MemorySource;
using rha::node::persist::RdbCheck;
using rha::node::persist::RdbLoader;
using rha::node::persist::StringSink;
using rha::node::persist::WriteRdb;

constexpr int kDatabases = 16;

bool Load(std::string_view file, Keyspace& keyspace) {
  RdbLoader loader(std::make_unique<MemorySource>(file), &keyspace,
                   LoadOptions{.verify_checksum = false, .drop_expired = false}, kDatabases);
  return loader.Finish().ok();
}

std::string Save(const Keyspace& keyspace) {
  StringSink sink;
  RHA_CHECK(WriteRdb(sink, keyspace, {}).ok());
  return sink.text();
}

void LoadSaveLoad(std::string_view file) {
  Keyspace first(kDatabases), second(kDatabases);
  if (!Load(file, first)) return;
  RHA_CHECK(Load(Save(first), second));
  for (int i = 0; i < kDatabases; ++i) RHA_CHECK(first.db(i).size() == second.db(i).size());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  RdbCheck check;
  check.Feed(bytes.substr(0, size / 2));
  check.Feed(bytes.substr(size / 2));
  (void)check.Finish().ok();

  LoadSaveLoad(bytes);
  // Chance seldom writes a header, so the input is also taken for what follows one.
  LoadSaveLoad("REDIS0010" + std::string(bytes) + '\xFF' + std::string(8, '\0'));
  return 0;
}
