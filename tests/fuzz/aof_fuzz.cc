// Any bytes as the manifest of an append-only file, and as a file of commands: never a crash. A
// manifest that is accepted names plain files, grows in sequence, and reads the same once it was
// written again. A file that was cut where the loader says loads without a cut.
#include <sys/mman.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "common/base/check.h"
#include "common/base/unique_fd.h"
#include "node/keyspace/db.h"
#include "node/persist/aof_loader.h"
#include "node/persist/aof_manifest.h"

namespace {

using rha::UniqueFd;
using rha::node::keyspace::Keyspace;
using rha::node::persist::AofLoader;
using rha::node::persist::AofManifest;

void CheckManifest(std::string_view text) {
  const auto manifest = AofManifest::Parse(text);
  if (!manifest.ok()) return;
  uint64_t last = 0;
  for (const auto& file : manifest->increments) {
    RHA_CHECK(file.sequence > last);
    last = file.sequence;
  }
  for (const auto& file : manifest->InOrder()) {
    RHA_CHECK(!file.name.empty() && file.name.find('/') == std::string::npos);
  }
  if (manifest->empty() && manifest->history.empty()) return;
  const auto again = AofManifest::Parse(manifest->Format());
  RHA_CHECK(again.ok() && *again == *manifest);
}

// The commands that are applied, for comparison.
std::string Load(int fd, bool* ok, bool* cut, uint64_t* cut_at) {
  Keyspace keyspace(16, 1, {});
  std::string applied;
  bool open = false;
  AofLoader loader({{"/proc/self/fd/" + std::to_string(fd)}},
                   {.keyspace = &keyspace,
                    .databases = 16,
                    .take = nullptr,
                    .apply = [&](rha::resp::Args args) -> std::string {
                      for (const std::string_view word : args) applied += std::string(word) + " ";
                      if (!args.empty() && args[0] == "MULTI") open = true;
                      if (!args.empty() && args[0] == "EXEC") open = false;
                      return {};
                    },
                    .in_transaction = [&] { return open; }},
                   {});
  *ok = loader.Finish().ok();
  *cut = loader.cut_at().has_value();
  *cut_at = loader.cut_at().value_or(0);
  return applied;
}

void CheckFile(std::string_view bytes) {
  const UniqueFd fd(::memfd_create("aof", MFD_CLOEXEC));
  RHA_CHECK(fd.valid());
  RHA_CHECK(::write(fd.get(), bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size()));
  bool ok = false, cut = false;
  uint64_t at = 0;
  const std::string applied = Load(fd.get(), &ok, &cut, &at);
  if (!ok || !cut) return;
  RHA_CHECK(at <= bytes.size() && ::ftruncate(fd.get(), static_cast<off_t>(at)) == 0);
  const std::string again = Load(fd.get(), &ok, &cut, &at);
  RHA_CHECK(ok && !cut && applied.starts_with(again));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  CheckManifest(bytes);
  // Chance seldom writes a line of one.
  CheckManifest("file " + std::string(bytes) + " seq 1 type i\n");
  CheckFile(bytes);
  CheckFile("*1\r\n$5\r\nMULTI\r\n" + std::string(bytes));
  return 0;
}
