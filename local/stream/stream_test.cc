// The bytes of WebSocket and SPDY/3.1, as kubectl sends them.
#include <gmock/gmock.h>
#include <zlib.h>

#include "local/stream/channels.h"
#include "local/stream/exec_session.h"
#include "local/stream/limits.h"
#include "local/stream/spdy.h"
#include "local/stream/websocket.h"

namespace rha::local::stream {
namespace {

using testing::HasSubstr;
using testing::SizeIs;

// A frame as a client sends it; the mask is four bytes of `mask`.
std::string Masked(uint8_t first, std::string_view data, char mask = 0x5a) {
  std::string out{static_cast<char>(first), static_cast<char>(0x80 | data.size())};
  out += std::string(4, mask);
  for (const char c : data) out += static_cast<char>(c ^ mask);
  return out;
}

TEST(WebSocketTest, MessagesComeWholeHoweverTheyAreCut) {
  const std::string bytes = Masked(0x82, "one") + Masked(0x02, "t") + Masked(0x80, "wo");
  WebSocketReader reader;
  for (const char byte : bytes) ASSERT_TRUE(reader.Feed({&byte, 1}).ok());
  EXPECT_EQ(reader.Next(), "one");
  EXPECT_EQ(reader.Next(), "two");
  EXPECT_EQ(reader.Next(), std::nullopt);
}

TEST(WebSocketTest, PingsAreAnsweredAndACloseEndsIt) {
  WebSocketReader reader;
  ASSERT_TRUE(reader.Feed(Masked(0x89, "x") + Masked(0x88, "") + Masked(0x82, "late")).ok());
  EXPECT_EQ(reader.TakeReplies(), std::string("\x8a\x01x") + WebSocketClose());
  EXPECT_TRUE(reader.closed());
  EXPECT_EQ(reader.Next(), std::nullopt);
}

TEST(WebSocketTest, WhatIsNoneIsRefused) {
  const std::string huge{'\x82', '\xff', 0, 0, 0, 0, '\x7f', 0, 0, 0, 0, 0, 0, 0};
  for (const std::string& bytes : {std::string("\x82\x01x"), Masked(0xc2, "extension"),
                                   Masked(0x80, "no beginning"), Masked(0x83, "opcode"), huge}) {
    EXPECT_FALSE(WebSocketReader().Feed(bytes).ok());
  }
}

TEST(WebSocketTest, FragmentsAddUpToTheLimitOnly) {
  WebSocketReader reader;
  ASSERT_TRUE(reader.Feed(Masked(0x02, "begin")).ok());
  const std::string part = Masked(0x00, std::string(125, 'x'));
  Status fed = Status::Ok();
  for (size_t i = 0; i <= kMessageBytesMax / 125 && fed.ok(); ++i) fed = reader.Feed(part);
  EXPECT_FALSE(fed.ok());
}

TEST(WebSocketTest, TheHandshakeOfTheStandard) {
  EXPECT_EQ(WebSocketAccept("dGhlIHNhbXBsZSBub25jZQ=="), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
}

TEST(WebSocketChannelsTest, TheFirstByteIsTheChannelAnd255EndsOne) {
  const auto channels = WebSocketChannels();
  std::vector<Channels::Input> inputs;
  ASSERT_TRUE(channels->Feed(Masked(0x82, std::string("\0hi", 3)), inputs).ok());
  ASSERT_TRUE(channels->Feed(Masked(0x82, std::string("\xff\0", 2)), inputs).ok());
  ASSERT_TRUE(channels->Feed(Masked(0x82, "\x01not from a client"), inputs).ok());
  ASSERT_THAT(inputs, SizeIs(2));
  EXPECT_EQ(inputs[0].channel, Channel::kStdin);
  EXPECT_EQ(inputs[0].data, "hi");
  EXPECT_TRUE(inputs[1].end);
  EXPECT_EQ(channels->Data(Channel::kStderr, "e"), std::string("\x82\x02\x02") + "e");
}

// What a client sends: one zlib stream over all its header blocks.
class SpdyClient {
 public:
  SpdyClient() {
    const std::string& words = SpdyDictionary();
    deflateInit(&z_, Z_BEST_COMPRESSION);
    deflateSetDictionary(&z_, reinterpret_cast<const Bytef*>(words.data()),
                         static_cast<uInt>(words.size()));
  }
  ~SpdyClient() { deflateEnd(&z_); }

  static std::string Big(uint32_t value) {
    return {static_cast<char>(value >> 24), static_cast<char>(value >> 16),
            static_cast<char>(value >> 8), static_cast<char>(value)};
  }
  std::string Open(uint32_t stream, const std::string& type, bool end = false) {
    std::string text = Big(1) + Big(10) + "streamtype" + Big(static_cast<uint32_t>(type.size()));
    text += type;
    std::string block(4096, '\0');
    z_.next_in = reinterpret_cast<Bytef*>(text.data());
    z_.avail_in = static_cast<uInt>(text.size());
    z_.next_out = reinterpret_cast<Bytef*>(block.data());
    z_.avail_out = static_cast<uInt>(block.size());
    deflate(&z_, Z_SYNC_FLUSH);
    block.resize(block.size() - z_.avail_out);
    return Frame(1, end, Big(stream) + Big(0) + std::string(2, '\0') + block);
  }
  static std::string Frame(uint16_t type, bool end, const std::string& body) {
    return Big(0x80030000u | type) +
           Big((end ? 1u << 24 : 0) | static_cast<uint32_t>(body.size())) + body;
  }
  static std::string Data(uint32_t stream, const std::string& data, bool end) {
    return Big(stream) + Big((end ? 1u << 24 : 0) | static_cast<uint32_t>(data.size())) + data;
  }

 private:
  z_stream z_{};
};

TEST(SpdyTest, TheDictionaryIsTheStandardsOwn) {
  const std::string& words = SpdyDictionary();
  EXPECT_EQ(words.size(), 1423u);
  EXPECT_EQ(
      adler32(1, reinterpret_cast<const Bytef*>(words.data()), static_cast<uInt>(words.size())),
      0xe3c6a7c2u);
}

TEST(SpdyTest, StreamsOpenCarryDataAndEnd) {
  SpdyClient client;
  std::string bytes = client.Open(1, "stdin");
  bytes += client.Open(3, "stdout", true);
  bytes += SpdyClient::Data(1, "abc", true) + SpdyClient::Frame(6, false, SpdyClient::Big(7));
  SpdySession session;
  std::vector<SpdySession::Event> events;
  for (const char byte : bytes) ASSERT_TRUE(session.Feed({&byte, 1}, events).ok());
  ASSERT_THAT(events, SizeIs(3));
  EXPECT_EQ(events[0].headers.at("streamtype"), "stdin");
  EXPECT_EQ(events[1].headers.at("streamtype"), "stdout");
  EXPECT_TRUE(events[1].end);
  EXPECT_EQ(events[2].data, "abc");
  EXPECT_TRUE(events[2].end);
  EXPECT_THAT(session.TakeReplies(), HasSubstr(SpdyClient::Frame(6, false, SpdyClient::Big(7))));
  EXPECT_EQ(session.Data(3, "out", true), SpdyClient::Data(3, "out", true));
  EXPECT_EQ(session.Data(3, "after the end", false), "");
}

TEST(SpdyTest, WhatCannotBeIsRefused) {
  const auto refused = [](const std::string& bytes) {
    SpdySession session;
    std::vector<SpdySession::Event> events;
    return !session.Feed(bytes, events).ok();
  };
  SpdyClient client;
  EXPECT_TRUE(refused(client.Open(2, "even")));
  EXPECT_TRUE(refused(SpdyClient::Frame(1, false, "short")));
  EXPECT_TRUE(refused(SpdyClient::Frame(1, false, std::string(40, 'z'))));
  EXPECT_TRUE(refused(SpdyClient::Big(1) + SpdyClient::Big(0xffffff)));
  EXPECT_TRUE(refused(SpdyClient::Big(0x80020001) + SpdyClient::Big(0)));
}

TEST(SpdyTest, HeadersThatGrowBeyondTheLimitAreRefused) {
  SpdyClient client;
  SpdySession session;
  std::vector<SpdySession::Event> events;
  EXPECT_FALSE(session.Feed(client.Open(1, std::string(kSpdyHeaderBytesMax, 'a')), events).ok());
}

TEST(SpdyTest, StreamsBeyondTheLimitAreRefusedOneByOne) {
  SpdyClient client;
  SpdySession session;
  std::vector<SpdySession::Event> events;
  for (uint32_t i = 0; i <= kStreamsMax; ++i) {
    ASSERT_TRUE(session.Feed(client.Open(2 * i + 1, "data"), events).ok());
  }
  EXPECT_THAT(events, SizeIs(kStreamsMax));
}

TEST(SpdyChannelsTest, ReadyOnceAllStreamsAreOpen) {
  SpdyClient client;
  const auto channels = SpdyChannels({true, true, false, true});
  std::vector<Channels::Input> inputs;
  for (const auto& [stream, type] :
       std::map<uint32_t, std::string>{{1, "error"}, {3, "stdin"}, {5, "stdout"}, {7, "resize"}}) {
    EXPECT_FALSE(channels->Ready());
    ASSERT_TRUE(channels->Feed(client.Open(stream, type), inputs).ok());
  }
  EXPECT_TRUE(channels->Ready());
  ASSERT_TRUE(channels->Feed(SpdyClient::Data(3, "typed", true), inputs).ok());
  EXPECT_EQ(inputs.back().data, "typed");
  EXPECT_TRUE(inputs.back().end);
  EXPECT_EQ(channels->Data(Channel::kError, "e"), SpdyClient::Data(1, "e", false));
}

TEST(ChannelsTest, WhatCameWholeBeforeAFaultIsDelivered) {
  std::vector<Channels::Input> inputs;
  EXPECT_FALSE(WebSocketChannels()
                   ->Feed(Masked(0x82, std::string("\0hi", 3)) + Masked(0x8e, "no opcode"), inputs)
                   .ok());
  ASSERT_THAT(inputs, SizeIs(1));
  EXPECT_EQ(inputs[0].data, "hi");
  SpdyClient client;
  inputs.clear();
  EXPECT_FALSE(SpdyChannels({true, true, true, true})
                   ->Feed(client.Open(3, "stdin") + SpdyClient::Data(3, "hi", false) +
                              std::string("\x80\x02\0\1\0\0\0\0", 8),
                          inputs)
                   .ok());
  ASSERT_FALSE(inputs.empty());
  EXPECT_EQ(inputs.back().data, "hi");
}

TEST(ResizeTest, OnlySizesThatATerminalCanHave) {
  uint16_t columns = 0, rows = 0;
  EXPECT_TRUE(ParseResize(R"({"Width":80,"Height":24})", &columns, &rows));
  EXPECT_EQ(columns, 80);
  EXPECT_EQ(rows, 24);
  for (const char* text : {"", "{}", "[1]", R"({"Width":0,"Height":24})",
                           R"({"Width":70000,"Height":24})", R"({"Width":"x","Height":-1})"}) {
    EXPECT_FALSE(ParseResize(text, &columns, &rows)) << text;
  }
}

}  // namespace
}  // namespace rha::local::stream
