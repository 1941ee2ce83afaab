#include "common/env/process_title.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <cstring>

namespace rha::env {
namespace {

TEST(ProcessTitle, TakesThePlaceOfTheArgumentsAndNoMore) {
  char place[] =
      "prog\0--port\0"
      "80\0next";
  char* argv[] = {place, place + 5, place + 12, nullptr};
  const std::string path = std::getenv("PATH");
  ProcessTitle title(3, argv);
  EXPECT_EQ(title.program(), "prog");
  EXPECT_EQ(title.bytes_max(), std::strlen("prog --port 80"));
  EXPECT_STREQ(argv[1], "--port") << "until it is set";

  title.Set("longer than there is room for");
  EXPECT_STREQ(place, "longer than th");
  EXPECT_STREQ(place + 15, "next");
  title.Set("short");
  EXPECT_EQ(std::string(place, 15), std::string("short") + std::string(10, '\0'));
  title.Set(std::string_view("a\0b", 3));
  EXPECT_STREQ(place, "a");
  EXPECT_EQ(title.program(), "prog");
  EXPECT_EQ(std::getenv("PATH"), path);
}

}  // namespace
}  // namespace rha::env
