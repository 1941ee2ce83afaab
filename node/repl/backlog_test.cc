#include "node/repl/backlog.h"

#include <gtest/gtest.h>

#include <limits>
#include <string>

#include "node/repl/limits.h"

namespace rha::node::repl {
namespace {

constexpr int64_t kNobody = std::numeric_limits<int64_t>::max();

std::string ReadAll(const Backlog& backlog, int64_t from) {
  std::string all;
  while (from < backlog.end()) {
    const std::string_view piece = backlog.At(from);
    all.append(piece);
    from += static_cast<int64_t>(piece.size());
  }
  return all;
}

std::string Pattern(int64_t begin, int64_t end) {
  std::string bytes;
  for (int64_t i = begin; i < end; ++i) bytes += static_cast<char>('a' + i % 23);
  return bytes;
}

TEST(Backlog, StartsWhereItIsTold) {
  Backlog backlog(100);
  backlog.Restart(1000);
  EXPECT_EQ(backlog.begin(), 1000);
  EXPECT_EQ(backlog.end(), 1000);
  EXPECT_TRUE(backlog.Holds(1000));
  EXPECT_FALSE(backlog.Holds(999));
  EXPECT_FALSE(backlog.Holds(1001));
  EXPECT_EQ(backlog.At(1000), "");
}

TEST(Backlog, KeepsItsCapacityToTheByte) {
  Backlog backlog(10);
  backlog.Restart(0);
  backlog.Append("0123456789abc");
  backlog.Trim(kNobody);
  EXPECT_EQ(backlog.begin(), 3);
  EXPECT_EQ(ReadAll(backlog, 3), "3456789abc");
}

TEST(Backlog, KeepsWhatAReaderStillNeeds) {
  Backlog backlog(10);
  backlog.Restart(0);
  backlog.Append(std::string(1000, 'x'));
  backlog.Trim(200);
  EXPECT_EQ(backlog.begin(), 200);
  backlog.Trim(kNobody);
  EXPECT_EQ(backlog.begin(), 990);
}

TEST(Backlog, CountsWhatASlowReaderCosts) {
  Backlog backlog(2 * kBacklogChunkBytes);
  backlog.Restart(0);
  backlog.Append(std::string(10 * kBacklogChunkBytes, 'x'));
  backlog.Trim(0);
  EXPECT_EQ(backlog.ExcessBytes(), 8 * kBacklogChunkBytes);
  backlog.Trim(kNobody);
  EXPECT_EQ(backlog.ExcessBytes(), 0u);
}

TEST(Backlog, ReadsTheSameBytesAcrossManyChunksAndTrims) {
  Backlog backlog(3 * kBacklogChunkBytes);
  const int64_t start = 12345;
  backlog.Restart(start);
  int64_t end = start;
  for (int64_t size = 1; size < 400'000; size = size * 3 + 7) {
    backlog.Append(Pattern(end, end + size));
    end += size;
    backlog.Trim(kNobody);
    ASSERT_EQ(backlog.end(), end);
    ASSERT_EQ(ReadAll(backlog, backlog.begin()), Pattern(backlog.begin(), end));
  }
  EXPECT_EQ(backlog.held_bytes(), 3 * kBacklogChunkBytes);
  EXPECT_LE(backlog.memory_bytes(), 5 * kBacklogChunkBytes);
}

TEST(Backlog, AppendDoesNotMoveWhatIsBeingSent) {
  Backlog backlog(kBacklogChunkBytes);
  backlog.Restart(0);
  backlog.Append("first");
  const std::string_view piece = backlog.At(0);
  backlog.Append(std::string(10 * kBacklogChunkBytes, 'y'));
  EXPECT_EQ(piece, "first");
}

}  // namespace
}  // namespace rha::node::repl
