#include "node/dispatch/batch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "common/resp/writer.h"

namespace rha::node::dispatch {
namespace {

using testing::ElementsAre;

TEST(RequestBatch, KnowsEachRequestAsItWouldBeWritten) {
  const std::vector<std::vector<std::string_view>> requests = {
      {"SET", "key", "value"}, {"PING"}, {"set", "", std::string_view("\0\r\n", 3)}};
  std::string input;
  for (const auto& words : requests) resp::AppendRequest(words, &input);
  RequestBatch batch;
  batch.Fill(input);
  ASSERT_EQ(batch.size(), requests.size());
  for (size_t i = 0; i < requests.size(); ++i) {
    std::string written;
    resp::AppendRequest(batch.args(i), &written);
    EXPECT_EQ(batch.wire(i), written);
  }
}

// What is executed otherwise than it is written must not be copied to replicas and files.
TEST(RequestBatch, LeavesToTheParserWhatIsWrittenOtherwise) {
  constexpr std::string_view kPlain = "*1\r\n$4\r\nPING\r\n";
  RequestBatch batch;
  for (const char* request :
       {"PING\r\n", "*01\r\n$4\r\nPING\r\n", "*1\r\n$04\r\nPING\r\n", "*1\rx$4\r\nPING\r\n",
        "*1\r\n$4\r\rPING\r\n", "*1\r\n$4\r\nPINGxx", "*1\r\n$4\r\nPING\r"}) {
    const std::string input = std::string(kPlain) + request + std::string(kPlain);
    batch.Fill(input);
    EXPECT_EQ(batch.size(), 1u) << request;
    EXPECT_EQ(batch.wire(0), kPlain);
    EXPECT_THAT(batch.args(0), ElementsAre("PING"));
  }
}

}  // namespace
}  // namespace rha::node::dispatch
