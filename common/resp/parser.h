// Bytes in, requests or replies out. No sockets, no clock; both parsers resume where the bytes
// ended.
//
// Contract of both: Parse(input) is given everything that has not been consumed yet, beginning with
// the first such byte. After kMore call again with the same bytes and more behind them (they may
// have moved in memory). After kDone drop consumed() bytes. After kError the stream is beyond
// repair: close it.
//
// Thread rule: one owner.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/resp/limits.h"
#include "common/resp/value.h"

namespace rha::resp {

using Args = std::span<const std::string_view>;

enum class Outcome { kMore, kDone, kError };

// Requests as clients send them: an array of bulk strings, or an inline line ("SET k v\r\n").
// args() are views into the input of the last Parse, so nothing is copied; only the words of an
// inline request live in the parser. An empty request ("\r\n", "*0\r\n") is kDone with no
// arguments.
class RequestParser {
 public:
  Outcome Parse(std::string_view input);

  Args args() const { return args_; }
  size_t consumed() const { return consumed_; }
  // "Protocol error: invalid bulk length": what Redis answers after "-ERR ".
  const std::string& error() const { return error_; }
  // How long the input must at least become before Parse can get further; a hint for reading large
  // values.
  size_t bytes_wanted() const { return bytes_wanted_; }
  bool in_multibulk() const { return phase_ != Phase::kStart; }
  // Of a request that is not complete: so many of its bytes need not be looked at again; its whole
  // words among them.
  size_t read_bytes() const { return in_multibulk() ? position_ : 0; }
  size_t read_word_bytes() const { return in_multibulk() ? word_bytes_ : 0; }
  // Gives back what a long request has left behind. REQUIRES: args() are no longer needed.
  void Trim();
  size_t heap_bytes() const {
    return pieces_.capacity() * sizeof(Piece) + args_.capacity() * sizeof(std::string_view);
  }

  void set_bulk_bytes_max(int64_t bytes) { bulk_bytes_max_ = bytes; }
  // Tighter limits for a peer that has not authenticated.
  void set_unauthenticated(bool on) { unauthenticated_ = on; }

 private:
  enum class Phase { kStart, kBulkHeader, kBulkBody };
  struct Piece {
    size_t offset, length;
  };

  Outcome ParseInline(std::string_view input);
  Outcome ParseCount(std::string_view input);
  Outcome ParseBulkHeader(std::string_view input);
  Outcome ParseBulks(std::string_view input);
  Outcome Done(std::string_view input);
  Outcome Fail(std::string message);

  Phase phase_ = Phase::kStart;
  bool unauthenticated_ = false;
  int64_t bulk_bytes_max_ = kBulkBytesMaxDefault;
  int64_t bulks_left_ = 0;
  size_t bulk_length_ = 0;
  size_t position_ = 0;  // everything before it has been understood
  size_t consumed_ = 0;
  size_t bytes_wanted_ = 0;
  size_t word_bytes_ = 0;
  std::vector<Piece> pieces_;
  std::vector<std::string_view> args_;
  std::vector<std::string> inline_words_;
  std::string error_;
};

// The quick way for what nearly all input is: reads one whole request, an array of short bulk
// strings, from the front of `input` and appends its words (views into it). Returns how many bytes
// it was, just those that WriteRequest makes of the words; 0: not such a request or not all of it,
// ask a RequestParser.
size_t ParseWholeRequest(std::string_view input, std::vector<std::string_view>* words);

// Replies as servers send them, RESP2 and RESP3. Attributes are read and dropped. `bytes_max` is
// for the bytes of a reply and for the Values that they become, which are larger than the shortest
// of them.
class ReplyParser {
 public:
  explicit ReplyParser(size_t bytes_max = kReplyBytesMaxDefault) : bytes_max_(bytes_max) {}

  Outcome Parse(std::string_view input);

  // After kDone; may be moved from.
  Value& value() { return value_; }
  size_t consumed() const { return consumed_; }
  const std::string& error() const { return error_; }

 private:
  struct Frame {
    Value value;
    int64_t items_left;
    bool attribute;
  };

  Outcome Line(std::string_view input, std::string_view* line);
  Outcome Element(std::string_view input);
  Outcome OpenAggregate(char kind, int64_t count);
  Outcome Scalar(char kind, std::string_view text, Value* value);
  Outcome Body(std::string_view input);
  Outcome Finish(Value value);
  Outcome Fail(std::string message);

  size_t bytes_max_;
  size_t position_ = 0;
  size_t consumed_ = 0;
  bool in_body_ = false;
  char body_kind_ = 0;
  size_t body_length_ = 0;
  size_t items_ = 0;  // of all aggregates, so far
  bool complete_ = false;
  std::vector<Frame> stack_;
  Value value_;
  std::string error_;
};

}  // namespace rha::resp
