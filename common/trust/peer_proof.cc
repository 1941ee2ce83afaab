#include "common/trust/peer_proof.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>
#include <utility>

#include "common/base/hex.h"
#include "common/base/random_id.h"
#include "common/trust/secret.h"

namespace rha::trust {

// What a proof is about. Views of its two ends.
struct Exchange {
  std::string_view uid, initiator, initiator_nonce, responder, responder_nonce, address;
};

namespace {

enum class Side { kInitiator, kResponder };

// Each field with its length in front, so that no two exchanges have the same text.
std::string TextToSeal(Side side, const Exchange& exchange) {
  std::string text = "redisha-proof-2";
  const std::string_view side_word = side == Side::kInitiator ? "initiator" : "responder";
  for (const std::string_view field :
       {side_word, exchange.uid, exchange.initiator, exchange.initiator_nonce, exchange.responder,
        exchange.responder_nonce, exchange.address}) {
    text += '|' + std::to_string(field.size()) + ':';
    text += field;
  }
  return text;
}

Words Prove(const PeerKeys& keys, Side side, const Exchange& exchange) {
  const std::string text = TextToSeal(side, exchange);
  Words proofs;
  for (const std::string& key : keys.all()) {
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned int size = 0;
    const bool made = HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
                           reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest,
                           &size) != nullptr;
    RHA_CHECK(made && size * 2 == kProofDigits);
    proofs.push_back(Hex(digest, size));
  }
  return proofs;
}

bool Proves(const PeerKeys& keys, Side side, const Exchange& exchange,
            std::span<const std::string> given) {
  if (given.empty() || given.size() > kKeysMax) return false;
  bool proved = false;
  for (const std::string& right : Prove(keys, side, exchange)) {
    for (const std::string& proof : given) {
      proved |= SameSecret(proof, right);
    }
  }
  return proved;
}

bool IsNonce(std::string_view nonce) { return IsHex(nonce, kNonceDigits); }

Status Foreign(const std::string& ours, std::string_view theirs) {
  return Status(Code::kConflict, "it belongs to another cluster (" +
                                     std::string(IsName(theirs) ? theirs : "unreadable uid") +
                                     ", not " + ours + ")");
}

}  // namespace

bool IsName(std::string_view name) {
  return !name.empty() && name.size() <= kNameBytesMax &&
         std::all_of(name.begin(), name.end(), [](char c) { return c > ' ' && c < 0x7f; });
}

Result<PeerKeys> PeerKeys::Parse(std::string_view text) {
  PeerKeys keys;
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.empty()) continue;
    if (line.size() < kKeyBytesMin) {
      return Status(Code::kInvalid, "a peer key has at least " + std::to_string(kKeyBytesMin) +
                                        " characters (try: openssl rand -hex 32)");
    }
    keys.keys_.emplace_back(line);
  }
  if (keys.keys_.empty()) return Status(Code::kInvalid, "there is no peer key");
  if (keys.keys_.size() > kKeysMax) {
    return Status(Code::kInvalid, "more than " + std::to_string(kKeysMax) + " peer keys");
  }
  return keys;
}

PeerKeys PeerKeys::Join(std::span<const std::string> texts) {
  PeerKeys joined;
  for (const std::string& text : texts) {
    const auto parsed = Parse(text);
    if (!parsed.ok()) continue;
    for (const std::string& key : parsed->keys_) {
      const bool known =
          std::find(joined.keys_.begin(), joined.keys_.end(), key) != joined.keys_.end();
      if (!known && joined.keys_.size() < kKeysMax) joined.keys_.push_back(key);
    }
  }
  return joined;
}

std::string NewNonce() { return RandomHex(kNonceDigits); }

Initiator::Initiator(Identity self, Dialled dialled, std::string nonce)
    : self_(std::move(self)), dialled_(std::move(dialled)), nonce_(std::move(nonce)) {}

