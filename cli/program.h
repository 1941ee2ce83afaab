// The `redisha` program: parses the command line and calls the verb.
// Exit codes: 0 done, 1 failed, 2 wrong usage; those of health are in view/subject.h.
#pragma once

namespace rha::cli {

constexpr int kDone = 0;
constexpr int kFailed = 1;
constexpr int kUsage = 2;

int Main(int argc, char** argv);

}  // namespace rha::cli
