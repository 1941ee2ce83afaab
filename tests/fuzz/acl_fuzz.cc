// Any bytes as an ACL file, and as rules one after the other: never a crash. A rule that is refused
// changes nothing; a user's text, read again, is a user who may do just the same.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "common/acl/acl_file.h"
#include "common/acl/test_catalogue.h"
#include "common/base/check.h"

namespace {

using rha::acl::ParseAclFile;
using rha::acl::Rulebook;
using rha::acl::RuleFault;
using rha::acl::Selector;
using rha::acl::TestCatalogue;
using rha::acl::User;

constexpr std::string_view kNames[] = {"", "*", "a", "a:1", "key", "read:x"};

void CheckSame(const Selector& a, const Selector& b) {
  for (size_t command = 0; command < TestCatalogue().size(); ++command) {
    for (const std::string_view argument : kNames) {
      RHA_CHECK(a.AllowsCommand(command, &argument) == b.AllowsCommand(command, &argument));
    }
    RHA_CHECK(a.AllowsCommand(command, nullptr) == b.AllowsCommand(command, nullptr));
  }
  for (const std::string_view name : kNames) {
    for (uint8_t rights = 0; rights < 4; ++rights) {
      RHA_CHECK(a.AllowsKey(name, rights) == b.AllowsKey(name, rights));
      RHA_CHECK(a.AllowsEveryKey(rights) == b.AllowsEveryKey(rights));
    }
    RHA_CHECK(a.AllowsChannel(name, false) == b.AllowsChannel(name, false));
    RHA_CHECK(a.AllowsChannel(name, true) == b.AllowsChannel(name, true));
  }
}

void CheckReadAgain(const User& user, const Rulebook& book) {
  const std::string text = user.Text(TestCatalogue());
  const auto again = ParseAclFile("user " + user.name() + " " + text, "file", book);
  RHA_CHECK(again.ok() && again->size() == 1);
  const User& same = again->front();
  RHA_CHECK(same.name() == user.name() && same.Text(TestCatalogue()) == text);
  RHA_CHECK(same.passwords() == user.passwords() && same.is_on() == user.is_on());
  RHA_CHECK(same.needs_no_password() == user.needs_no_password());
  RHA_CHECK(same.selectors().size() == user.selectors().size());
  for (size_t i = 0; i < user.selectors().size(); ++i) {
    CheckSame(user.selectors()[i], same.selectors()[i]);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  // What a new selector begins with must not matter to a text that says all.
  const Rulebook book{&TestCatalogue(), size % 2 == 1};
  const Rulebook other{&TestCatalogue(), size % 2 == 0};
  if (const auto users = ParseAclFile(input, "file", book); users.ok()) {
    for (const User& user : *users) CheckReadAgain(user, other);
  }

  User user("fuzz", book);
  std::string before = user.Text(TestCatalogue());
  size_t begin = 0;
  for (int rules = 0; begin <= input.size() && rules < 64; ++rules) {
    const size_t end = std::min(input.find('\n', begin), input.size());
    const bool applied = user.Apply(book, input.substr(begin, end - begin)) == RuleFault::kNone;
    std::string after = user.Text(TestCatalogue());
    RHA_CHECK(applied || after == before);
    before = std::move(after);
    begin = end + 1;
  }
  CheckReadAgain(user, other);
  return 0;
}
