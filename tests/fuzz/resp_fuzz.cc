// Any bytes as requests and as replies: never a crash, never a read outside the input, and the
// outcome must not depend on how the bytes were cut into pieces.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "common/base/check.h"
#include "common/base/prng.h"
#include "common/resp/parser.h"
#include "common/resp/writer.h"

namespace {

using rha::Prng;
using rha::resp::AppendRequest;
using rha::resp::Outcome;
using rha::resp::ReplyParser;
using rha::resp::RequestParser;
using rha::resp::Value;

void Show(const Value& value, std::string* text) {
  *text += std::to_string(static_cast<int>(value.type)) + ":" + std::to_string(value.integer) + ":";
  *text += value.text + "[";
  for (const Value& item : value.items) Show(item, text);
  *text += "]";
}

std::string Describe(RequestParser& parser) {
  std::string text = std::to_string(parser.args().size());
  for (const std::string_view arg : parser.args()) text += "," + std::string(arg);
  return text;
}

std::string Describe(ReplyParser& parser) {
  std::string text;
  Show(parser.value(), &text);
  return text;
}

// Everything the parser makes of `input`, given in pieces of random size (or at once, without
// `random`).
template <typename Parser>
std::string ParseAll(Parser& parser, std::string_view input, Prng* random) {
  std::string log;
  size_t begin = 0, given = random == nullptr ? input.size() : 0;
  while (true) {
    // A copy of exactly these bytes, so that a sanitizer sees every step outside.
    const std::string window(input.substr(begin, given - begin));
    const Outcome outcome = parser.Parse(window);
    if (outcome == Outcome::kError) return log + "error: " + parser.error();
    if (outcome == Outcome::kDone) {
      RHA_CHECK(parser.consumed() <= window.size() && parser.consumed() > 0);
      log += Describe(parser) + ";";
      begin += parser.consumed();
      if (begin < given) continue;
    }
    if (given == input.size()) return log;
    given += 1 + static_cast<size_t>(random->Below(std::min<uint64_t>(input.size() - given, 64)));
    given = std::min(given, input.size());
  }
}

void CheckRequests(std::string_view input, uint64_t seed) {
  for (const bool unauthenticated : {false, true}) {
    RequestParser whole, pieces;
    whole.set_unauthenticated(unauthenticated);
    pieces.set_unauthenticated(unauthenticated);
    Prng random(seed);
    RHA_CHECK(ParseAll(whole, input, nullptr) == ParseAll(pieces, input, &random));
  }
}

void CheckReplies(std::string_view input, uint64_t seed) {
  ReplyParser whole(1 << 20), pieces(1 << 20);
  Prng random(seed);
  RHA_CHECK(ParseAll(whole, input, nullptr) == ParseAll(pieces, input, &random));
}

// What is written reads back.
void CheckRoundTrip(std::string_view input) {
  const size_t half = input.size() / 2;
  const std::string_view args[] = {input.substr(0, half), input.substr(half)};
  std::string bytes;
  AppendRequest(args, &bytes);
  RequestParser parser;
  RHA_CHECK(parser.Parse(bytes) == Outcome::kDone && parser.args().size() == 2);
  RHA_CHECK(parser.args()[0] == args[0] && parser.args()[1] == args[1]);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const uint64_t seed = size == 0 ? 0 : data[0] * 257u + size;
  CheckRequests(input, seed);
  CheckReplies(input, seed);
  CheckRoundTrip(input);
  return 0;
}
