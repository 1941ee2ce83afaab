#include "node/app/secret_file.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

namespace rha::node::app {
namespace {

class SecretFileTest : public testing::Test {
 protected:
  SecretFileTest() {
    std::string pattern = testing::TempDir() + "rha-secret-XXXXXX";
    folder_ = ::mkdtemp(pattern.data());
    Swap("one\nmore\n");
  }
  ~SecretFileTest() override { std::filesystem::remove_all(folder_); }

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

TEST_F(SecretFileTest, SaysOnceWhatHasChanged) {
  SecretFile file("requirepass-file", path());
  EXPECT_EQ(file.Changed(), "one\nmore\n");
  EXPECT_EQ(file.Changed(), std::nullopt);
  Swap("two");
  EXPECT_EQ(file.Changed(), "two");
  EXPECT_EQ(file.Changed(), std::nullopt);
}

TEST_F(SecretFileTest, AFileThatIsEmptyOrGoneChangesNothing) {
  SecretFile file("requirepass-file", path());
  file.Changed();
  Swap("");
  EXPECT_EQ(file.Changed(), std::nullopt);
  std::filesystem::remove(path());
  EXPECT_EQ(file.Changed(), std::nullopt);
  Swap("\nnothing in the first line");
  EXPECT_EQ(file.Changed(), std::nullopt);
  Swap("three");
  EXPECT_EQ(file.Changed(), "three");
}

TEST(SecretFile, WithoutAPathThereIsNone) {
  EXPECT_EQ(SecretFile("requirepass-file", "").Changed(), std::nullopt);
}

TEST(SecretFile, OnlyTheFirstLineIsThePassword) {
  EXPECT_EQ(FirstLine("secret\r\nmore"), "secret");
  EXPECT_EQ(FirstLine("secret"), "secret");
}

}  // namespace
}  // namespace rha::node::app
