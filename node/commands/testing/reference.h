// A redis-server to prove expectations by: with RHA_REFERENCE=/path/of/its.sock in the environment,
// the replies that a test sees are the reference's, not ours, as long as both can follow the test.
//
//   redis-server --port 0 --unixsocket /tmp/reference.sock --enable-debug-command yes &
//   RHA_REFERENCE=/tmp/reference.sock node_commands_test
//
// Its clock cannot be moved by hand and nobody can see what it tells replicas: from there on
// (Part()) the test goes on with our replies alone. Thread rule: one owner.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "common/base/unique_fd.h"
#include "common/resp/parser.h"

namespace rha::node::commands {

class Reference {
 public:
  // Empties the server, if one is named.
  Reference();

  bool present() const { return !path_.empty(); }
  void Part() { path_.clear(); }
  // The reply to a request of that session, as bytes.
  std::string Ask(const void* session, resp::Args words);

 private:
  std::string path_;
  std::map<const void*, UniqueFd> connections_;
};

}  // namespace rha::node::commands
