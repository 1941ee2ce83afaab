// RdbCollection: the list, set, sorted set or hash at which an RdbInput stands, element by element,
// in whichever of the forms that Redis 2.x to 7.0 gave it (grammar in rdb_format.h).
//
// Invariants
//  * What is kept as one blob (listpack, ziplist, zipmap, intset) is one string in memory; a value
//    kept by elements is never in memory as a whole.
//  * A damaged blob, an odd number of texts where pairs belong, a score that is no number, or pairs
//    of a packed sorted set out of order are errors. That no member occurs twice is for whoever
//    builds the collection to see.
// Thread rule: one owner.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "common/base/status.h"
#include "node/codec/rdb_format.h"
#include "node/codec/rdb_input.h"
#include "node/codec/ziplist.h"
#include "node/codec/zipmap.h"
#include "node/structs/decimal.h"
#include "node/structs/int_set.h"
#include "node/structs/listpack.h"
#include "node/types/field_lives.h"
#include "node/types/form.h"

namespace rha::node::codec {

// A list's element, a set's member, a hash's field and value, or a sorted set's member and score.
struct RdbElement {
  std::string_view text, value;
  double score = 0;
  int64_t end_ms = types::kEndless;  // of a field
};

class RdbCollection {
 public:
  explicit RdbCollection(RdbInput& input) : input_(input) {}

  // False: RDB has such types, but they are none of the four.
  static bool Knows(uint8_t type);
  static types::Type TypeOf(uint8_t type);

  // REQUIRES: Knows(type). Behind it stands what the key was followed by.
  Status Begin(uint8_t type);
  // How many elements to make room for; 0: cannot be told yet.
  size_t announced() const { return announced_; }
  bool open() const { return open_; }
  // The members of this sorted set come from the least to the greatest.
  bool in_order() const { return encoding_.container != Container::kElements; }

  // False: that was the last. Views are valid until the next call.
  Result<bool> Next(RdbElement* element);
  // A whole blob that Next() has not begun yet, instead of its elements: a valid listpack or intset
  // of at most that size; empty: there is none.
  struct NodeLimits {
    size_t bytes, elements;
  };
  Result<std::string_view> TakeListpack(const NodeLimits& limits);
  std::string_view TakeIntset(size_t elements_max);
  // Why a value with such an element, or pair, is refused.
  Status OccursTwice(std::string_view text) const;

 private:
  enum class Container : uint8_t { kElements, kListpack, kZiplist, kZipmap, kIntset };
  struct Encoding {
    types::Type type;
    Container container;
  };
  static const Encoding* EncodingOf(uint8_t type);

  Status ReadElement(RdbElement* element);
  Status ReadTimedField(RdbElement* element);
  Status EndOfField(RdbElement* element);
  // The next blob that is not empty. False: there is none.
  Result<bool> OpenBlob();
  Status BeginBlob();
  Status Node();
  Result<bool> FromBlob(RdbElement* element);
  Result<bool> BlobText(std::string_view* text, structs::DecimalText& scratch);
  Status Scored(RdbElement* element);
  std::string_view BlobName() const;
  Status Damaged(std::string_view what) const;
  Status Damaged(const Status& status) const { return Damaged(status.message()); }

  RdbInput& input_;
  uint8_t rdb_type_ = 0;
  Encoding encoding_{};
  bool open_ = false;
  uint64_t left_ = 0;  // elements, or blobs, that have not been begun
  size_t announced_ = 0;
  uint64_t least_end_ms_ = 0;  // of a hash with lifetimes

  // The blob being read.
  bool in_blob_ = false;
  bool untouched_ = false;  // nothing of it was handed out
  bool plain_ = false;      // it is one element
  uint64_t blob_at_ = 0;    // where in the file it began
  std::string_view blob_;
  uint32_t place_ = 0;  // in a listpack; the index in an intset
  ZiplistReader ziplist_;
  ZipmapReader zipmap_;
  std::string previous_member_;  // of a packed sorted set
  double previous_score_ = 0;
  bool has_previous_ = false;

  std::string text_, value_;  // scratch
  structs::DecimalText first_digits_, second_digits_, third_digits_;
};

}  // namespace rha::node::codec
