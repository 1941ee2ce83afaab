// Any bytes as RESTORE's payload: never a crash, never more memory than the input explains; and
// what is restored must come out of DUMP and a second RESTORE unchanged.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/check.h"
#include "node/codec/limits.h"
#include "node/codec/payload.h"
#include "node/codec/rdb_format.h"
#include "node/codec/testing/samples.h"
#include "node/keyspace/db.h"

namespace {

namespace codec = rha::node::codec;
using rha::node::keyspace::Keyspace;
using rha::node::keyspace::kNoExpiry;
namespace events = rha::node::keyspace::events;

// As RESTORE does. False: refused.
bool Restore(Keyspace& keyspace, std::string_view content) {
  codec::RdbInput input(content, codec::kStringBytesMax);
  const auto type = input.Byte("a type");
  if (!type.ok()) return false;
  if (*type == codec::kTypeString) {
    std::string scratch;
    const auto text = input.PassingString("string", scratch);
    if (text.ok()) keyspace.db(0).PutNew("k", *text, kNoExpiry, events::kRestore);
    return text.ok();
  }
  codec::ValueReader reader(input);
  auto value = codec::BuildValue(*type, reader, {keyspace.form_limits(), keyspace.secret()});
  if (!value.ok()) return false;
  keyspace.db(0).PutNew("k", std::move(value).value(), kNoExpiry, events::kRestore);
  return true;
}

std::string Dump(Keyspace& keyspace) {
  return std::string(codec::PayloadOf(keyspace.db(0).Peek("k").entry(), true).buffered());
}

void RestoreDumpRestore(std::string_view content) {
  Keyspace first(1), second(1);
  if (!Restore(first, content)) return;
  const std::string payload = Dump(first);
  const auto opened = codec::OpenPayload(payload);
  RHA_CHECK(opened.has_value());
  const bool field_ends = static_cast<uint8_t>(opened->content[0]) == codec::kTypeHashTimed;
  RHA_CHECK(opened->version == (field_ends ? codec::kRdbVersionFieldEnds : codec::kRdbVersion));
  RHA_CHECK(Restore(second, opened->content));
  RHA_CHECK(second.db(0).Peek("k").type() == first.db(0).Peek("k").type());
  // Members of a table come in the order of its hashes, which the two share.
  RHA_CHECK(Dump(second).size() == payload.size());
}

// The input as a plan: which sample, then which bytes of it to replace by which.
void DamageSample(std::string_view plan) {
  static const std::vector<codec::testing::Sample> kSamples = [] {
    auto all = codec::testing::Samples();
    for (auto& sample : codec::testing::StreamSamples()) all.push_back(std::move(sample));
    return all;
  }();
  const auto& sample = kSamples[static_cast<uint8_t>(plan[0]) % kSamples.size()];
  std::string content = static_cast<char>(sample.type) + sample.value;
  for (size_t i = 1; i + 2 < plan.size() && i < 10; i += 3) {
    const size_t place = static_cast<uint8_t>(plan[i]) << 8 | static_cast<uint8_t>(plan[i + 1]);
    content[place % content.size()] = plan[i + 2];
  }
  RestoreDumpRestore(content);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  if (const auto opened = codec::OpenPayload(bytes)) RestoreDumpRestore(opened->content);
  RestoreDumpRestore(bytes);
  if (size > 0) DamageSample(bytes);
  return 0;
}
