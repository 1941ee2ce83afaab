#include <gtest/gtest.h>

#include <latch>

#include "common/base/background_thread.h"
#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/prng.h"
#include "common/base/random_id.h"
#include "common/base/status.h"

namespace rha {
namespace {

Result<int> Half(int n) {
  if (n % 2) return Status(Code::kInvalid, "odd");
  return n / 2;
}
Result<int> Quarter(int n) {
  RHA_ASSIGN_OR_RETURN(int half, Half(n));
  return Half(half);
}

TEST(ResultTest, CarriesTheValueOrTheFirstError) {
  EXPECT_EQ(*Quarter(8), 2);
  EXPECT_EQ(Quarter(6).status().message(), "odd");
  EXPECT_EQ(std::move(Quarter(6).status()).Context("quarter 6").message(), "quarter 6: odd");
}

TEST(ErrnoStatusTest, FullDiskIsExhausted) {
  const Status status = ErrnoStatus("write /data/x", ENOSPC);
  EXPECT_EQ(status.code(), Code::kExhausted);
  EXPECT_EQ(status.message(), "write /data/x: No space left on device");
}

TEST(PrngTest, SameSeedSameSequenceOnEveryMachine) {
  Prng a(7), b(7);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(a.Next(), b.Next());
  Prng c(1);
  EXPECT_EQ(c.Next(), 14971601782005023387ULL);
  for (int i = 0; i < 1000; ++i) {
    const int64_t v = c.Between(-3, 3);
    EXPECT_GE(v, -3);
    EXPECT_LE(v, 3);
  }
}

TEST(RandomHexTest, HasTheAskedLengthAndDiffers) {
  EXPECT_EQ(RandomHex(40).size(), 40u);
  EXPECT_NE(RandomHex(40), RandomHex(40));
}

TEST(ManualClockTest, MovesBothTimesTogether) {
  ManualClock clock(1000);
  const MonoTime before = clock.Now();
  clock.Advance(Millis(250));
  EXPECT_EQ(clock.UnixMillis(), 1250);
  EXPECT_EQ(clock.Now() - before, Millis(250));
}

TEST(BackgroundThreadTest, NobodyWaitsForOneThatHasNotEnded) {
  std::latch may_end(1);
  std::thread thread = *StartBackgroundThread("test", [&] { may_end.wait(); });
  EXPECT_FALSE(JoinIfEnded(thread));
  may_end.count_down();
  while (!JoinIfEnded(thread)) std::this_thread::yield();
  EXPECT_FALSE(thread.joinable());
  EXPECT_TRUE(JoinIfEnded(thread));
}

TEST(JsonQuoteTest, EscapesQuotesControlsAndBrokenUtf8) {
  EXPECT_EQ(log::JsonQuote("a\"b\\\n\x01"), R"("a\"b\\\n\u0001")");
  EXPECT_EQ(log::JsonQuote("\xc3\xa9"), "\"\xc3\xa9\"");
  EXPECT_EQ(log::JsonQuote("\xff\xc3"), R"("\ufffd\ufffd")");
}

}  // namespace
}  // namespace rha
