// Writes a dataset as the commands that make it: the base of an append-only file with
// `aof-use-rdb-preamble no`. It is called like an RdbWriter, so that the same walk feeds either.
//
// What commands cannot say is left out, as by Redis: how recently a key was used, and ids that are
// pending in a consumer group although their entries were deleted.
//
// Invariant: a command brings at most kElementsPerCommand elements; behind a Begin…() come exactly
// as many pieces as it announced (checked).
// The first failure of the sink is kept: later calls do nothing and End() returns it.
// Thread rule: one owner.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

#include "common/base/status.h"
#include "node/codec/byte_io.h"
#include "node/keyspace/item.h"
#include "node/keyspace/key_use.h"
#include "node/persist/rdb_writer.h"
#include "node/structs/listpack.h"
#include "node/types/stream.h"

namespace rha::node::persist {

class CommandWriter {
 public:
  static constexpr uint64_t kElementsPerCommand = 64;  // as Redis
  using Head = RdbWriter::Head;

  explicit CommandWriter(codec::ByteSink& sink) : sink_(sink) {}

  // A line that begins with '#'.
  void Note(std::string_view line) { Bytes(line); }
  void Library(std::string_view source) { Request({"FUNCTION", "LOAD", source}); }
  void SelectDb(uint64_t index, uint64_t keys, uint64_t expiring);
  void Use(keyspace::KeyUse) {}
  void Key(const keyspace::Item& item);
  Status End();

  // ---- a value in pieces
  void BeginList(const Head& head, uint64_t nodes);
  void ListNode(std::string_view listpack);
  void BeginSet(const Head& head, uint64_t members) { Begin(head, {"SADD", 1}, members); }
  void Member(std::string_view member);
  void BeginHash(const Head& head, uint64_t fields) { Begin(head, {"HMSET", 2}, fields); }
  void Field(std::string_view field, std::string_view value);
  // With lifetimes, which are commands of their own: so is each field.
  void BeginTimedHash(const Head& head, uint64_t fields, int64_t) {
    Begin(head, {"HSET", 2}, fields);
  }
  void TimedField(const structs::Entry& field);
  void BeginZset(const Head& head, uint64_t members) { Begin(head, {"ZADD", 2}, members); }
  void Scored(std::string_view member, double score);
  void BeginStream(const Head& head, uint64_t blocks);
  void StreamBlock(const structs::StreamBlockView& block);
  void StreamRest(const types::StreamValue& stream);

  const Status& status() const { return status_; }

 private:
  struct Command {
    std::string_view name;
    uint64_t words;  // of an element
  };
  void Begin(const Head& head, Command command, uint64_t elements);
  // The words of an element follow, then EndElement().
  void BeginElement();
  void EndElement();
  void StreamGroup(std::string_view name, const types::StreamGroup& group);
  void Expiry();

  void Request(std::initializer_list<std::string_view> words);
  void Header(char kind, uint64_t number);
  void Word(std::string_view text);
  void Bytes(std::string_view bytes);
  void Flush();

  codec::ByteSink& sink_;
  Status status_;
  std::string buffer_;
  // The value that is being written.
  std::string key_;
  int64_t expire_at_ms_ = keyspace::kNoExpiry;
  Command command_{};
  uint64_t nodes_left_ = 0;     // of a list or stream
  uint64_t elements_left_ = 0;  // of the value, or of a list's node
  uint64_t room_left_ = 0;      // for elements in the command that has begun
  uint64_t stream_entries_ = 0;
};

}  // namespace rha::node::persist
