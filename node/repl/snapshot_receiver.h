// Finds the end of a snapshot on the wire, announced by its length or by a mark of 40 random bytes.
//
// With a mark the last 40 bytes seen are held back until it is certain that they are not the mark.
// Thread rule: one owner. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace rha::node::repl {

class SnapshotReceiver {
 public:
  // `length` -1: `end_mark` ends it.
  SnapshotReceiver(int64_t length, std::string end_mark)
      : length_(length), end_mark_(std::move(end_mark)) {}

  struct Taken {
    size_t consumed;  // of the input; less than all only when done
    bool done;
  };
  // Appends the snapshot's own bytes to `out`. The mark is looked for only where the input ends, as
  // in Redis: the primary sends nothing more until it hears from us.
  Taken Take(std::string_view input, std::string* out);

  int64_t bytes_received() const { return received_; }
  int64_t length() const { return length_; }

 private:
  int64_t length_;
  std::string end_mark_;
  std::string held_;
  int64_t received_ = 0;
};

}  // namespace rha::node::repl
