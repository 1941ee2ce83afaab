#include "node/codec/rdb_collection.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "node/codec/endian.h"
#include "node/codec/limits.h"
#include "node/codec/printable.h"

namespace rha::node::codec {

using structs::IntSet;
using structs::ListpackValue;
using structs::ListpackView;
using types::Type;

const RdbCollection::Encoding* RdbCollection::EncodingOf(uint8_t type) {
  struct Row {
    uint8_t type;
    Encoding encoding;
  };
  static constexpr std::array<Row, 17> kRows = {{
      {kTypeList, {Type::kList, Container::kElements}},
      {kTypeSet, {Type::kSet, Container::kElements}},
      {kTypeZset, {Type::kZset, Container::kElements}},
      {kTypeHash, {Type::kHash, Container::kElements}},
      {kTypeZset2, {Type::kZset, Container::kElements}},
      {kTypeHashZipmap, {Type::kHash, Container::kZipmap}},
      {kTypeListZiplist, {Type::kList, Container::kZiplist}},
      {kTypeSetIntset, {Type::kSet, Container::kIntset}},
      {kTypeSetListpack, {Type::kSet, Container::kListpack}},
      {kTypeZsetZiplist, {Type::kZset, Container::kZiplist}},
      {kTypeHashZiplist, {Type::kHash, Container::kZiplist}},
      {kTypeListQuicklist, {Type::kList, Container::kZiplist}},
      {kTypeHashListpack, {Type::kHash, Container::kListpack}},
      {kTypeZsetListpack, {Type::kZset, Container::kListpack}},
      {kTypeListQuicklist2, {Type::kList, Container::kListpack}},
      {kTypeHashTimed, {Type::kHash, Container::kElements}},
      {kTypeHashTimedListpack, {Type::kHash, Container::kListpack}},
  }};
  for (const Row& row : kRows) {
    if (row.type == type) return &row.encoding;
  }
  return nullptr;
}

bool RdbCollection::Knows(uint8_t type) { return EncodingOf(type) != nullptr; }

Type RdbCollection::TypeOf(uint8_t type) { return EncodingOf(type)->type; }

Status RdbCollection::Begin(uint8_t type) {
  rdb_type_ = type;
  encoding_ = *EncodingOf(type);
  open_ = true;
  in_blob_ = has_previous_ = false;
  left_ = 1;
  announced_ = 0;
  if (type == kTypeHashTimed || type == kTypeHashTimedListpack) {
    RHA_ASSIGN_OR_RETURN(least_end_ms_, input_.LittleEndian(8, "the first end of a lifetime"));
    if (least_end_ms_ > kFieldEndMax) return input_.Fail("a lifetime that never ends");
  }
  const bool by_elements = encoding_.container == Container::kElements;
  if (by_elements || type == kTypeListQuicklist || type == kTypeListQuicklist2) {
    RHA_ASSIGN_OR_RETURN(left_,
                         input_.Length(by_elements ? "a number of elements" : "a number of nodes"));
  }
  if (by_elements) {
    announced_ = std::min({left_, kReservedMembersMax, input_.left() / kReservedMemberBytes});
    return {};
  }
  return OpenBlob().status();
}

Result<bool> RdbCollection::Next(RdbElement* element) {
  if (encoding_.container == Container::kElements) {
    open_ = left_ > 0;
    if (!open_) return false;
    --left_;
    RHA_RETURN_IF_ERROR(ReadElement(element));
    return true;
  }
  while (in_blob_) {
    RHA_ASSIGN_OR_RETURN(const bool more, FromBlob(element));
    if (more) return true;
    RHA_RETURN_IF_ERROR(OpenBlob().status());
  }
  open_ = false;
  return false;
}

// ---------------------------------------------------------------- by elements

Status RdbCollection::ReadElement(RdbElement* element) {
  switch (rdb_type_) {
    case kTypeHash: {
      RHA_ASSIGN_OR_RETURN(element->text, input_.String("field", text_));
      RHA_ASSIGN_OR_RETURN(element->value, input_.PassingString("value of a field", value_));
      return {};
    }
    case kTypeHashTimed:
      return ReadTimedField(element);
    case kTypeZset: {
      RHA_ASSIGN_OR_RETURN(element->text, input_.String("member", text_));
      RHA_ASSIGN_OR_RETURN(element->score, input_.TextDouble("a score"));
      return {};
    }
    case kTypeZset2: {
      RHA_ASSIGN_OR_RETURN(element->text, input_.String("member", text_));
      RHA_ASSIGN_OR_RETURN(element->score, input_.BinaryDouble("a score"));
      return {};
    }
    default:
      break;
  }
  RHA_ASSIGN_OR_RETURN(element->text, input_.PassingString("element", text_));
  if (rdb_type_ == kTypeList && element->text.size() > kListElementBytesMax) {
    return input_.Fail("an element is too long");
  }
  return {};
}

Status RdbCollection::ReadTimedField(RdbElement* element) {
  RHA_ASSIGN_OR_RETURN(const uint64_t distance, input_.Length("the end of a lifetime"));
  if (distance > kFieldEndMax - least_end_ms_ + 1) return input_.Fail("a lifetime that never ends");
  element->end_ms =
      distance == 0 ? types::kEndless : static_cast<int64_t>(least_end_ms_ + distance - 1);
  RHA_ASSIGN_OR_RETURN(element->text, input_.String("field", text_));
  RHA_ASSIGN_OR_RETURN(element->value, input_.PassingString("value of a field", value_));
  return {};
}

// ---------------------------------------------------------------- by blobs

std::string_view RdbCollection::BlobName() const {
  const bool hash = encoding_.type == Type::kHash, zset = encoding_.type == Type::kZset;
  switch (encoding_.container) {
    case Container::kListpack:
      return hash ? "Hash listpack" : zset ? "Zset listpack" : "Listpack";
    case Container::kZiplist:
      return hash ? "Hash ziplist" : zset ? "Zset ziplist" : "Ziplist";
    case Container::kZipmap:
      return "Zipmap";
    case Container::kIntset:
      return "Intset";
    case Container::kElements:
      break;
  }
  return "Value";
}

// In Redis' words, which people look for in logs.
Status RdbCollection::Damaged(std::string_view what) const {
  return input_.FailAt(blob_at_, fmt::format("{} integrity check failed: {}", BlobName(), what));
}

Status RdbCollection::OccursTwice(std::string_view text) const {
  if (encoding_.container == Container::kElements) {
    return input_.Fail(fmt::format("{} occurs twice", Printable(text)));
  }
  return Damaged(fmt::format("{} with dup elements: {} occurs twice", BlobName(), Printable(text)));
}

Result<bool> RdbCollection::OpenBlob() {
  in_blob_ = false;
  while (!in_blob_ && left_ > 0) {
    --left_;
    plain_ = false;
    blob_at_ = input_.position();
    if (rdb_type_ == kTypeListQuicklist2) {
      RHA_RETURN_IF_ERROR(Node());
    }
    RHA_ASSIGN_OR_RETURN(blob_, input_.String("value", text_));
    RHA_RETURN_IF_ERROR(BeginBlob());
  }
  untouched_ = true;
  return in_blob_;
}

Status RdbCollection::Node() {
  RHA_ASSIGN_OR_RETURN(const uint64_t kind, input_.Length("a kind of node"));
  if (kind != kNodePlain && kind != kNodePacked) {
    return Damaged(fmt::format("a node of unknown kind {}", kind));
  }
  plain_ = kind == kNodePlain;
  return {};
}

// Leaves in_blob_ false when it is sound but empty.
Status RdbCollection::BeginBlob() {
  if (plain_) {
    if (blob_.empty() || blob_.size() > kListElementBytesMax) {
      return Damaged("a node of one element that is empty or too long");
    }
    in_blob_ = true;
    return {};
  }
  const bool pairs = encoding_.type == Type::kHash || encoding_.type == Type::kZset;
  switch (encoding_.container) {
    case Container::kElements:
      break;
    case Container::kListpack: {
      if (const Status sound = ListpackView::Validate(blob_); !sound.ok()) return Damaged(sound);
      const ListpackView listpack(reinterpret_cast<const uint8_t*>(blob_.data()));
      place_ = listpack.First();
      in_blob_ = place_ != ListpackView::kNone;
      if (pairs) {
        announced_ = listpack.size() / (rdb_type_ == kTypeHashTimedListpack ? 3 : 2);
      }
      break;
    }
    case Container::kZiplist:
      ziplist_ = ZiplistReader(blob_);
      if (const Status sound = ziplist_.Start(); !sound.ok()) return Damaged(sound);
      if (pairs) announced_ = ziplist_.announced() / 2;
      in_blob_ = true;
      break;
    case Container::kZipmap:
      zipmap_ = ZipmapReader(blob_);
      if (const Status sound = zipmap_.Start(); !sound.ok()) return Damaged(sound);
      in_blob_ = true;
      break;
    case Container::kIntset:
      if (const Status sound = IntSet::Validate(blob_); !sound.ok()) return Damaged(sound);
      place_ = 0;
      in_blob_ = true;
      announced_ = LoadLittle(blob_.data() + 4, 4);
      break;
  }
  return {};
}

Result<bool> RdbCollection::FromBlob(RdbElement* element) {
  if (plain_) {
    element->text = blob_;
    return std::exchange(untouched_, false);
  }
  untouched_ = false;
  RHA_ASSIGN_OR_RETURN(const bool more, BlobText(&element->text, first_digits_));
  if (!more) return false;
  if (encoding_.type == Type::kHash || encoding_.type == Type::kZset) {
    RHA_ASSIGN_OR_RETURN(const bool paired, BlobText(&element->value, second_digits_));
    if (!paired) return Damaged("an odd number of texts where pairs belong");
    if (encoding_.type == Type::kZset) RHA_RETURN_IF_ERROR(Scored(element));
    if (rdb_type_ == kTypeHashTimedListpack) RHA_RETURN_IF_ERROR(EndOfField(element));
  }
  return true;
}

Result<bool> RdbCollection::BlobText(std::string_view* text, structs::DecimalText& scratch) {
  switch (encoding_.container) {
    case Container::kListpack: {
      if (place_ == ListpackView::kNone) return false;
      const ListpackView listpack(reinterpret_cast<const uint8_t*>(blob_.data()));
      *text = listpack.Get(place_).Text(scratch);
      place_ = listpack.Next(place_);
      return true;
    }
    case Container::kZiplist: {
      ListpackValue value;
      const Result<bool> more = ziplist_.Next(&value);
      if (!more.ok()) return Damaged(more.status());
      *text = value.Text(scratch);
      return *more;
    }
    case Container::kZipmap: {
      const Result<bool> more = zipmap_.Next(text);
      if (!more.ok()) return Damaged(more.status());
      return *more;
    }
    case Container::kIntset: {
      const size_t width = LoadLittle(blob_.data(), 4);
      const size_t at = structs::kIntSetHeaderBytes + place_ * width;
      if (at == blob_.size()) return false;
      *text = structs::FormatDecimal(LoadLittleSigned(blob_.data() + at, width), scratch);
      ++place_;
      return true;
    }
    case Container::kElements:
      break;
  }
  return false;
}

Status RdbCollection::EndOfField(RdbElement* element) {
  std::string_view text;
  RHA_ASSIGN_OR_RETURN(const bool more, BlobText(&text, third_digits_));
  int64_t end_ms = 0;
  if (!more || !structs::ParseDecimal(text, &end_ms) || end_ms < 0 ||
      static_cast<uint64_t>(end_ms) > kFieldEndMax) {
    return Damaged("a field without the end of its lifetime");
  }
  element->end_ms = end_ms == 0 ? types::kEndless : end_ms;
  return {};
}

// A packed sorted set lies in the order of score and member.
Status RdbCollection::Scored(RdbElement* element) {
  if (!ParseScore(element->value, &element->score)) {
    return Damaged(fmt::format("the score {} is not a number", Printable(element->value)));
  }
  if (has_previous_ && (element->score < previous_score_ ||
                        (element->score == previous_score_ && element->text <= previous_member_))) {
    return Damaged(fmt::format("member {} is out of order", Printable(element->text)));
  }
  has_previous_ = true;
  previous_member_ = element->text;
  previous_score_ = element->score;
  return {};
}

Result<std::string_view> RdbCollection::TakeListpack(const NodeLimits& limits) {
  const bool whole =
      in_blob_ && untouched_ && !plain_ && blob_.size() <= limits.bytes &&
      encoding_.container == Container::kListpack &&
      ListpackView(reinterpret_cast<const uint8_t*>(blob_.data())).size() <= limits.elements;
  if (!whole) return std::string_view();
  // OpenBlob() would overwrite it.
  std::swap(text_, value_);
  const std::string_view taken = value_;
  RHA_RETURN_IF_ERROR(OpenBlob().status());
  return taken;
}

std::string_view RdbCollection::TakeIntset(size_t elements_max) {
  if (!in_blob_ || !untouched_ || encoding_.container != Container::kIntset) return {};
  if (announced_ > elements_max) return {};
  in_blob_ = false;
  return blob_;
}

}  // namespace rha::node::codec
