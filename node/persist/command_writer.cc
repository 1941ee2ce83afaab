#include "node/persist/command_writer.h"

#include <algorithm>
#include <charconv>

#include "common/resp/writer.h"
#include "node/persist/limits.h"
#include "node/types/hash.h"
#include "node/types/list.h"
#include "node/types/set.h"
#include "node/types/string.h"
#include "node/types/zset.h"

namespace rha::node::persist {
namespace {

std::string IdText(structs::StreamId id) {
  return std::to_string(id.ms) + "-" + std::to_string(id.seq);
}

}  // namespace

// ---------------------------------------------------------------- bytes

void CommandWriter::Flush() {
  if (status_.ok() && !buffer_.empty()) status_ = sink_.Write(buffer_);
  buffer_.clear();
}

void CommandWriter::Bytes(std::string_view bytes) {
  if (buffer_.size() + bytes.size() > kWriteBufferBytes) Flush();
  if (bytes.size() > kWriteBufferBytes) {
    if (status_.ok()) status_ = sink_.Write(bytes);
    return;
  }
  buffer_.append(bytes);
}

void CommandWriter::Header(char kind, uint64_t number) {
  char text[24];
  text[0] = kind;
  char* const end = std::to_chars(text + 1, text + sizeof text - 2, number).ptr;
  end[0] = '\r';
  end[1] = '\n';
  Bytes({text, static_cast<size_t>(end + 2 - text)});
}

void CommandWriter::Word(std::string_view text) {
  Header('$', text.size());
  Bytes(text);
  Bytes("\r\n");
}

void CommandWriter::Request(std::initializer_list<std::string_view> words) {
  Header('*', words.size());
  for (const std::string_view word : words) Word(word);
}

Status CommandWriter::End() {
  RHA_CHECK(nodes_left_ == 0 && elements_left_ == 0);
  Flush();
  return status_;
}

// ---------------------------------------------------------------- keys

void CommandWriter::SelectDb(uint64_t index, uint64_t, uint64_t) {
  Request({"SELECT", std::to_string(index)});
}

void CommandWriter::Expiry() {
  if (expire_at_ms_ == keyspace::kNoExpiry) return;
  Request({"PEXPIREAT", key_, std::to_string(expire_at_ms_)});
}

void CommandWriter::Key(const keyspace::Item& item) {
  if (!status_.ok()) return;
  const Head head{item.key(), item.expire_at_ms()};
  switch (item.type()) {
    case types::Type::kString: {
      types::DecimalText scratch;
      const std::string_view value = item.As<types::StringView>().View(scratch);
      if (head.expire_at_ms == keyspace::kNoExpiry) return Request({"SET", head.key, value});
      return Request({"SET", head.key, value, "PXAT", std::to_string(head.expire_at_ms)});
    }
    case types::Type::kList: {
      const structs::QuickList& nodes = item.As<types::ListView>().nodes();
      BeginList(head, nodes.node_count());
      for (size_t i = 0; i < nodes.node_count(); ++i) ListNode(nodes.node(i).bytes());
      return;
    }
    case types::Type::kSet: {
      const auto set = item.As<types::SetView>();
      BeginSet(head, set.size());
      return set.ForEach([&](std::string_view member) { Member(member); });
    }
    case types::Type::kZset: {
      const auto zset = item.As<types::ZsetView>();
      BeginZset(head, zset.size());
      return zset.ForEach([&](std::string_view member, double score) { Scored(member, score); });
    }
    case types::Type::kHash: {
      const auto hash = item.As<types::HashView>();
      if (const types::HashTable* timed = hash.timed()) {
        BeginTimedHash(head, timed->size(), 0);
        return timed->fields().ForEachEntry(
            [&](const structs::Entry& field) { TimedField(field); });
      }
      BeginHash(head, hash.size());
      return hash.ForEach(
          [&](std::string_view field, std::string_view value) { Field(field, value); });
    }
    case types::Type::kStream: {
      const auto stream = item.As<types::StreamView>();
      BeginStream(head, stream->log().block_count());
      stream->log().ForEachBlock(
          [&](const structs::StreamBlockView& block) { StreamBlock(block); });
      return StreamRest(*stream);
    }
  }
  RHA_CHECK(false);
}

// ---------------------------------------------------------------- pieces

void CommandWriter::Begin(const Head& head, Command command, uint64_t elements) {
  RHA_CHECK(nodes_left_ == 0 && elements_left_ == 0);
  key_ = head.key;
  expire_at_ms_ = head.expire_at_ms;
  command_ = command;
  elements_left_ = elements;
}

void CommandWriter::BeginElement() {
  RHA_CHECK(elements_left_ > 0);
  if (room_left_ == 0) {
    room_left_ = std::min(elements_left_, kElementsPerCommand);
    Header('*', 2 + room_left_ * command_.words);
    Word(command_.name);
    Word(key_);
  }
  --room_left_;
  --elements_left_;
}

void CommandWriter::EndElement() {
  if (elements_left_ == 0 && nodes_left_ == 0) Expiry();
}

void CommandWriter::BeginList(const Head& head, uint64_t nodes) {
  Begin(head, {"RPUSH", 1}, 0);
  nodes_left_ = nodes;
}

void CommandWriter::ListNode(std::string_view listpack) {
  RHA_CHECK(nodes_left_ > 0);
  --nodes_left_;
  const structs::ListpackView node(reinterpret_cast<const uint8_t*>(listpack.data()));
  elements_left_ = node.size();
  structs::DecimalText scratch;
  for (auto at = node.First(); at != structs::ListpackView::kNone; at = node.Next(at)) {
    BeginElement();
    Word(node.Get(at).Text(scratch));
    EndElement();
  }
}

void CommandWriter::Member(std::string_view member) {
  BeginElement();
  Word(member);
  EndElement();
}

void CommandWriter::Field(std::string_view field, std::string_view value) {
  BeginElement();
  Word(field);
  Word(value);
  EndElement();
}

void CommandWriter::TimedField(const structs::Entry& field) {
  RHA_CHECK(elements_left_ > 0);
  --elements_left_;
  Request({"HSET", key_, field.key(), field.bytes()});
  if (field.is_timed()) {
    Request({"HPEXPIREAT", key_, std::to_string(field.expire_at()), "FIELDS", "1", field.key()});
  }
  EndElement();
}

void CommandWriter::Scored(std::string_view member, double score) {
  resp::DoubleText scratch;
  BeginElement();
  Word(resp::FormatDouble(score, scratch));
  Word(member);
  EndElement();
}

// ---------------------------------------------------------------- streams

void CommandWriter::BeginStream(const Head& head, uint64_t blocks) {
  Begin(head, {}, 0);
  nodes_left_ = blocks;
  stream_entries_ = 0;
}

void CommandWriter::StreamBlock(const structs::StreamBlockView& block) {
  RHA_CHECK(nodes_left_ > 0);
  --nodes_left_;
  stream_entries_ += block.count();
  for (auto at = block.First(); at != block.End(); at = block.Next(at)) {
    const structs::StreamEntry entry = block.Get(at);
    Header('*', 3 + 2 * entry.field_count);
    Word("XADD");
    Word(key_);
    Word(IdText(entry.id));
    entry.ForEach([&](std::string_view field, std::string_view value) {
      Word(field);
      Word(value);
    });
  }
}

void CommandWriter::StreamRest(const types::StreamValue& stream) {
  RHA_CHECK(nodes_left_ == 0);
  const std::string last = IdText(stream.last_id());
  // No other command leaves a stream without entries and without a group.
  if (stream_entries_ == 0) {
    const std::string id = stream.last_id().is_zero() ? "0-1" : last;
    Request({"XADD", key_, "MAXLEN", "0", id, "x", "y"});
  }
  Request({"XSETID", key_, last, "ENTRIESADDED", std::to_string(stream.entries_added()),
           "MAXDELETEDID", IdText(stream.max_deleted_id())});
  for (const auto& [name, group] : stream.groups()) StreamGroup(name, group);
  Expiry();
}

void CommandWriter::StreamGroup(std::string_view name, const types::StreamGroup& group) {
  Request({"XGROUP", "CREATE", key_, name, IdText(group.last_id), "ENTRIESREAD",
           std::to_string(group.entries_read)});
  for (const auto& [consumer, state] : group.consumers()) {
    Request({"XGROUP", "CREATECONSUMER", key_, name, consumer});
  }
  for (auto at = group.pending().First(); at; ++at) {
    Request({"XCLAIM", key_, name, at->value.consumer->first, "0", IdText(at->id), "TIME",
             std::to_string(at->value.at_ms), "RETRYCOUNT", std::to_string(at->value.count),
             "JUSTID", "FORCE"});
  }
}

}  // namespace rha::node::persist
