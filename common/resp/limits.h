// Named limits of the protocol, with Redis' own values where Redis has them.
#pragma once

#include <cstddef>
#include <cstdint>

namespace rha::resp {

// What ParseWholeRequest takes for short; both far below any limit of the protocol.
constexpr size_t kShortRequestWordsMax = 999;
constexpr size_t kShortBulkBytesMax = 9999;

// Requests (what a client may send).
constexpr size_t kInlineBytesMax = 64 * 1024;          // also of one "*N" or "$N" line
constexpr int64_t kRequestArgsMax = INT32_MAX;         // arguments of one request
constexpr size_t kArgsKeptMax = 256;                   // that a parser at rest has room for
constexpr int64_t kBulkBytesMaxDefault = 512LL << 20;  // proto-max-bulk-len
constexpr int64_t kUnauthenticatedArgsMax = 10;        // before AUTH has succeeded
constexpr int64_t kUnauthenticatedBulkBytesMax = 16 * 1024;

// Replies (what a server we talk to may send).
constexpr size_t kReplyDepthMax = 16;
constexpr size_t kReplyBytesMaxDefault = 64 << 20;
constexpr int64_t kReplyItemsMax = 1 << 20;  // of one aggregate
constexpr size_t kReplyLineBytesMax = 64 * 1024;

}  // namespace rha::resp
