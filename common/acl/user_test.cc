#include "common/acl/user.h"

#include <gtest/gtest.h>

#include "common/acl/check.h"
#include "common/acl/test_catalogue.h"
#include "common/trust/sha256.h"

namespace rha::acl {
namespace {

class UserTest : public testing::Test {
 protected:
  std::string Set(std::string_view rules) {
    const Status set = user_.ApplyAll(book_, Words(rules));
    return set.ok() ? "" : set.message();
  }
  static std::vector<std::string_view> Words(std::string_view text) {
    std::vector<std::string_view> words;
    while (!text.empty()) {
      const size_t end = text.find(' ');
      words.push_back(text.substr(0, end));
      text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    }
    return words;
  }
  std::string Text() const { return user_.Text(TestCatalogue()); }
  std::string Commands() const { return user_.selectors()[0].CommandsText(TestCatalogue()); }
  bool Runs(size_t command, std::string_view first = {}) const {
    const Asked asked{.command = command, .first_argument = first.empty() ? nullptr : &first};
    return Check(user_, asked, [](auto) {}).denied == Denied::kNothing;
  }
  Verdict Judge(size_t command, const std::vector<Touched>& touched) const {
    return Check(user_, {.command = command}, [&](auto visit) {
      for (const Touched& one : touched) {
        if (!visit(one)) return;
      }
    });
  }
  static Touched Key(std::string_view name, uint8_t rights, size_t word = 1) {
    return {.rights = rights, .word = word, .name = name};
  }
  static Touched Channel(std::string_view name, bool is_pattern = false) {
    using Kind = Touched::Kind;
    return {.kind = is_pattern ? Kind::kChannelPattern : Kind::kChannel, .word = 1, .name = name};
  }

