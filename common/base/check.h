// RHA_CHECK(condition): a broken invariant ends the process with place and condition, in release
// builds too. It is for our own mistakes only; whatever a peer, user or disk can cause is a Status.
#pragma once

namespace rha {
[[noreturn]] void CheckFailed(const char* file, int line, const char* condition);
}

#define RHA_CHECK(condition) \
  ((condition) ? static_cast<void>(0) : ::rha::CheckFailed(__FILE__, __LINE__, #condition))
