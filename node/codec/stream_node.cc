#include "node/codec/stream_node.h"

#include <utility>

#include "node/codec/endian.h"
#include "node/structs/stream_log.h"

namespace rha::node::codec {

using structs::ListpackView;
using structs::StreamBlock;
using structs::StreamEntry;
using structs::StreamId;

namespace {

constexpr int64_t kDeleted = 1;
constexpr int64_t kSameFields = 2;

Status Damaged(const char* what) { return {Code::kCorrupt, std::string("stream: ") + what}; }

}  // namespace

void StoreStreamId(char* to, StreamId id) {
  StoreBig(to, id.ms, 8);
  StoreBig(to + 8, id.seq, 8);
}

StreamId LoadStreamId(const char* from) { return {LoadBig(from, 8), LoadBig(from + 8, 8)}; }

std::string_view EncodeStreamNode(const structs::StreamBlockView& block,
                                  structs::ListpackWriter& writer) {
  writer.Begin();
  writer.Append(static_cast<int64_t>(block.count()));
  writer.Append(int64_t{0});
  writer.Append(static_cast<int64_t>(block.field_count()));
  block.ForEachField([&](std::string_view field) { writer.Append(field); });
  writer.Append(int64_t{0});
  for (auto at = block.First(); at != block.End(); at = block.Next(at)) {
    const StreamEntry entry = block.Get(at);
    const auto fields = static_cast<int64_t>(entry.field_count);
    writer.Append(entry.own_fields() ? int64_t{0} : kSameFields);
    writer.Append(static_cast<int64_t>(entry.id.ms - block.base().ms));
    writer.Append(static_cast<int64_t>(entry.id.seq - block.base().seq));
    if (entry.own_fields()) writer.Append(fields);
    entry.ForEach([&](std::string_view field, std::string_view value) {
      if (entry.own_fields()) writer.Append(field);
      writer.Append(value);
    });
    writer.Append(entry.own_fields() ? 2 * fields + 4 : fields + 3);
  }
  return writer.Finish();
}

// Walks the elements of a listpack.
class StreamNodeDecoder::Reader {
 public:
  explicit Reader(const ListpackView& list) : list_(list), at_(list.First()) {}
  bool done() const { return at_ == ListpackView::kNone; }
  // False: there is none, or it is no number.
  bool Number(int64_t* number) {
    if (done()) return false;
    const structs::ListpackValue value = list_.Get(at_);
    at_ = list_.Next(at_);
    *number = value.integer;
    return value.is_integer;
  }
  // Lies in the listpack, or in `scratch` if it is a number. False: there is none.
  bool Text(std::string* scratch, std::string_view* text) {
    if (done()) return false;
    structs::DecimalText digits;
    const structs::ListpackValue value = list_.Get(at_);
    at_ = list_.Next(at_);
    if (value.is_integer) scratch->assign(value.Text(digits));
    *text = value.is_integer ? std::string_view(*scratch) : value.bytes;
    return true;
  }

 private:
  const ListpackView& list_;
  ListpackView::Place at_;
};

void StreamNodeDecoder::Clear() {
  for (StreamBlock& block : blocks_) block.Free();
  blocks_.clear();
}

Status StreamNodeDecoder::Decode(StreamId base, std::string_view listpack) {
  Clear();
  RHA_RETURN_IF_ERROR(ListpackView::Validate(listpack));
  const ListpackView list(reinterpret_cast<const uint8_t*>(listpack.data()));
  Reader reader(list);
  int64_t entries = 0, deleted = 0, fields = 0, zero = 0;
  const bool begins = reader.Number(&entries) && reader.Number(&deleted) && reader.Number(&fields);
  if (!begins || entries < 0 || deleted < 0 || fields < 0) return Damaged("a node's head is wrong");
  fields_.clear();
  for (; fields > 0; --fields) {
    std::string_view text;
    std::string number;
    if (!reader.Text(&number, &text)) return Damaged("a node's field is missing");
    fields_.emplace_back(text);
  }
  if (!reader.Number(&zero) || zero != 0) return Damaged("a node's fields do not end");
  last_ = base;
  any_ = false;
  uint64_t seen = 0;
  for (; !reader.done(); ++seen) RHA_RETURN_IF_ERROR(DecodeEntry(base, reader));
  uint64_t taken = 0;
  for (const StreamBlock& block : blocks_) taken += block.count();
  if (taken != static_cast<uint64_t>(entries) || seen - taken != static_cast<uint64_t>(deleted)) {
    return Damaged("a node has another number of entries than it says");
  }
  return {};
}

Status StreamNodeDecoder::DecodeEntry(StreamId base, Reader& reader) {
  int64_t flags = 0, ms = 0, seq = 0, elements = 0;
  if (!reader.Number(&flags) || !reader.Number(&ms) || !reader.Number(&seq)) {
    return Damaged("an entry's head is wrong");
  }
  const bool same_fields = (flags & kSameFields) != 0;
  auto fields = static_cast<int64_t>(fields_.size());
  if (!same_fields && (!reader.Number(&fields) || fields < 0)) {
    return Damaged("an entry's number of fields is wrong");
  }
  entry_.clear();
  size_t numbers = 0;
  const auto text = [&] {
    if (numbers == numbers_.size()) numbers_.emplace_back();
    std::string_view read;
    const bool more = reader.Text(&numbers_[numbers], &read);
    if (more && read.data() == numbers_[numbers].data()) ++numbers;
    entry_.push_back(read);
    return more;
  };
  for (int64_t i = 0; i < fields; ++i) {
    if (same_fields) {
      entry_.emplace_back(fields_[static_cast<size_t>(i)]);
    } else if (!text()) {
      return Damaged("an entry's field is missing");
    }
    if (!text()) return Damaged("an entry's value is missing");
  }
  if (!reader.Number(&elements) || elements != (same_fields ? fields + 3 : 2 * fields + 4)) {
    return Damaged("an entry's number of elements is wrong");
  }
  if ((flags & kDeleted) != 0) return {};
  return Take({base.ms + static_cast<uint64_t>(ms), base.seq + static_cast<uint64_t>(seq)});
}

Status StreamNodeDecoder::Take(StreamId id) {
  if (id.is_zero() || (any_ ? id <= last_ : id < last_)) return Damaged("an entry is out of order");
  if (!structs::StreamLog::Fits(entry_)) return Damaged("an entry is too long");
  const bool begins = blocks_.empty() || !blocks_.back().Reaches(id);
  if (begins) blocks_.push_back(StreamBlock::Make(blocks_.empty() ? last_ : id, entry_));
  blocks_.back().Append(id, entry_);
  last_ = id;
  any_ = true;
  return {};
}

}  // namespace rha::node::codec
