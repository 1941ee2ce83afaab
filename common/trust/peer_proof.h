// How two programs of one RedisHA show each other that they belong together, over a connection that
// anybody may have opened:
//
//   initiator                                        responder
//   REDISHA HELLO <uid> <name> <nonce>        ──▶
//                                             ◀──    <uid> <name> <nonce> <proof>...
//   REDISHA PROVE <proof>...                  ──▶    +OK
//
//   proof = hex(HMAC-SHA256(key, side, uid, both names, both nonces))
//
// The key is in a file that only they can read; it never crosses the wire, and a proof is worth
// nothing on another connection. The responder proves first, so an initiator tells a stranger
// nothing but its name. One proof is given for each key of the file and any known key satisfies, so
// a key is rotated by adding the new one everywhere, then removing the old one.
//
// This proves who holds the key, not which way each byte takes: whoever is dialled, or can rewrite
// packets, may pass the words on to a member and keep the session (docs/security-model.md). TLS or
// the network keeps him out, not this.
// Pure; any thread.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/status.h"

namespace rha::trust {

inline constexpr size_t kKeysMax = 4;
inline constexpr size_t kKeyBytesMin = 32;
inline constexpr size_t kKeyFileBytesMax = 4096;
inline constexpr size_t kNonceDigits = 64;
inline constexpr size_t kProofDigits = 64;
inline constexpr size_t kNameBytesMax = 256;

class PeerKeys {
 public:
  // A key file: one key per line, empty lines skipped.
  static Result<PeerKeys> Parse(std::string_view text);

  const std::vector<std::string>& all() const { return keys_; }

 private:
  std::vector<std::string> keys_;
};

// What a uid and a name may be: one word of printable ASCII.
bool IsName(std::string_view name);

// Fresh and unpredictable, for one connection.
std::string NewNonce();

// Who we are: the cluster's uid and our name in it, which for node and sidecar is the pod's.
struct Identity {
  std::string uid;
  std::string name;
};

using Words = std::vector<std::string>;

// The side that opened the connection.
class Initiator {
 public:
  // `expected`: the name the other side must have; empty: any member will do.
  Initiator(Identity self, std::string expected, std::string nonce);

  // REDISHA HELLO and its arguments.
  Words Hello() const;
  // The words of REDISHA PROVE, or why the responder is not believed.
  Result<Words> OnHelloReply(const PeerKeys& keys, std::span<const std::string> reply);
  // Who answered; empty before it proved itself.
  const std::string& responder() const { return responder_; }

 private:
  Identity self_;
  std::string expected_, nonce_, responder_;
};

// The side that was connected to. One HELLO and one PROVE for each connection; after an error the
// connection is to be closed.
class Responder {
 public:
  Responder(Identity self, std::string nonce);

  // The arguments after HELLO. The words of the reply, or why it is refused.
  Result<Words> OnHello(const PeerKeys& keys, std::span<const std::string> arguments);
  // The arguments after PROVE.
  Status OnProve(const PeerKeys& keys, std::span<const std::string> proofs);
  // Who connected; empty before it proved itself.
  const std::string& peer() const { return peer_; }

 private:
  Identity self_;
  std::string nonce_, claimed_name_, claimed_nonce_, peer_;
};

}  // namespace rha::trust
