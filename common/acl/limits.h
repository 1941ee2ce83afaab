// What users may make the server hold. A rule beyond it is refused with a line that says so.
#pragma once

#include <cstddef>
#include <cstdint>

namespace rha::acl {

constexpr size_t kCommandsMax = 1024;  // rows of the command table, subcommands among them
constexpr size_t kUsersMax = 10'000;
constexpr size_t kUserNameBytesMax = 1024;
constexpr size_t kPasswordsMax = 100;       // of one user
constexpr size_t kSelectorsMax = 100;       // of one user, its root among them
constexpr size_t kTextsMax = 1000;          // patterns and first arguments of one selector
constexpr size_t kTextBytesMax = 4096;      // one of them
constexpr size_t kLogTextBytesMax = 1024;   // of an entry's object, user and client each
constexpr size_t kLogEntriesCompared = 10;  // the latest, in search of one that says the same
constexpr int64_t kLogGroupingMs = 60'000;

}  // namespace rha::acl
