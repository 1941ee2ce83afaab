#include "node/commands/server/digest.h"

#include <cstdio>
#include <string_view>

#include "common/resp/writer.h"
#include "node/types/hash.h"
#include "node/types/list.h"
#include "node/types/set.h"
#include "node/types/stream.h"
#include "node/types/string.h"
#include "node/types/zset.h"

namespace rha::node::commands {
namespace {

using keyspace::Item;
using types::Type;

// Two ways to take something in: Add() regardless of order, Mix() depending on it.
class Digest {
 public:
  void Add(std::string_view text) {
    const Sha1Digest added = Sha1(text);
    for (size_t i = 0; i < bytes_.size(); ++i) bytes_[i] ^= added[i];
  }
  void Add(const Digest& other) { Add(other.text()); }
  void Mix(std::string_view text) {
    Add(text);
    bytes_ = Sha1(this->text());
  }
  // As four bytes, the highest first.
  void Mix(uint32_t number) {
    const char bytes[] = {static_cast<char>(number >> 24), static_cast<char>(number >> 16),
                          static_cast<char>(number >> 8), static_cast<char>(number)};
    Mix(std::string_view(bytes, sizeof bytes));
  }
  const Sha1Digest& bytes() const { return bytes_; }

 private:
  std::string_view text() const {
    return {reinterpret_cast<const char*>(bytes_.data()), bytes_.size()};
  }

  Sha1Digest bytes_{};
};

Digest DigestOfPair(std::string_view first, std::string_view second) {
  Digest digest;
  digest.Mix(first);
  digest.Mix(second);
  return digest;
}

std::string_view ScoreText(double score, resp::DoubleText& text) {
  return {text, static_cast<size_t>(std::snprintf(text, sizeof text, "%.17g", score))};
}

void MixHash(Digest& digest, const types::HashView& hash) {
  hash.ForEach([&](std::string_view field, std::string_view value) {
    Digest pair = DigestOfPair(field, value);
    if (hash.EndOf(field) != types::kEndless) pair.Mix("!!hexpire!!");
    digest.Add(pair);
  });
}

void MixValue(Digest& digest, Item item) {
  // Redis' own number: it has modules before streams.
  const auto type = static_cast<uint32_t>(item.type());
  digest.Mix(item.type() == Type::kStream ? type + 1 : type);
  switch (item.type()) {
    case Type::kString: {
      structs::DecimalText scratch;
      digest.Mix(item.As<types::StringView>().View(scratch));
      break;
    }
    case Type::kList:
      item.As<types::ListView>().ForEach([&](std::string_view text) { digest.Mix(text); });
      break;
    case Type::kSet:
      item.As<types::SetView>().ForEach([&](std::string_view member) { digest.Add(member); });
      break;
    case Type::kZset:
      item.As<types::ZsetView>().ForEach([&](std::string_view member, double score) {
        resp::DoubleText text;
        digest.Add(DigestOfPair(member, ScoreText(score, text)));
      });
      break;
    case Type::kHash:
      MixHash(digest, item.As<types::HashView>());
      break;
    case Type::kStream:
      item.As<types::StreamView>()->log().ForRange(
          {}, structs::StreamId::Max(), [&](const structs::StreamEntry& entry) {
            digest.Mix(std::to_string(entry.id.ms) + "." + std::to_string(entry.id.seq));
            entry.ForEach([&](std::string_view field, std::string_view value) {
              digest.Mix(field);
              digest.Mix(value);
            });
            return true;
          });
      break;
  }
  if (item.has_expiry()) digest.Add("!!expire!!");
}

}  // namespace

Sha1Digest DigestOfValue(Item item) {
  Digest digest;
  if (item) MixValue(digest, item);
  return digest.bytes();
}

Sha1Digest DigestOfAll(keyspace::Keyspace& keyspace) {
  Digest all;
  for (int i = 0; i < keyspace.databases(); ++i) {
    const keyspace::Db& db = keyspace.db(i);
    if (db.size() == 0) continue;
    all.Mix(static_cast<uint32_t>(i));
    db.ForEach([&](Item item) {
      Digest digest;
      digest.Mix(item.key());
      MixValue(digest, item);
      all.Add(digest);
    });
  }
  return all.bytes();
}

}  // namespace rha::node::commands
