// What the commands of streams share: reading ids and intervals, writing entries. The readers
// return false after having written the error reply, as those of parse.h.
// Thread rule: any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "node/commands/parse.h"
#include "node/types/stream.h"

namespace rha::node::commands {

using structs::StreamId;

// "5-1", "5" (the sequence number is `missing_seq` then). False: it is no id; writes no error.
bool ParseStreamId(std::string_view text, uint64_t missing_seq, StreamId* id);
bool ParseStreamId(Context& ctx, std::string_view text, StreamId* id, uint64_t missing_seq = 0);
// From argument `at` to the last.
bool ParseStreamIds(Context& ctx, size_t at, std::vector<StreamId>* ids);

struct IdInterval {
  StreamId first, last;
};
// "-", "+", "5", "(5-1"
bool ParseFirstId(Context& ctx, std::string_view text, StreamId* id);
bool ParseIdInterval(Context& ctx, std::string_view first, std::string_view last,
                     IdInterval* interval);

std::string FormatStreamId(StreamId id);
void WriteStreamId(resp::Writer& reply, StreamId id);
// [id, [field, value, ...]]
void WriteEntry(resp::Writer& reply, const structs::StreamEntry& entry);
// Nothing if there is no such entry.
bool WriteEntry(resp::Writer& reply, const types::StreamValue& stream, StreamId id);

// Elements of a reply gathered before their number is known.
class Gathered {
 public:
  explicit Gathered(const resp::Writer& reply) : writer_(&chain_, reply.protocol()) {}
  Gathered(const Gathered&) = delete;
  Gathered& operator=(const Gathered&) = delete;

  // Where to write the next element.
  resp::Writer& Next() {
    ++size_;
    return writer_;
  }
  int64_t size() const { return size_; }
  // All three leave nothing.
  void WriteArray(resp::Writer& reply) {
    reply.Array(size_);
    WriteBare(reply);
  }
  void WriteMap(resp::Writer& reply) {
    reply.Map(size_);
    WriteBare(reply);
  }
  void WriteBare(resp::Writer& reply) { reply.out()->Append(std::move(chain_)); }

 private:
  resp::OutputChain chain_;
  resp::Writer writer_;
  int64_t size_ = 0;
};

// "NOGROUP No such key '...' or consumer group '...'"
void NoGroup(Context& ctx, std::string_view key, std::string_view group,
             std::string_view where = {});
// "NOGROUP No such consumer group '...' for key name '...'"
void NoGroupOfKey(Context& ctx, std::string_view key, std::string_view group);

// The group for a command that changes it. Null: the reply is written, an error.
types::StreamGroup* FindGroupToChange(Context& ctx, keyspace::Edit& edit, std::string_view group);

// What replicas are told of an id that was delivered or claimed: a command that gives the same
// result however often it comes.
void PropagateClaim(Context& ctx, std::string_view key, std::string_view group_name,
                    const types::StreamGroup& group, StreamId id,
                    const types::StreamGroup::Delivery& delivery);
void PropagateGroupId(Context& ctx, std::string_view key, std::string_view group_name,
                      const types::StreamGroup& group);

// Negative where the clock went back; as long as can be where a file names a time far away.
int64_t MsSince(const Context& ctx, int64_t at_ms);

// The consumer of that name; makes it, and notifies, if there is none. Its use is noted.
// Must not be called while an Edit of another key is open.
struct UsedConsumer {
  types::StreamConsumer* consumer;
  bool made;
};
UsedConsumer UseConsumer(Context& ctx, types::StreamGroup& group, std::string_view name);

}  // namespace rha::node::commands
