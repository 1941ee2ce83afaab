#include "node/scripting/library_set.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace rha::node::scripting {
namespace {

using testing::HasSubstr;

class LibrarySetTest : public testing::Test {
 protected:
  // Empty: it is loaded.
  std::string Load(const std::string& name, const std::string& body, bool replace = false) {
    std::string error;
    const bool loaded =
        set_.Load("#!lua name=" + name + "\n" + body, {.replace = replace}, &error) != nullptr;
    return loaded ? "" : error;
  }
  static std::string Registering(const std::string& function) {
    return "redis.register_function('" + function + "', function() return 1 end)";
  }

  LuaMemory memory_;
  Interpreter interpreter_{memory_};
  LibrarySet set_{interpreter_};
};

TEST_F(LibrarySetTest, FunctionsAreFoundInAnyCase) {
  EXPECT_EQ(Load("a", Registering("Fun")), "");
  ASSERT_NE(set_.Find("fUN"), nullptr);
  EXPECT_EQ(set_.Find("fUN")->name, "Fun");
  EXPECT_EQ(Load("b", Registering("FUN")), "Function FUN already exists");
  EXPECT_EQ(set_.libraries().size(), 1u);
  EXPECT_THAT(Load("c", Registering("x") + Registering("X")), HasSubstr("already exists in the"));
}

TEST_F(LibrarySetTest, AFailedLoadChangesNothing) {
  EXPECT_EQ(Load("a", Registering("f")), "");
  EXPECT_EQ(Load("a", Registering("f")), "Library 'a' already exists");
  EXPECT_THAT(Load("a", Registering("g") + " oops()", true), HasSubstr("nonexistent global"));
  EXPECT_THAT(Load("a", "return", true), HasSubstr("No functions registered"));
  EXPECT_THAT(Load("a", "= =", true), HasSubstr("Error compiling function"));
  EXPECT_NE(set_.Find("f"), nullptr);
  EXPECT_EQ(set_.Find("g"), nullptr);
  EXPECT_EQ(Load("a", Registering("g"), true), "");
  EXPECT_EQ(set_.Find("f"), nullptr);
  EXPECT_TRUE(set_.Delete("a"));
  EXPECT_FALSE(set_.Delete("a"));
  EXPECT_EQ(set_.bytes(), 0);
}

TEST_F(LibrarySetTest, WhatIsJoinedComesWholeOrNotAtAll) {
  LibrarySet other(interpreter_);
  std::string error;
  EXPECT_EQ(Load("a", Registering("f")), "");
  EXPECT_EQ(Load("b", Registering("g")), "");
  other.Load("#!lua name=a\n" + Registering("h"), {}, &error);
  other.Load("#!lua name=c\n" + Registering("G"), {}, &error);
  EXPECT_FALSE(set_.Join(other, false, &error));
  EXPECT_EQ(error, "Library a already exists");
  EXPECT_FALSE(set_.Join(other, true, &error));
  EXPECT_EQ(error, "Function G already exists");
  EXPECT_NE(set_.Find("f"), nullptr);
  EXPECT_TRUE(other.Delete("c"));
  EXPECT_TRUE(set_.Join(other, true, &error));
  EXPECT_EQ(set_.Find("f"), nullptr);
  EXPECT_NE(set_.Find("h"), nullptr);
  EXPECT_EQ(other.functions(), 0u);
}

TEST_F(LibrarySetTest, ALoadThatTakesTooLongEnds) {
  std::string error;
  EXPECT_EQ(set_.Load("#!lua name=a\nlocal a = 1 while true do a = a + 1 end",
                      {.time_max = std::chrono::milliseconds(20)}, &error),
            nullptr);
  EXPECT_EQ(error, "Error registering functions: ERR FUNCTION LOAD timeout");
}

TEST_F(LibrarySetTest, AHeadIsAskedFor) {
  std::string error;
  for (const auto& [source, why] : std::map<std::string, std::string>{
           {"", "Missing library metadata"},
           {"#!lua name=a", "Invalid library metadata"},
           {"#!lua name=\"a\n", "Invalid library metadata"},
           {"#!lua\n", "Library name was not given"},
           {"#!lua name=a name=b\n",
            "Invalid metadata value, name argument was given multiple times"},
           {"#!lua nam=a\n", "Invalid metadata value given: nam=a"},
           {"#!js name=a\n", "Engine 'js' not found"}}) {
    EXPECT_EQ(set_.Load(source, {}, &error), nullptr);
    EXPECT_EQ(error, why) << source;
  }
}

}  // namespace
}  // namespace rha::node::scripting
