// CLIENT TRACKING, CACHING, TRACKINGINFO, GETREDIR: client side caching (dispatch/tracking.h).
#include <optional>
#include <string>
#include <vector>

#include "node/commands/families.h"
#include "node/commands/parse.h"
#include "node/dispatch/sessions.h"
#include "node/dispatch/tracking.h"

namespace rha::node::commands {
namespace {

using dispatch::TrackingState;
using Mode = TrackingState::Mode;

struct Wish {
  bool broadcast = false, opt_in = false, opt_out = false, no_loop = false;
  uint64_t redirect = 0;
  std::vector<std::string_view> prefixes;

  Mode mode() const {
    return broadcast ? Mode::kBroadcast
           : opt_in  ? Mode::kOptIn
           : opt_out ? Mode::kOptOut
                     : Mode::kAll;
  }
};

// False: the error is written.
bool ParseRedirect(Context& ctx, std::string_view text, Wish* wish) {
  if (wish->redirect != 0) {
    ctx.reply.Error("ERR A client can only redirect to a single other client");
    return false;
  }
  int64_t id = 0;
  if (!ParseInteger(ctx, text, &id)) return false;
  if (ctx.sessions().Find(static_cast<uint64_t>(id)) == nullptr) {
    ctx.reply.Error("ERR The client ID you want redirect to does not exist");
    return false;
  }
  wish->redirect = static_cast<uint64_t>(id);
  return true;
}

bool ParseWish(Context& ctx, Wish* wish) {
  for (size_t i = 3; i < ctx.argc(); ++i) {
    const std::string_view word = ctx.arg(i);
    const bool more = i + 1 < ctx.argc();
    if (EqualsIgnoreCase(word, "redirect") && more) {
      if (!ParseRedirect(ctx, ctx.arg(++i), wish)) return false;
    } else if (EqualsIgnoreCase(word, "bcast")) {
      wish->broadcast = true;
    } else if (EqualsIgnoreCase(word, "optin")) {
      wish->opt_in = true;
    } else if (EqualsIgnoreCase(word, "optout")) {
      wish->opt_out = true;
    } else if (EqualsIgnoreCase(word, "noloop")) {
      wish->no_loop = true;
    } else if (EqualsIgnoreCase(word, "prefix") && more) {
      wish->prefixes.push_back(ctx.arg(++i));
    } else {
      ctx.SyntaxError();
      return false;
    }
  }
  return true;
}

// Why the session cannot have that; empty: it can.
std::string_view Refusal(const Wish& wish, const TrackingState* current) {
  if (!wish.broadcast && !wish.prefixes.empty()) {
    return "ERR PREFIX option requires BCAST mode to be enabled";
  }
  if (current != nullptr && current->broadcasts() != wish.broadcast) {
    return "ERR You can't switch BCAST mode on/off before disabling tracking for this client, and "
           "then re-enabling it with a different mode.";
  }
  if (wish.broadcast && (wish.opt_in || wish.opt_out)) {
    return "ERR OPTIN and OPTOUT are not compatible with BCAST";
  }
  if (wish.opt_in && wish.opt_out) {
    return "ERR You can't specify both OPTIN mode and OPTOUT mode";
  }
  if (current != nullptr && ((wish.opt_in && current->mode == Mode::kOptOut) ||
                             (wish.opt_out && current->mode == Mode::kOptIn))) {
    return "ERR You can't switch OPTIN/OPTOUT mode before disabling tracking for this client, and "
           "then re-enabling it with a different mode.";
  }
  return {};
}

bool Overlap(std::string_view a, std::string_view b) {
  return a.starts_with(b) || b.starts_with(a);
}

std::string Overlapping(std::string_view prefix, std::string_view other, std::string_view kind) {
  return "ERR Prefix '" + std::string(prefix) + "' overlaps with " + std::string(kind) +
         " prefix '" + std::string(other) + "'. Prefixes for a single client must not overlap.";
}

// No key may be told twice. Empty: none will be.
std::string PrefixRefusal(const Wish& wish, const TrackingState* current) {
  for (size_t i = 0; i < wish.prefixes.size(); ++i) {
    const std::string_view prefix = wish.prefixes[i];
    if (current != nullptr) {
      for (const std::string& known : current->prefixes) {
        if (Overlap(prefix, known)) return Overlapping(prefix, known, "an existing");
      }
    }
    for (size_t j = i + 1; j < wish.prefixes.size(); ++j) {
      if (Overlap(prefix, wish.prefixes[j])) {
        return Overlapping(prefix, wish.prefixes[j], "another provided");
      }
    }
  }
  return {};
}

void Tracking(Context& ctx) {
  Wish wish;
  if (!ParseWish(ctx, &wish)) return;
  if (EqualsIgnoreCase(ctx.arg(2), "on")) {
    const TrackingState* current = ctx.session.tracking.get();
    if (const std::string_view why = Refusal(wish, current); !why.empty()) {
      return ctx.reply.Error(why);
    }
    if (const std::string why = PrefixRefusal(wish, current); !why.empty()) {
      return ctx.reply.Error(why);
    }
    ctx.tracking().Enable(ctx.session, {.mode = wish.mode(),
                                        .no_loop = wish.no_loop,
                                        .redirect = wish.redirect,
                                        .prefixes = wish.prefixes});
  } else if (EqualsIgnoreCase(ctx.arg(2), "off")) {
    ctx.tracking().Disable(ctx.session);
  } else {
    return ctx.SyntaxError();
  }
  ctx.reply.Ok();
}

void Caching(Context& ctx) {
  TrackingState* const state = ctx.session.tracking.get();
  if (state == nullptr) {
    return ctx.reply.Error(
        "ERR CLIENT CACHING can be called only when the client is in tracking mode with OPTIN or "
        "OPTOUT mode enabled");
  }
  if (EqualsIgnoreCase(ctx.arg(2), "yes")) {
    if (state->mode != Mode::kOptIn) {
      return ctx.reply.Error(
          "ERR CLIENT CACHING YES is only valid when tracking is enabled in OPTIN mode.");
    }
  } else if (EqualsIgnoreCase(ctx.arg(2), "no")) {
    if (state->mode != Mode::kOptOut) {
      return ctx.reply.Error(
          "ERR CLIENT CACHING NO is only valid when tracking is enabled in OPTOUT mode.");
    }
  } else {
    return ctx.SyntaxError();
  }
  state->caching = true;
  ctx.reply.Ok();
}

std::vector<std::string_view> FlagsOf(const TrackingState* state) {
  if (state == nullptr) return {"off"};
  std::vector<std::string_view> flags{"on"};
  if (state->broadcasts()) flags.push_back("bcast");
  if (state->mode == Mode::kOptIn) flags.push_back("optin");
  if (state->mode == Mode::kOptIn && state->caching) flags.push_back("caching-yes");
  if (state->mode == Mode::kOptOut) flags.push_back("optout");
  if (state->mode == Mode::kOptOut && state->caching) flags.push_back("caching-no");
  if (state->no_loop) flags.push_back("noloop");
  if (state->redirect_broken) flags.push_back("broken_redirect");
  return flags;
}

int64_t RedirectOf(const TrackingState* state) {
  return state == nullptr ? -1 : static_cast<int64_t>(state->redirect);
}

void TrackingInfo(Context& ctx) {
  const TrackingState* const state = ctx.session.tracking.get();
  ctx.reply.Map(3);
  ctx.reply.Bulk("flags");
  const auto flags = FlagsOf(state);
  ctx.reply.Set(static_cast<int64_t>(flags.size()));
  for (const std::string_view flag : flags) ctx.reply.Bulk(flag);
  ctx.reply.Bulk("redirect");
  ctx.reply.Integer(RedirectOf(state));
  ctx.reply.Bulk("prefixes");
  ctx.reply.Array(state == nullptr ? 0 : static_cast<int64_t>(state->prefixes.size()));
  if (state == nullptr) return;
  for (const std::string& prefix : state->prefixes) ctx.reply.Bulk(prefix);
}

void GetRedir(Context& ctx) { ctx.reply.Integer(RedirectOf(ctx.session.tracking.get())); }

constexpr uint32_t kOwn = kNoscript | kLoading | kStale | dispatch::kKeepsCaching;

constexpr CommandSpec kRows[] = {
    {"client|tracking", Tracking, -3, kOwn | kShowsData, kAclConnection},
    {"client|caching", Caching, 3, kOwn, kAclConnection},
    {"client|trackinginfo", TrackingInfo, 2, kOwn, kAclConnection},
    {"client|getredir", GetRedir, 2, kOwn, kAclConnection},
};
static_assert(RowsAreSound(kRows));

}  // namespace

CommandRows ClientTrackingRows() { return kRows; }

}  // namespace rha::node::commands
