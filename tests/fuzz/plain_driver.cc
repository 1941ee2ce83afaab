// Runs a libFuzzer target without libFuzzer: a bounded number of seeded random inputs, grown from
// bytes that mean something, or of any. For compilers that have no fuzzer, and for ctest.
//
//   NAME_plain [iterations [seed]]      a failure prints the seed; NAME_plain 1 SEED runs it again
//   NAME_plain --files FILE...          those inputs alone
#include <algorithm>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "common/base/prng.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

namespace {

constexpr uint64_t kIterationsDefault = 20'000;
constexpr const char* kPieces[] = {
    "*",
    "$",
    "+",
    "-",
    ":",
    "_",
    "#t",
    "%",
    "~",
    ">",
    "|",
    "=",
    "!",
    "(",
    ",",
    "\r\n",
    "\r",
    "\n",
    " ",
    "0",
    "1",
    "2",
    "3",
    "-1",
    "-2",
    "10",
    "16385",
    "536870913",
    "9223372036854775807",
    "9223372036854775808",
    "$3\r\nfoo\r\n",
    "*2\r\n$3\r\nGET\r\n$1\r\nk\r\n",
    "*1\r\n",
    "$0\r\n\r\n",
    "PING",
    "\"a b\"",
    "'x'",
    "\\x41",
    "\"",
    "'",
    "=7\r\ntxt:abc\r\n",
    "%1\r\n+k\r\n:1\r\n",
    "|1\r\n+a\r\n:1\r\n",
    "user a ",
    "+@all",
    "-@read",
    "+get",
    "-config|get",
    "+select|0",
    "~a*",
    "%R~a",
    "&a",
    "on",
    "reset",
    "nopass",
    ">p",
    "(%W~a +set)",
    ")",
};

std::string RandomInput(rha::Prng& random) {
  std::string input;
  if (random.Chance(0.25)) {  // for those that take bytes for choices
    for (uint64_t left = random.Below(400); left > 0; --left) {
      input += static_cast<char>(random.Below(256));
    }
    return input;
  }
  const uint64_t pieces = random.Below(24);
  for (uint64_t i = 0; i < pieces; ++i) {
    if (random.Chance(0.1)) {
      input += static_cast<char>(random.Below(256));
    } else {
      input += kPieces[random.Below(std::size(kPieces))];
    }
  }
  // Now and then a byte is another one, or the end is missing.
  if (!input.empty() && random.Chance(0.3)) {
    input[random.Below(input.size())] = static_cast<char>(random.Below(256));
  }
  if (!input.empty() && random.Chance(0.2)) input.resize(random.Below(input.size()));
  return input;
}

uint64_t g_seed = 0;  // global for the signal handler alone

void ShowSeed(int) {
  std::fprintf(stderr, "the input of seed %llu failed\n", static_cast<unsigned long long>(g_seed));
}

void RunFile(const char* path) {
  std::ifstream file(path, std::ios::binary);
  const std::string input{std::istreambuf_iterator<char>(file), {}};
  std::fprintf(stderr, "%s\n", path);
  LLVMFuzzerTestOneInput(reinterpret_cast<const uint8_t*>(input.data()), input.size());
}

}  // namespace

int main(int argc, char** argv) {
  if (argc > 1 && std::strcmp(argv[1], "--files") == 0) {
    std::for_each(argv + 2, argv + argc, RunFile);
    return 0;
  }
  const uint64_t iterations = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : kIterationsDefault;
  const uint64_t first = argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 1;
  std::signal(SIGABRT, ShowSeed);
  for (g_seed = first; g_seed < first + iterations; ++g_seed) {
    rha::Prng random(g_seed);
    const std::string input = RandomInput(random);
    LLVMFuzzerTestOneInput(reinterpret_cast<const uint8_t*>(input.data()), input.size());
  }
  std::printf("%llu inputs\n", static_cast<unsigned long long>(iterations));
  return 0;
}
