// What ACL LIST, USERS, GETUSER and LOG answer, the same words from a node and from a sentinel.
// Thread rule: that of the writer.
#pragma once

#include <cstdint>

#include "common/acl/denial_log.h"
#include "common/acl/users.h"
#include "common/resp/writer.h"

namespace rha::acl {

void WriteNames(resp::Writer& reply, const Users& users);
// As lines of a configuration file.
void WriteLines(resp::Writer& reply, const Users& users);
void WriteUser(resp::Writer& reply, const User& user, const Catalogue& catalogue);

// 7.0 has seven fields; 7.2 has added three.
enum class LogFields { kOf70, kOf72 };
void WriteDenial(resp::Writer& reply, const DenialEntry& entry, int64_t now_unix_ms,
                 LogFields fields);

}  // namespace rha::acl
