#include "node/codec/rdb_format.h"

#include <array>

namespace rha::node::codec {

std::string_view RdbTypeName(uint8_t type) {
  static constexpr std::array<std::string_view, 22> kNames = {
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
  };
  return type < kNames.size() ? kNames[type] : "unknown";
}

}  // namespace rha::node::codec