Words Initiator::Hello() const {
  return {"REDISHA", "HELLO", self_.uid, self_.name, nonce_, dialled_.address};
}

Result<Words> Initiator::OnHelloReply(const PeerKeys& keys, std::span<const std::string> reply) {
  if (reply.size() < 4 || !IsName(reply[1]) || !IsNonce(reply[2])) {
    return Status(Code::kDenied, "its answer to REDISHA HELLO is not one");
  }
  if (reply[0] != self_.uid) return Foreign(self_.uid, reply[0]);
  if (!dialled_.expected.empty() && reply[1] != dialled_.expected) {
    return Status(Code::kDenied, "it is " + reply[1] + ", not " + dialled_.expected);
  }
  const Exchange exchange{.uid = self_.uid,
                          .initiator = self_.name,
                          .initiator_nonce = nonce_,
                          .responder = reply[1],
                          .responder_nonce = reply[2],
                          .address = dialled_.address};
  if (!Proves(keys, Side::kResponder, exchange, reply.subspan(3))) {
    return Status(Code::kDenied,
                  "it does not have our peer key, or passes on the words of who has");
  }
  Words words = {"REDISHA", "PROVE"};
  for (std::string& proof : Prove(keys, Side::kInitiator, exchange)) {
    words.push_back(std::move(proof));
  }
  return words;
}

Responder::Responder(Identity self, std::vector<std::string> addresses, std::string nonce)
    : self_(std::move(self)), addresses_(std::move(addresses)), nonce_(std::move(nonce)) {
  std::erase(addresses_, "");
}

Exchange Responder::exchange() const {
  return {.uid = self_.uid,
          .initiator = claimed_name_,
          .initiator_nonce = claimed_nonce_,
          .responder = self_.name,
          .responder_nonce = nonce_,
          .address = claimed_address_};
}

Result<Words> Responder::OnHello(const PeerKeys& keys, std::span<const std::string> arguments) {
  if (!claimed_name_.empty()) return Status(Code::kInvalid, "HELLO was already said");
  if (arguments.size() != 4 || !IsName(arguments[1]) || !IsNonce(arguments[2]) ||
      !IsName(arguments[3])) {
    return Status(Code::kInvalid, "HELLO takes a cluster uid, a name, a nonce of " +
                                      std::to_string(kNonceDigits) +
                                      " hexadecimal digits and the address that was dialled");
  }
  if (arguments[0] != self_.uid) return Foreign(self_.uid, arguments[0]);
  if (std::find(addresses_.begin(), addresses_.end(), arguments[3]) == addresses_.end()) {
    return Status(Code::kDenied, self_.name + " was not reached at " + arguments[3] + " but at " +
                                     (addresses_.empty() ? "nothing it knows" : addresses_[0]) +
                                     ": a stranger passes this on, or the network translates "
                                     "addresses and announce-ip does not say so");
  }
  claimed_name_ = arguments[1];
  claimed_nonce_ = arguments[2];
  claimed_address_ = arguments[3];
  Words reply = {self_.uid, self_.name, nonce_};
  for (std::string& proof : Prove(keys, Side::kResponder, exchange())) {
    reply.push_back(std::move(proof));
  }
  return reply;
}

Status Responder::OnProve(const PeerKeys& keys, std::span<const std::string> proofs) {
  if (claimed_name_.empty() || !peer_.empty()) {
    return Status(Code::kInvalid, "PROVE follows HELLO, once");
  }
  if (!Proves(keys, Side::kInitiator, exchange(), proofs)) {
    return Status(Code::kDenied, claimed_name_ + " does not have our peer key");
  }
  peer_ = claimed_name_;
  return Status::Ok();
}

const char* RefusalWord(const Status& refusal) {
  switch (refusal.code()) {
    case Code::kConflict:
      return "FOREIGN";
    case Code::kDenied:
      return "ELSEWHERE";
    default:
      return "ERR";
  }
}

}  // namespace rha::trust
