#include "node/codec/rdb_format.h"

#include <fmt/format.h>

#include <array>
#include <charconv>

#include "node/codec/printable.h"

namespace rha::node::codec {

Result<int> RdbVersionOf(std::string_view header) {
  const bool valkey = header.starts_with(kRdbMagicValkey);
  if (header.size() < kRdbHeaderBytes || !(valkey || header.starts_with(kRdbMagic))) {
    return Status(Code::kCorrupt, "not an RDB file: it begins with neither REDIS nor VALKEY");
  }
  const std::string_view digits = header.substr(valkey ? kRdbMagicValkey.size() : kRdbMagic.size());
  int version = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), version);
  if (error != std::errc() || end != digits.data() + digits.size()) {
    return Status(Code::kCorrupt, fmt::format("not an RDB file: the version {} is not a number",
                                              Printable(digits)));
  }
  if (!IsReadableRdbVersion(version)) {
    return Status(Code::kUnsupported,
                  fmt::format("RDB version {} cannot be read, only {} to {} and {}", version,
                              kRdbVersionMin, kRdbVersionMax, kRdbVersionValkey));
  }
  return version;
}

std::string_view RdbTypeName(uint8_t type) {
  static constexpr std::array<std::string_view, 26> kNames = {
      "string",
      "list",
      "set",
      "sorted set",
      "hash",
      "sorted set (binary scores)",
      "module (pre-GA)",
      "module",
      "unknown",
      "hash (zipmap)",
      "list (ziplist)",
      "set (intset)",
      "sorted set (ziplist)",
      "hash (ziplist)",
      "list (quicklist)",
      "stream",
      "hash (listpack)",
      "sorted set (listpack)",
      "list (quicklist of listpacks)",
      "stream (version 2)",
      "set (listpack)",
      "stream (version 3)",
      "hash (lifetimes, of Valkey 9 or before Redis 7.4.0)",
      "hash (listpack, lifetimes, before Redis 7.4.0)",
      "hash (lifetimes)",
      "hash (listpack, lifetimes)",
  };
  return type < kNames.size() ? kNames[type] : "unknown";
}

}  // namespace rha::node::codec
