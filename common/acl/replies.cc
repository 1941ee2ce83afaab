#include "common/acl/replies.h"

#include <string>
#include <string_view>
#include <vector>

namespace rha::acl {
namespace {

void Text(resp::Writer& reply, std::string_view name, std::string_view value) {
  reply.Bulk(name);
  reply.Bulk(value);
}

void Number(resp::Writer& reply, std::string_view name, int64_t value) {
  reply.Bulk(name);
  reply.Integer(value);
}

void WriteSelector(resp::Writer& reply, const Selector& selector, const Catalogue& catalogue) {
  Text(reply, "commands", selector.CommandsText(catalogue));
  Text(reply, "keys", selector.KeysText());
  Text(reply, "channels", selector.ChannelsText());
}

}  // namespace

void WriteNames(resp::Writer& reply, const Users& users) {
  reply.Array(static_cast<int64_t>(users.all().size()));
  for (const auto& [name, user] : users.all()) reply.Bulk(name);
}

void WriteLines(resp::Writer& reply, const Users& users) {
  reply.Array(static_cast<int64_t>(users.all().size()));
  for (const auto& [name, user] : users.all()) {
    reply.Bulk("user " + name + " " + user->Text(users.catalogue()));
  }
}

void WriteUser(resp::Writer& reply, const User& user, const Catalogue& catalogue) {
  reply.Map(6);
  reply.Bulk("flags");
  const std::vector<std::string_view> flags = user.Flags();
  reply.Set(static_cast<int64_t>(flags.size()));
  for (const std::string_view flag : flags) reply.Bulk(flag);
  reply.Bulk("passwords");
  reply.Array(static_cast<int64_t>(user.passwords().size()));
  for (const std::string& password : user.passwords()) reply.Bulk(password);
  WriteSelector(reply, user.selectors().front(), catalogue);
  reply.Bulk("selectors");
  reply.Array(static_cast<int64_t>(user.selectors().size()) - 1);
  for (size_t i = 1; i < user.selectors().size(); ++i) {
    reply.Map(3);
    WriteSelector(reply, user.selectors()[i], catalogue);
  }
}

void WriteDenial(resp::Writer& reply, const DenialEntry& entry, int64_t now_unix_ms,
                 LogFields fields) {
  reply.Map(fields == LogFields::kOf72 ? 10 : 7);
  Number(reply, "count", static_cast<int64_t>(entry.count));
  Text(reply, "reason", entry.reason_name());
  Text(reply, "context", entry.where_name());
  Text(reply, "object", entry.object);
  Text(reply, "username", entry.user);
  reply.Bulk("age-seconds");
  reply.Double(static_cast<double>(now_unix_ms - entry.unix_ms) / 1000);
  Text(reply, "client-info", entry.client);
  if (fields == LogFields::kOf70) return;
  Number(reply, "entry-id", static_cast<int64_t>(entry.id));
  Number(reply, "timestamp-created", entry.created_unix_ms);
  Number(reply, "timestamp-last-updated", entry.unix_ms);
}

}  // namespace rha::acl
