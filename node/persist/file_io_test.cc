#include "node/persist/file_io.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <string>

#include "node/persist/limits.h"

namespace rha::node::persist {
namespace {

UniqueFd FileOf(size_t bytes) {
  auto file = CreateNamelessFile(std::filesystem::temp_directory_path(), "rha-file");
  EXPECT_TRUE(file.ok() && ::ftruncate(file->get(), static_cast<off_t>(bytes)) == 0);
  return std::move(file).value();
}

TEST(CloseNamelessFile, AThreadClosesALargeOneAndNoneASmallOne) {
  UniqueFd small = FileOf(kClosedAtOnceBytesMax - 1);
  const int number = small.get();
  EXPECT_FALSE(CloseNamelessFile(std::move(small)));
  EXPECT_EQ(::fcntl(number, F_GETFD), -1);
  EXPECT_TRUE(CloseNamelessFile(FileOf(kClosedAtOnceBytesMax)));
  EXPECT_FALSE(CloseNamelessFile(UniqueFd()));
}

}  // namespace
}  // namespace rha::node::persist
