// MONITOR: every command as a line to those who asked for it.
#include <cstdio>

#include "node/dispatch/engine.h"

namespace rha::node::dispatch {
namespace {

// As Redis prints bytes: quoted, with escapes.
void AppendQuoted(std::string_view bytes, std::string* out) {
  out->push_back('"');
  for (const char c : bytes) {
    switch (c) {
      case '\\':
      case '"':
        out->push_back('\\');
        out->push_back(c);
        break;
      case '\n':
        out->append("\\n");
        break;
      case '\r':
        out->append("\\r");
        break;
      case '\t':
        out->append("\\t");
        break;
      case '\a':
        out->append("\\a");
        break;
      case '\b':
        out->append("\\b");
        break;
      default:
        if (c >= ' ' && c < 0x7f) {
          out->push_back(c);
        } else {
          char hex[8];
          std::snprintf(hex, sizeof hex, "\\x%02x", static_cast<unsigned char>(c));
          out->append(hex);
        }
    }
  }
  out->push_back('"');
}

}  // namespace

void Engine::StartMonitor(Session& session) {
  if (session.monitor) return;
  session.monitor = true;
  ++monitors_;
}

void Engine::FeedMonitors(const Session& sender, Args args) {
  char head[64];
  std::snprintf(head, sizeof head, "%lld.%06lld [%d ", static_cast<long long>(now_us_ / 1'000'000),
                static_cast<long long>(now_us_ % 1'000'000), sender.db);
  std::string line = head;
  line += sender.unix_socket ? "unix:" + sender.peer_address : sender.peer_address;
  line += "]";
  for (const std::string_view arg : args) {
    line += ' ';
    AppendQuoted(arg, &line);
  }
  for (const auto& [id, session] : sessions_.all()) {
    if (!session->monitor) continue;
    resp::Writer(&session->push_out(), session->protocol).Simple(line);
    session->WantWrite();
  }
}

}  // namespace rha::node::dispatch
