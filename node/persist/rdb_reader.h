// Reads one RDB file (format in rdb_format.h, versions 1 to 12 and Valkey's 80) item by item, so
// that whoever loads it can stop between two items to serve others.
//
//   RdbReader reader(source);
//   Status status = reader.Start();
//   for (;;) { auto item = reader.Next(); … if (std::holds_alternative<RdbEnd>(*item)) break; }
//
// A string comes with its key; the elements of a collection follow it, one by one:
//
//   if (auto* key = std::get_if<RdbCollectionKey>(&*item)) while (NextElement(&element)) …
//
// A stream has no elements: value().stream() puts it together.
//
// Invariants
//  * RdbEnd is returned only after the checksum was found right.
//  * A value of a type that we do not have is an error that names type and key, never skipped.
//  * Every error says "<source>: at byte N: …"; after one, nothing must be called again.
// Thread rule: one owner.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "common/base/status.h"
#include "node/codec/byte_io.h"
#include "node/codec/rdb_input.h"
#include "node/codec/value_reader.h"
#include "node/keyspace/key_use.h"

namespace rha::node::persist {

// Views in items are valid until the next call of Next(); an RdbCollectionKey's as long as its
// elements come.
struct RdbAux {
  std::string_view name, value;
};
struct RdbSelectDb {
  uint64_t index;
};
struct RdbResizeDb {
  uint64_t keys, expiring;
};
struct RdbFunction {
  std::string_view code;
};
// Data a module left beside the keys; its parts have been read and dropped.
struct RdbModuleAux {
  std::string module;
};
struct RdbKey {
  std::string_view key, value;
  int64_t expire_at_ms;  // kNoExpiry (rdb_writer.h): none
  keyspace::KeyUse use;
};
struct RdbCollectionKey {
  std::string_view key;
  types::Type type;
  int64_t expire_at_ms;
  keyspace::KeyUse use;
};
// What a cluster's server says of one of its slots: nothing that is needed here.
struct RdbSlotInfo {};
struct RdbEnd {};
using RdbItem = std::variant<RdbEnd, RdbKey, RdbCollectionKey, RdbAux, RdbSelectDb, RdbResizeDb,
                             RdbFunction, RdbModuleAux, RdbSlotInfo>;

class RdbReader {
 public:
  explicit RdbReader(codec::ByteSource& source, bool verify_checksum = true);

  // Reads the header.
  Status Start();
  // Passes over elements that nobody took.
  Result<RdbItem> Next();
  // Of the last RdbCollectionKey. False: that was the last one.
  Result<bool> NextElement(codec::RdbElement* element) { return value_.collection().Next(element); }
  codec::ValueReader& value() { return value_; }

  int version() const { return version_; }
  uint64_t position() const { return input_.position(); }

 private:
  Status Fail(std::string_view what) const { return input_.Fail(what); }
  Result<RdbItem> Opcode(uint8_t opcode);
  Result<RdbItem> Key(uint8_t type);
  Result<RdbItem> ModuleAux();
  Result<RdbItem> End();
  Status UnsupportedType(uint8_t type, std::string_view key) const;

  const bool verify_checksum_;
  codec::RdbInput input_;
  codec::ValueReader value_;
  codec::RdbKeyPlace place_;
  uint64_t item_start_ = 0;
  int version_ = 0;
  std::optional<int64_t> expire_at_ms_;  // of the key that follows
  keyspace::KeyUse use_;                 // likewise
  std::string first_, second_;
};

}  // namespace rha::node::persist