  Rulebook book_{&TestCatalogue()};
  User user_{"alice", book_};
};

TEST_F(UserTest, ANewUserMayDoNothing) {
  EXPECT_EQ(Text(), "off resetchannels -@all");
  EXPECT_FALSE(Runs(kGet));
  EXPECT_TRUE(user_.restricted());
  EXPECT_FALSE(user_.HasPassword(trust::Sha256Hex("")));
}

TEST_F(UserTest, TheDefaultUserIsToldAsRedisDoes) {
  const User user = User::MayDoAll("default", book_);
  EXPECT_EQ(user.Text(TestCatalogue()), "on nopass ~* &* +@all");
  EXPECT_FALSE(user.restricted());
  EXPECT_TRUE(user.open());
}

TEST_F(UserTest, PasswordsAreKeptAsHashes) {
  EXPECT_EQ(Set("on >one >two >one"), "");
  const std::string one = trust::Sha256Hex("one"), two = trust::Sha256Hex("two");
  EXPECT_EQ(Text(), "on #" + one + " #" + two + " resetchannels -@all");
  EXPECT_TRUE(user_.HasPassword(two));
  EXPECT_EQ(Set("<one"), "");
  EXPECT_FALSE(user_.HasPassword(one));
  EXPECT_EQ(Set("<one"),
            "Error in ACL SETUSER modifier '<one': The password you are trying to remove from the "
            "user does not exist");
  EXPECT_EQ(Set("!" + two + " #" + one), "");
  EXPECT_TRUE(user_.HasPassword(one));
  EXPECT_EQ(Set("nopass"), "");
  EXPECT_TRUE(user_.passwords().empty() && user_.open());
  EXPECT_EQ(Set(">one"), "");
  EXPECT_FALSE(user_.open());
}

TEST_F(UserTest, OnlyALowerCaseHashIsAHash) {
  for (const std::string& hash : {std::string(63, 'a'), std::string(65, 'a'), std::string(64, 'A'),
                                  std::string(63, 'a') + "g"}) {
    EXPECT_EQ(Set("#" + hash), "Error in ACL SETUSER modifier '#" + hash +
                                   "': The password hash must be exactly 64 characters and contain "
                                   "only lowercase hexadecimal characters");
  }
}

TEST_F(UserTest, RulesOfOneOrderAreAllAppliedOrNone) {
  EXPECT_EQ(Set("on +get nonsense"), "Error in ACL SETUSER modifier 'nonsense': Syntax error");
  EXPECT_EQ(Text(), "off resetchannels -@all");
}

TEST_F(UserTest, ResetMakesItNewButChecksPayloads) {
  EXPECT_EQ(Set("on nopass ~* &* +@all (+get ~a) skip-sanitize-payload reset"), "");
  EXPECT_EQ(Text(), "off sanitize-payload resetchannels -@all");
  book_.channels_open = true;
  EXPECT_EQ(Set("reset"), "");
  EXPECT_EQ(Text(), "off sanitize-payload &* -@all");
}

TEST_F(UserTest, CommandsAreToldByCategoriesAndWhatIsLeft) {
  EXPECT_EQ(Set("+@all -@string +incr"), "");
  EXPECT_EQ(Commands(), "+@all -@string +incr");
  EXPECT_EQ(Set("-@all +@string -incr +ping"), "");
  EXPECT_EQ(Commands(), "-@all +@string -incr +ping");
  EXPECT_EQ(Set("+@all -config|set"), "");
  EXPECT_EQ(Commands(), "+@all -config|set");
  EXPECT_EQ(Set("-@all +acl +config -config|set"), "");
  EXPECT_TRUE(Runs(kConfigGet));
  EXPECT_FALSE(Runs(kConfigSet));
  EXPECT_EQ(Set("+CONFIG|SET"), "");
  EXPECT_TRUE(Runs(kConfigSet));
}

TEST_F(UserTest, EachCategoryIsToldAsItself) {
  for (const CategoryName& category : kCategoryNames) {
    if (TestCatalogue().Having(category.bit).none()) continue;
    const std::string name(category.name);
    EXPECT_EQ(Set("reset +@all -@" + name), "");
    const std::string without = Commands();
    EXPECT_EQ(Set("reset " + without), "");
    EXPECT_EQ(Commands(), without) << name;
  }
}

TEST_F(UserTest, OnceAllCommandsAreAllowedThoseToComeAreToo) {
  EXPECT_EQ(Set("+@all -get +get"), "");
  EXPECT_EQ(Commands(), "+@all");
  EXPECT_EQ(Set("-@all +@read +@write +@slow +@fast"), "");
  EXPECT_TRUE(Runs(kPing));
  EXPECT_EQ(Commands().substr(0, 5), "-@all");
}

TEST_F(UserTest, AFirstArgumentOpensACommandThatIsClosed) {
  EXPECT_EQ(Set("+select|0"), "");
  EXPECT_EQ(Commands(), "-@all +select|0");
  EXPECT_TRUE(Runs(kSelect, "0"));
  EXPECT_FALSE(Runs(kSelect, "1"));
  EXPECT_FALSE(Runs(kSelect));
  EXPECT_EQ(Set("+select"), "");
  EXPECT_EQ(Commands(), "-@all +select");
  EXPECT_EQ(Set("-select"), "");
  EXPECT_FALSE(Runs(kSelect, "0"));
}

TEST_F(UserTest, WhatDoesNotExistIsNoRule) {
  const auto fault = [&](std::string_view rule) { return user_.Apply(book_, rule); };
  EXPECT_EQ(fault("+nosuch"), RuleFault::kUnknownCommand);
  EXPECT_EQ(fault("+"), RuleFault::kUnknownCommand);
  EXPECT_EQ(fault("-"), RuleFault::kUnknownCommand);
  EXPECT_EQ(fault("+@nosuch"), RuleFault::kUnknownCommand);
  EXPECT_EQ(fault("-@"), RuleFault::kUnknownCommand);
  EXPECT_EQ(fault("-select|0"), RuleFault::kUnknownCommand);
  EXPECT_EQ(fault("+config|nosuch"), RuleFault::kUnknownCommand);
  EXPECT_EQ(fault("+get|a|b"), RuleFault::kUnknownCommand);
  EXPECT_EQ(fault("+config|get|a"), RuleFault::kFirstArgOfSubcommand);
  EXPECT_EQ(fault("+get|"), RuleFault::kSyntax);
  EXPECT_EQ(fault("+get|a b"), RuleFault::kSyntax);
  EXPECT_EQ(fault("nosuch"), RuleFault::kSyntax);
  EXPECT_EQ(fault("~a b"), RuleFault::kSyntax);
  EXPECT_EQ(fault("&a\tb"), RuleFault::kSyntax);
  EXPECT_EQ(fault("%"), RuleFault::kSyntax);
  EXPECT_EQ(fault("%~a"), RuleFault::kSyntax);
  EXPECT_EQ(fault("%RR~a"), RuleFault::kSyntax);
  EXPECT_EQ(fault("%X~a"), RuleFault::kSyntax);
  EXPECT_EQ(fault(" () "), RuleFault::kSyntax);
  EXPECT_EQ(fault(")"), RuleFault::kSyntax);
  EXPECT_EQ(fault("("), RuleFault::kSyntax);
  EXPECT_EQ(fault(""), RuleFault::kNone);
  EXPECT_EQ(Text(), "off resetchannels -@all");
}

TEST_F(UserTest, AfterAllKeysAPatternMeansNothingAndIsRefused) {
  EXPECT_EQ(Set("~*"), "");
  EXPECT_EQ(user_.Apply(book_, "~a"), RuleFault::kKeysAfterAll);
  EXPECT_EQ(Set("&*"), "");
  EXPECT_EQ(user_.Apply(book_, "&a"), RuleFault::kChannelsAfterAll);
  EXPECT_EQ(Set("resetkeys ~a resetchannels &b"), "");
  EXPECT_EQ(Text(), "off ~a resetchannels &b -@all");
}

TEST_F(UserTest, ReadingAndWritingAreRightsOfTheirOwn) {
  EXPECT_EQ(Set("+@all %R~read* %w~write* %RW~both* ~any*"), "");
  EXPECT_EQ(user_.selectors()[0].KeysText(), "%R~read* %W~write* ~both* ~any*");
  EXPECT_EQ(Judge(kGet, {Key("read1", kMayRead)}).denied, Denied::kNothing);
  EXPECT_EQ(Judge(kGet, {Key("write1", kMayRead)}).denied, Denied::kKey);
  EXPECT_EQ(Judge(kSet, {Key("write1", kMayWrite)}).denied, Denied::kNothing);
  EXPECT_EQ(Judge(kSet, {Key("write1", kMayBoth)}).denied, Denied::kKey);
  EXPECT_EQ(Judge(kSet, {Key("both1", kMayBoth)}).denied, Denied::kNothing);
  EXPECT_EQ(Judge(kGet, {Key("read1", 0)}).denied, Denied::kNothing);  // only looked at
  EXPECT_EQ(Judge(kGet, {Key("other", 0)}).denied, Denied::kKey);
}

TEST_F(UserTest, TheSamePatternTwiceHasBothRights) {
  EXPECT_EQ(Set("%R~a %W~a"), "");
  EXPECT_EQ(user_.selectors()[0].KeysText(), "~a");
}

TEST_F(UserTest, AChannelPatternIsAllowedByItsVeryText) {
  EXPECT_EQ(Set("+@all ~* &news:* &exact"), "");
  EXPECT_EQ(Judge(kGet, {Channel("news:1")}).denied, Denied::kNothing);
  EXPECT_EQ(Judge(kGet, {Channel("exact")}).denied, Denied::kNothing);
  EXPECT_EQ(Judge(kGet, {Channel("other")}).denied, Denied::kChannel);
  EXPECT_EQ(Judge(kGet, {Channel("news:*", true)}).denied, Denied::kNothing);
  EXPECT_EQ(Judge(kGet, {Channel("news:1", true)}).denied, Denied::kChannel);
}

TEST_F(UserTest, OneSelectorMustAllowAll) {
  EXPECT_EQ(Set("(+@read ~read*) (+@write ~write*)"), "");
  EXPECT_EQ(Judge(kGet, {Key("read1", kMayRead)}).denied, Denied::kNothing);
  EXPECT_EQ(Judge(kSet, {Key("write1", kMayWrite)}).denied, Denied::kNothing);
  EXPECT_EQ(Judge(kGet, {Key("write1", kMayRead)}).denied, Denied::kKey);
  EXPECT_EQ(Judge(kPing, {}).denied, Denied::kCommand);
  EXPECT_EQ(Text(),
            "off resetchannels -@all (~read* resetchannels -@all +@read) (~write* resetchannels "
            "-@all +@write)");
  EXPECT_EQ(Set("clearselectors"), "");
  EXPECT_EQ(Text(), "off resetchannels -@all");
}

TEST_F(UserTest, TheRefusalNamesTheLastKeyNoSelectorAllows) {
  EXPECT_EQ(Set("+get ~key (+get ~key ~other)"), "");
  const Verdict verdict = Judge(kGet, {Key("other", kMayRead, 1), Key("some", kMayRead, 2)});
  EXPECT_EQ(verdict.denied, Denied::kKey);
  EXPECT_EQ(verdict.word, 2u);
}

TEST_F(UserTest, ASelectorMayComeAsSeveralWords) {
  EXPECT_EQ(Set("(~a +get ) ( ~b +set)"), "");
  ASSERT_EQ(user_.selectors().size(), 3u);
  EXPECT_EQ(user_.selectors()[1].KeysText(), "~a");
  EXPECT_EQ(user_.selectors()[2].CommandsText(TestCatalogue()), "-@all +set");
  EXPECT_EQ(Set("on (~c +get"), "Unmatched parenthesis in acl selector starting at '(~c'.");
  EXPECT_EQ(Set("(&* &fail)"),
            "Error in ACL SETUSER modifier '(&* &fail)': Adding a pattern after the * pattern (or "
            "the 'allchannels' flag) is not valid and does not have any effect. Try "
            "'resetchannels' to start with an empty list of channels");
  EXPECT_EQ(Set("(on)"), "Error in ACL SETUSER modifier '(on)': Syntax error");
}

TEST_F(UserTest, EveryKeyIsARightThatSortNeeds) {
  const auto may = [&] {
    return MayWithEveryKey(user_, {.command = kGet}, kMayRead,
                           [](auto visit) { visit(Key("list", kMayRead)); });
  };
  EXPECT_EQ(Set("(+get ~list)"), "");
  EXPECT_FALSE(may());
  EXPECT_EQ(Set("(+get ~list %W~*)"), "");
  EXPECT_FALSE(may());
  EXPECT_EQ(Set("(+get ~list %R~*)"), "");
  EXPECT_TRUE(may());
}

TEST_F(UserTest, WhatAUserHoldsIsBounded) {
  for (size_t i = 0; i < kPasswordsMax; ++i) EXPECT_EQ(Set(">" + std::to_string(i)), "");
  EXPECT_EQ(user_.Apply(book_, ">more"), RuleFault::kTooMuch);
  for (size_t i = 1; i < kSelectorsMax; ++i) EXPECT_EQ(Set("(+get)"), "");
  EXPECT_EQ(user_.Apply(book_, "(+get)"), RuleFault::kTooMuch);
  EXPECT_EQ(user_.Apply(book_, "~" + std::string(kTextBytesMax + 1, 'a')), RuleFault::kTooMuch);
  for (size_t i = 0; i < kTextsMax; ++i) {
    EXPECT_EQ(user_.Apply(book_, "~" + std::to_string(i)), RuleFault::kNone);
  }
  EXPECT_EQ(user_.Apply(book_, "&a"), RuleFault::kTooMuch);
  EXPECT_EQ(user_.Apply(book_, "~0"), RuleFault::kNone);
}

TEST_F(UserTest, NoTextIsReadBackAsAnotherUser) {
  EXPECT_EQ(Set("%RW~* ~a"), "");
  EXPECT_EQ(user_.selectors()[0].KeysText(), "%RW~* ~a");
  EXPECT_EQ(user_.Apply(book_, "(~a) +get)"), RuleFault::kSyntax);
  EXPECT_EQ(user_.Apply(book_, "(~\"a b\")"), RuleFault::kSyntax);
  EXPECT_EQ(user_.Apply(book_, "(~a\\x +get)"), RuleFault::kNone);
}

TEST_F(UserTest, ItsTextMakesTheSameUser) {
  EXPECT_EQ(Set("on >p %R~a* ~b &c +@read -get +config|get +select|1 (%W~d +set) ()"), "");
  const std::string text = Text();
  User again("bob", book_);
  ASSERT_TRUE(again.ApplyAll(book_, Words(text)).ok());
  EXPECT_EQ(again.Text(TestCatalogue()), text);
}

}  // namespace
}  // namespace rha::acl
