// Any bytes as an RDB file: never a crash, never more memory than the input explains; and what
// loads must come out of a save and a second load unchanged.
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/check.h"
#include "node/codec/testing/samples.h"
#include "node/keyspace/db.h"
#include "node/persist/rdb_check.h"
#include "node/persist/rdb_file.h"

namespace {

using rha::node::codec::MemorySource;
using rha::node::codec::StringSink;
using rha::node::codec::testing::FileOf;
using rha::node::codec::testing::Sample;
using rha::node::codec::testing::Samples;
using rha::node::codec::testing::StreamSamples;
using rha::node::keyspace::Keyspace;
using rha::node::persist::LoadOptions;
using rha::node::persist::RdbCheck;
using rha::node::persist::RdbLoader;
using rha::node::persist::WriteDataset;

constexpr int kDatabases = 16;

bool Load(std::string_view file, Keyspace& keyspace) {
  RdbLoader loader(std::make_unique<MemorySource>(file), &keyspace,
                   LoadOptions{.verify_checksum = false, .drop_expired = false}, kDatabases);
  return loader.Finish().ok();
}

std::string Save(const Keyspace& keyspace) {
  StringSink sink;
  RHA_CHECK(WriteDataset(sink, keyspace, {}).ok());
  return sink.text();
}

void LoadSaveLoad(std::string_view file) {
  Keyspace first(kDatabases), second(kDatabases);
  if (!Load(file, first)) return;
  RHA_CHECK(Load(Save(first), second));
  for (int i = 0; i < kDatabases; ++i) RHA_CHECK(first.db(i).size() == second.db(i).size());
}

// The input as a plan: which sample, then what to change where. So every encoding is reached
// deeply, whatever drives the target.
void DamageSample(std::string_view plan) {
  static const std::vector<Sample> kSamples = [] {
    std::vector<Sample> all = Samples();
    for (Sample& sample : StreamSamples()) all.push_back(std::move(sample));
    return all;
  }();
  const auto next = [&] {
    const auto byte = plan.empty() ? uint8_t{0} : static_cast<uint8_t>(plan[0]);
    plan.remove_prefix(plan.empty() ? 0 : 1);
    return byte;
  };
  const Sample& sample = kSamples[next() % kSamples.size()];
  std::string value = sample.value;
  const uint8_t changes = next() % 4;
  for (uint8_t i = 0; i < changes; ++i) {
    const size_t place = size_t{next()} << 8;
    const size_t at = (place | next()) % value.size();
    const uint8_t byte = next();
    switch (next() % 4) {
      case 0:
        value[at] = static_cast<char>(byte);
        break;
      case 1:
        value[at] = static_cast<char>(value[at] + 1 - byte % 3);
        break;
      case 2:
        value.insert(at, 1 + byte % 8, static_cast<char>(next()));
        break;
      default:
        value.erase(at, 1 + byte % 8);
        if (value.empty()) value = "x";
    }
  }
  LoadSaveLoad(FileOf(sample.type, value));
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
  if (size >= 2) DamageSample(bytes);
  return 0;
}
