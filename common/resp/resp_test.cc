#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/resp/parser.h"
#include "common/resp/writer.h"

namespace rha::resp {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::vector<std::string> Copy(Args args) { return {args.begin(), args.end()}; }

// Parses one request given byte by byte; checks that nothing but the last byte completes it.
std::vector<std::string> ByteByByte(RequestParser& parser, const std::string& bytes) {
  for (size_t length = 1; length < bytes.size(); ++length) {
    // A fresh copy each time: the parser must not remember addresses.
    const std::string part = bytes.substr(0, length);
    EXPECT_EQ(parser.Parse(part), Outcome::kMore) << length;
  }
  EXPECT_EQ(parser.Parse(bytes), Outcome::kDone);
  EXPECT_EQ(parser.consumed(), bytes.size());
  return Copy(parser.args());
}

std::string ErrorOf(const std::string& bytes, bool unauthenticated = false) {
  RequestParser parser;
  parser.set_unauthenticated(unauthenticated);
  return parser.Parse(bytes) == Outcome::kError ? parser.error() : "no error";
}

TEST(RequestParser, TakesMultibulkByteByByte) {
  RequestParser parser;
  EXPECT_THAT(ByteByByte(parser, "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$5\r\na\r\nbc\r\n"),
              ElementsAre("SET", "k", "a\r\nbc"));
  EXPECT_THAT(ByteByByte(parser, "*1\r\n$0\r\n\r\n"), ElementsAre(""));
}

TEST(RequestParser, TakesInlineByteByByte) {
  RequestParser parser;
  EXPECT_THAT(ByteByByte(parser, "set  key \"a b\\x41\\n\" 'it\\'s'\r\n"),
              ElementsAre("set", "key", "a bA\n", "it's"));
  EXPECT_THAT(ByteByByte(parser, "PING\n"), ElementsAre("PING"));
}

TEST(RequestParser, ZeroByteHidesTheEndOfAnInlineRequest) {
  RequestParser parser;
  EXPECT_EQ(parser.Parse(std::string_view("PING\0\r\n", 7)), Outcome::kMore);
  EXPECT_EQ(parser.Parse(std::string(1, '\0') + std::string(kInlineBytesMax, '\n')),
            Outcome::kError);
  EXPECT_EQ(parser.error(), "Protocol error: too big inline request");
}

TEST(RequestParser, EmptyRequestsHaveNoArguments) {
  for (const char* bytes : {"\r\n", "\n", "*0\r\n", "*-1\r\n", "   \r\n"}) {
    RequestParser parser;
    EXPECT_EQ(parser.Parse(bytes), Outcome::kDone) << bytes;
    EXPECT_THAT(parser.args(), IsEmpty());
    EXPECT_EQ(parser.consumed(), std::string_view(bytes).size());
  }
}

TEST(RequestParser, GivesBackTheRoomOfALongRequest) {
  const std::vector<std::string_view> words(10'000, "word");
  std::string request;
  AppendRequest(words, &request);
  RequestParser parser;
  ASSERT_EQ(parser.Parse(request), Outcome::kDone);
  EXPECT_GE(parser.heap_bytes(), words.size() * sizeof(std::string_view));
  parser.Trim();
  EXPECT_EQ(parser.heap_bytes(), 0u);
  ASSERT_EQ(parser.Parse(request), Outcome::kDone);
  EXPECT_EQ(parser.args().size(), words.size());
}

TEST(RequestParser, ConsumesOneOfSeveral) {
  RequestParser parser;
  const std::string bytes = "*1\r\n$4\r\nPING\r\nECHO hi\r\n*1\r\n$4\r\nQUIT\r\n";
  std::string_view rest = bytes;
  std::vector<std::string> names;
  while (!rest.empty()) {
    ASSERT_EQ(parser.Parse(rest), Outcome::kDone);
    names.emplace_back(parser.args()[0]);
    rest.remove_prefix(parser.consumed());
  }
  EXPECT_THAT(names, ElementsAre("PING", "ECHO", "QUIT"));
}

TEST(RequestParser, RefusesWithRedisTexts) {
  EXPECT_EQ(ErrorOf("*abc\r\n"), "Protocol error: invalid multibulk length");
  EXPECT_EQ(ErrorOf("*9223372036854775808\r\n"), "Protocol error: invalid multibulk length");
  EXPECT_EQ(ErrorOf("*3000000000\r\n"), "Protocol error: invalid multibulk length");
  EXPECT_EQ(ErrorOf("*1\r\nfoo\r\n"), "Protocol error: expected '$', got 'f'");
  EXPECT_EQ(ErrorOf("*1\r\n$-2\r\n"), "Protocol error: invalid bulk length");
  EXPECT_EQ(ErrorOf("*1\r\n$9223372036854775808\r\n"), "Protocol error: invalid bulk length");
  EXPECT_EQ(ErrorOf("*1\r\n$629145600\r\n"), "Protocol error: invalid bulk length");
  EXPECT_EQ(ErrorOf("*1\r\n$ 3\r\n"), "Protocol error: invalid bulk length");
  EXPECT_EQ(ErrorOf("*1\r\n*1\r\n"), "Protocol error: expected '$', got '*'");
  EXPECT_EQ(ErrorOf("set \"a\r\n"), "Protocol error: unbalanced quotes in request");
  EXPECT_EQ(ErrorOf("set \"a\"b\r\n"), "Protocol error: unbalanced quotes in request");
  EXPECT_EQ(ErrorOf(std::string(kInlineBytesMax + 1, 'x')),
            "Protocol error: too big inline request");
  EXPECT_EQ(ErrorOf("*" + std::string(kInlineBytesMax + 1, '1')),
            "Protocol error: too big mbulk count string");
  EXPECT_EQ(ErrorOf("*1\r\n$" + std::string(kInlineBytesMax + 1, '1')),
            "Protocol error: too big bulk count string");
}

TEST(RequestParser, StrangersHaveTighterLimits) {
  EXPECT_EQ(ErrorOf("*11\r\n", true), "Protocol error: unauthenticated multibulk length");
  EXPECT_EQ(ErrorOf("*1\r\n$16385\r\n", true), "Protocol error: unauthenticated bulk length");
  EXPECT_EQ(ErrorOf("*10\r\n$16384\r\n", true), "no error");
}

TEST(RequestParser, SaysHowMuchALargeValueNeeds) {
  RequestParser parser;
  EXPECT_EQ(parser.Parse("*1\r\n$100000\r\nabc"), Outcome::kMore);
  EXPECT_EQ(parser.bytes_wanted(), std::string_view("*1\r\n$100000\r\n").size() + 100002);
}

TEST(RequestParser, SaysHowMuchOfAnIncompleteRequestIsRead) {
  RequestParser parser;
  EXPECT_EQ(parser.read_bytes(), 0u);
  const std::string_view read = "*3\r\n$3\r\nSET\r\n$2\r\nab\r\n$9\r\n";
  const std::string input = std::string(read) + "incom";
  EXPECT_EQ(parser.Parse(input), Outcome::kMore);
  EXPECT_EQ(parser.read_bytes(), read.size());
  EXPECT_EQ(parser.read_word_bytes(), 5u);
  EXPECT_EQ(parser.Parse(input + "plet\r\n"), Outcome::kDone);
  EXPECT_EQ(parser.read_bytes(), 0u);
  EXPECT_EQ(parser.read_word_bytes(), 0u);
}

Value ParseReply(const std::string& bytes) {
  ReplyParser parser;
  for (size_t length = 1; length < bytes.size(); ++length) {
    EXPECT_EQ(parser.Parse(bytes.substr(0, length)), Outcome::kMore) << bytes << length;
  }
  EXPECT_EQ(parser.Parse(bytes), Outcome::kDone) << bytes << parser.error();
  EXPECT_EQ(parser.consumed(), bytes.size());
  return std::move(parser.value());
}

TEST(ReplyParser, TakesEveryScalarByteByByte) {
  EXPECT_EQ(ParseReply("+OK\r\n").text, "OK");
  EXPECT_TRUE(ParseReply("-ERR no\r\n").is_error());
  EXPECT_EQ(ParseReply(":-42\r\n").integer, -42);
  EXPECT_EQ(ParseReply("$5\r\na\r\nbc\r\n").text, "a\r\nbc");
  EXPECT_TRUE(ParseReply("$-1\r\n").is_null());
  EXPECT_TRUE(ParseReply("*-1\r\n").is_null());
  EXPECT_TRUE(ParseReply("_\r\n").is_null());
  EXPECT_EQ(ParseReply("#t\r\n").integer, 1);
  EXPECT_EQ(ParseReply(",3.5\r\n").number, 3.5);
  EXPECT_EQ(ParseReply("(123456789012345678901\r\n").text, "123456789012345678901");
  EXPECT_EQ(ParseReply("=7\r\ntxt:abc\r\n").text, "abc");
  EXPECT_TRUE(ParseReply("!5\r\nERR x\r\n").is_error());
}

TEST(ReplyParser, TakesNestedAggregates) {
  const Value value = ParseReply("*3\r\n%1\r\n+k\r\n*2\r\n:1\r\n:2\r\n~0\r\n>1\r\n+x\r\n");
  ASSERT_EQ(value.items.size(), 3u);
  EXPECT_EQ(value.items[0].type, Value::Type::kMap);
  EXPECT_EQ(value.items[0].items[1].items[1].integer, 2);
  EXPECT_EQ(value.items[1].type, Value::Type::kSet);
  EXPECT_EQ(value.items[2].type, Value::Type::kPush);
}

TEST(ReplyParser, DropsAttributes) {
  EXPECT_EQ(ParseReply("|1\r\n+ttl\r\n:3\r\n*1\r\n:7\r\n").items[0].integer, 7);
}

TEST(ReplyParser, RefusesWhatIsTooDeepOrTooLarge) {
  const auto outcome = [](const std::string& bytes) {
    ReplyParser parser(1000);
    return parser.Parse(bytes);
  };
  std::string deep;
  for (size_t i = 0; i <= kReplyDepthMax; ++i) deep += "*1\r\n";
  EXPECT_EQ(outcome(deep), Outcome::kError);
  EXPECT_EQ(outcome("$1001\r\n"), Outcome::kError);
  // 3 bytes each on the wire, many times that as values.
  std::string nulls = "*100\r\n";
  for (int i = 0; i < 50; ++i) nulls += "_\r\n";
  EXPECT_EQ(outcome(nulls), Outcome::kError);
  EXPECT_EQ(outcome("*99999999999\r\n"), Outcome::kError);
  EXPECT_EQ(outcome("$-2\r\n"), Outcome::kError);
  EXPECT_EQ(outcome("$3\r\nabcde"), Outcome::kError);
  EXPECT_EQ(outcome("hello\r\n"), Outcome::kError);
  EXPECT_EQ(outcome(":1x\r\n"), Outcome::kError);
  EXPECT_EQ(outcome(":1\n"), Outcome::kError);
}

std::string Written(int protocol, void (*write)(Writer&)) {
  OutputChain out;
  Writer writer(&out, protocol);
  write(writer);
  return out.ToString();
}

TEST(Writer, ShapesDependOnTheProtocol) {
  const auto write = [](Writer& w) {
    w.Map(1);
    w.Bulk("k");
    w.Null();
    w.Bool(true);
    w.Double(1.5);
    w.NullArray();
    w.Push(0);
  };
  EXPECT_EQ(Written(2, write), "*2\r\n$1\r\nk\r\n$-1\r\n:1\r\n$3\r\n1.5\r\n*-1\r\n*0\r\n");
  EXPECT_EQ(Written(3, write), "%1\r\n$1\r\nk\r\n_\r\n#t\r\n,1.5\r\n_\r\n>0\r\n");
}

TEST(Writer, ErrorsNeverHoldLineEnds) {
  EXPECT_EQ(Written(2, [](Writer& w) { w.Error("ERR a\r\nb"); }), "-ERR a  b\r\n");
  EXPECT_EQ(Written(2, [](Writer& w) { w.Error("ERR a\r\nb\r\n"); }), "-ERR a  b\r\n");
}

TEST(Writer, RequestsReadBack) {
  std::string out;
  AppendRequest({"SET", "k", ""}, &out);
  RequestParser parser;
  ASSERT_EQ(parser.Parse(out), Outcome::kDone);
  EXPECT_THAT(Copy(parser.args()), ElementsAre("SET", "k", ""));
}

}  // namespace
}  // namespace rha::resp
