// ValueReader: the value at which an RdbInput stands, of whichever type that is no string.
//
// Thread rule: one owner.
#pragma once

#include <cstdint>

#include "node/codec/rdb_collection.h"
#include "node/codec/rdb_input.h"
#include "node/codec/rdb_stream.h"

namespace rha::node::codec {

class ValueReader {
 public:
  // `input` must outlive it.
  explicit ValueReader(RdbInput& input) : input_(input), collection_(input), stream_(input) {}

  // False: a string, or what we do not have.
  static bool Knows(uint8_t type) { return RdbStream::Knows(type) || RdbCollection::Knows(type); }
  static types::Type TypeOf(uint8_t type) {
    return RdbStream::Knows(type) ? types::Type::kStream : RdbCollection::TypeOf(type);
  }

  // REQUIRES: Knows(type). Behind it stands what the key was followed by.
  Status Begin(uint8_t type) {
    return RdbStream::Knows(type) ? stream_.Begin(type) : collection_.Begin(type);
  }
  // Reads what nobody took.
  Status PassOver() {
    for (RdbElement passed; collection_.open();) {
      RHA_RETURN_IF_ERROR(collection_.Next(&passed).status());
    }
    for (size_t budget = SIZE_MAX; stream_.open(); budget = SIZE_MAX) {
      RHA_RETURN_IF_ERROR(stream_.Step(nullptr, &budget).status());
    }
    return {};
  }
  RdbCollection& collection() { return collection_; }
  RdbStream& stream() { return stream_; }
  Status Fail(std::string_view what) const { return input_.Fail(what); }

 private:
  RdbInput& input_;
  RdbCollection collection_;
  RdbStream stream_;
};

}  // namespace rha::node::codec
