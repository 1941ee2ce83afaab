#include "node/commands/docs/docs.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "node/commands/all.h"
#include "node/dispatch/command.h"

namespace rha::node::commands {
namespace {

TEST(DocsTest, EachRowHasAnEntryWithTheFieldsThatClientsShow) {
  for (const dispatch::CommandRows rows : AllCommands()) {
    for (const dispatch::CommandSpec& row : rows) {
      std::optional<CommandDoc> doc = FindCommandDoc(row.name);
      ASSERT_TRUE(doc.has_value()) << row.name << " is missing in docs/commands.json";
      EXPECT_GE(doc->field_count, 3) << row.name;
      EXPECT_EQ(doc->fields.Next(), "summary") << row.name;
      EXPECT_FALSE(doc->fields.Next().empty()) << row.name;
    }
  }
}

TEST(DocsTest, NamesAreSortedAndEachIsFound) {
  const std::vector<std::string_view> names = CommandDocNames();
  EXPECT_TRUE(std::is_sorted(names.begin(), names.end()));
  for (const std::string_view name : names) EXPECT_TRUE(FindCommandDoc(name)) << name;
  for (const char* name : {"", "a", "ge", "gett", "zzz", "get\n"}) {
    EXPECT_FALSE(FindCommandDoc(name)) << name;
  }
}

TEST(DocsTest, NotesBelongToTheKeySpecificationsOfTheirRow) {
  const CommandDoc doc = FindCommandDoc("sort").value();
  ASSERT_EQ(doc.key_notes.size(), 3u);
  EXPECT_EQ(doc.key_notes[0], "");
  EXPECT_THAT(doc.key_notes[2], testing::StartsWith("For the optional STORE keyword"));
}

}  // namespace
}  // namespace rha::node::commands
