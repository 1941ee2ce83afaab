// A count of HRANDFIELD, SRANDMEMBER and ZRANDMEMBER: below zero, so many are drawn, each on its
// own, and there may be more of them than members.
//
// Each draw costs memory and time, however few members there are. So there are kDrawsMax of them
// at most: a count beyond is out of range, as is one in Redis that no memory could hold. Where the
// client's output limit ends such a reply, that says the last word, as in Redis; it does not wait
// for the draws.
// Thread rule: the engine's thread.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string_view>

#include "node/dispatch/context.h"

namespace rha::node::commands {

constexpr int64_t kDrawsMax = 1 << 24;

// Of arguments 2 and 3 of HRANDFIELD and ZRANDMEMBER: a count, and whether `option` follows. False:
// the error is written.
bool ParseDraws(dispatch::Context& ctx, std::string_view option, int64_t* count, bool* in_pairs);

// True: `count` is of more draws than there may be; the error is written, or the client goes.
bool TooManyDraws(dispatch::Context& ctx, int64_t count);

// draw(n), until that makes `count` or the reply has no room left. Of `members`; each call may walk
// over all of them.
template <typename Draw>
void DrawWhileThereIsRoom(dispatch::Context& ctx, uint64_t count, size_t members, Draw draw) {
  constexpr uint64_t kBetweenLooks = 4096;
  while (count > 0 && !ctx.reply.out()->overflowed()) {
    const uint64_t some = std::min(count, std::max<uint64_t>(members, kBetweenLooks));
    draw(some);
    count -= some;
  }
}

}  // namespace rha::node::commands
