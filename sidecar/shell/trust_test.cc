#include "sidecar/shell/trust.h"

#include <gmock/gmock.h>
#include <stdlib.h>
#include <unistd.h>

#include "sidecar/shell/limits.h"
#include "sidecar/shell/options.h"
#include "sidecar/shell/state_file.h"

namespace rha::sidecar::shell {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr char kOldKey[] = "0123456789abcdef0123456789abcdef";
constexpr char kNewKey[] = "fedcba9876543210fedcba9876543210";

class TrustTest : public testing::Test {
 protected:
  TrustTest() {
    char name[] = "/tmp/rha-trust-XXXXXX";
    folder_ = ::mkdtemp(name);
    options_.members = {{"demo-0", "h0", ""}, {"demo-1", "h1", ""}};
    options_.self = "demo-0";
    options_.cluster_uid = "uid-1";
  }
  ~TrustTest() override {
    for (const char* name : {"password", "admin", "key"}) ::unlink(Path(name).c_str());
    ::rmdir(folder_.c_str());
  }
  std::string Path(const std::string& name) const { return folder_ + "/" + name; }
  std::string Write(const std::string& name, const std::string& text) {
    EXPECT_TRUE(WriteTextFile(Path(name), text).ok());
    return Path(name);
  }

  std::string folder_;
  Options options_;
  MonoTime now_{std::chrono::hours(1)};
};

TEST_F(TrustTest, SecretsThatAreNotThereEndTheStart) {
  options_.password_file = Path("password");
  EXPECT_THAT(Trust::Make(options_, now_).status().message(), HasSubstr("requirepass-file"));
  options_.password_file.clear();
  options_.peer_key_file = Write("key", "short\n");
  EXPECT_THAT(Trust::Make(options_, now_).status().message(), HasSubstr("at least 32"));
}

TEST_F(TrustTest, AReplacedKeyIsGivenFirstAndTheOldOneStillCounts) {
  options_.peer_key_file = Write("key", std::string(kOldKey) + "\n");
  Trust trust = *Trust::Make(options_, now_);
  EXPECT_THAT(trust.Keys(now_).all(), ElementsAre(kOldKey));
  Write("key", std::string(kNewKey) + "\n");
  EXPECT_THAT(trust.Keys(now_).all(), ElementsAre(kNewKey, kOldKey));
  now_ += kSecretOverlap;
  EXPECT_THAT(trust.Keys(now_).all(), ElementsAre(kNewKey));
  Write("key", "nonsense\n");
  EXPECT_THAT(trust.Keys(now_).all(), ElementsAre(kNewKey));
}

}  // namespace
}  // namespace rha::sidecar::shell
