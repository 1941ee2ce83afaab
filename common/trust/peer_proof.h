// How two programs of one RedisHA show each other that they belong together, over a connection that
// anybody may have opened:
//
//   initiator                                        responder
//   REDISHA HELLO <uid> <name> <nonce> <address>   ──▶
//                                                  ◀──   <uid> <name> <nonce> <proof>...
//   REDISHA PROVE <proof>...                       ──▶   +OK
//
//   proof = hex(HMAC-SHA256(key, side, uid, both names, both nonces, address))
//
// The key is in a file that only they can read; it never crosses the wire, and a proof is worth
// nothing on another connection. The responder proves first, so an initiator tells a stranger
// nothing but its name. One proof is given for each key of the file and any known key satisfies, so
// a key is rotated by adding the new one everywhere, then removing the old one.
//
// `address` is the one that the initiator dialled. A responder answers only to addresses of its
// own, and both proofs name it. So whoever is dialled in a member's place (a reused address, a
// forged answer of DNS) cannot pass the words on to that member: it refuses the address it was not
// reached at, and with another address in its place the proof that comes back is wrong.
//
// What is not proved is which way each byte takes: who can rewrite packets on the way can take over
// what was proved (docs/security-model.md). TLS or the network keeps him out, not this.
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
inline constexpr size_t kNonceDigits = 64;
inline constexpr size_t kProofDigits = 64;
inline constexpr size_t kNameBytesMax = 256;

// The address of a unix socket, whose path may have another name on each side. Others are a numeric
// IP address and port as net::Endpoint writes them.
inline constexpr char kUnixSocketAddress[] = "unix";

class PeerKeys {
 public:
  // A key file: one key per line, empty lines skipped.
  static Result<PeerKeys> Parse(std::string_view text);
  static Status Check(std::string_view text) { return Parse(text).status(); }

  // The keys of texts like that, as far as there is room: those of the first one first.
  static PeerKeys Join(std::span<const std::string> texts);

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

// Where a connection was opened to, and who should be there.
struct Dialled {
  std::string address;
  std::string expected;  // the name of the other side; empty: any member will do
};

// The side that opened the connection.
class Initiator {
 public:
  Initiator(Identity self, Dialled dialled, std::string nonce);

  // REDISHA HELLO and its arguments.
  Words Hello() const;
  // The words of REDISHA PROVE, or why the responder is not believed.
  Result<Words> OnHelloReply(const PeerKeys& keys, std::span<const std::string> reply);

 private:
  Identity self_;
  Dialled dialled_;
  std::string nonce_;
};

struct Exchange;

// The side that was connected to. One HELLO and one PROVE for each connection; after an error the
// connection is to be closed.
class Responder {
 public:
  // `addresses`: by which it may have been dialled: where this connection reached it, and what it
  // announces. Empty ones do not count.
  Responder(Identity self, std::vector<std::string> addresses, std::string nonce);

  // The arguments after HELLO. The words of the reply, or why it is refused.
  Result<Words> OnHello(const PeerKeys& keys, std::span<const std::string> arguments);
  // The arguments after PROVE.
  Status OnProve(const PeerKeys& keys, std::span<const std::string> proofs);
  // Who connected; empty before it proved itself.
  const std::string& peer() const { return peer_; }

 private:
  Exchange exchange() const;

  Identity self_;
  std::vector<std::string> addresses_;
  std::string nonce_;
  std::string claimed_name_, claimed_nonce_, claimed_address_;  // by HELLO
  std::string peer_;
};

// The first word of the error that a refused HELLO is answered with.
const char* RefusalWord(const Status& refusal);

}  // namespace rha::trust
