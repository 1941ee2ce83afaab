#include "common/env/watched_file.h"

#include <gmock/gmock.h>
#include <sys/resource.h>

#include <filesystem>
#include <fstream>

namespace rha::env {
namespace {

using testing::HasSubstr;

constexpr size_t kBytesMax = 100;

class WatchedFileTest : public testing::Test {
 protected:
  WatchedFileTest() {
    std::string pattern = testing::TempDir() + "rha-watched-XXXXXX";
    folder_ = ::mkdtemp(pattern.data());
    Swap("one\nmore\n");
  }
  ~WatchedFileTest() override { std::filesystem::remove_all(folder_); }

  // As kubelet does: another file, and the link to it changes.
  void Swap(const std::string& text) {
    const std::string target = folder_ + "/" + std::to_string(++files_);
    std::ofstream(target) << text;
    std::filesystem::create_symlink(target, folder_ + "/new");
    std::filesystem::rename(folder_ + "/new", folder_ + "/secret");
  }
  std::string path() const { return folder_ + "/secret"; }

  std::string folder_;
  int files_ = 0;
};

TEST_F(WatchedFileTest, SaysOnceWhatHasChanged) {
  WatchedFile file("requirepass-file", path(), kBytesMax);
  EXPECT_EQ(file.Changed(), "one\nmore\n");
  EXPECT_EQ(file.Changed(), std::nullopt);
  Swap("two");
  EXPECT_EQ(file.Changed(), "two");
  EXPECT_EQ(file.Changed(), std::nullopt);
}

TEST_F(WatchedFileTest, WhatWasReadIsNoNews) {
  WatchedFile file("requirepass-file", path(), kBytesMax);
  EXPECT_EQ(*file.Read(), "one\nmore\n");
  EXPECT_EQ(file.Changed(), std::nullopt);
}

TEST_F(WatchedFileTest, AFileThatIsBlankGoneOrTooLargeChangesNothing) {
  WatchedFile file("requirepass-file", path(), kBytesMax);
  file.Changed();
  Swap("\r\n");
  EXPECT_EQ(file.Changed(), std::nullopt);
  std::filesystem::remove(path());
  EXPECT_EQ(file.Changed(), std::nullopt);
  EXPECT_THAT(file.Read().status().message(), HasSubstr("requirepass-file: open " + path()));
  Swap(std::string(kBytesMax + 1, 'x'));
  EXPECT_EQ(file.Changed(), std::nullopt);
  Swap(std::string(kBytesMax, 'x'));
  EXPECT_EQ(file.Changed(), std::string(kBytesMax, 'x'));
}

TEST_F(WatchedFileTest, WhatIsNotWhatItMustBeIsLookedAtAgain) {
  bool good = false;
  WatchedFile file("key", path(), kBytesMax, [&](std::string_view) {
    return good ? Status::Ok() : Status(Code::kInvalid, "no key");
  });
  EXPECT_THAT(file.Read().status().message(), HasSubstr("no key"));
  EXPECT_EQ(file.Changed(), std::nullopt);
  good = true;
  EXPECT_EQ(file.Changed(), "one\nmore\n");
}

// It was looked at and could not be read for a moment: it is read at the next look.
TEST_F(WatchedFileTest, AChangeIsNotLostWithoutDescriptors) {
  WatchedFile file("requirepass-file", path(), kBytesMax);
  file.Changed();
  Swap("two");
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  const rlimit none{0, before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &none), 0);
  const auto while_none = file.Changed();
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
  EXPECT_EQ(while_none, std::nullopt);
  EXPECT_EQ(file.Changed(), "two");
}

TEST(WatchedFile, WithoutAPathThereIsNone) {
  EXPECT_EQ(WatchedFile("requirepass-file", "", kBytesMax).Changed(), std::nullopt);
}

}  // namespace
}  // namespace rha::env
