// What every durable file needs beside its own bytes.
#pragma once

#include <string>

#include "common/base/status.h"

namespace rha::env {

// Makes durable that a file of this name was made, renamed or removed: until the folder is synced,
// power loss may bring the older file back.
Status SyncFolderOf(const std::string& path);

}  // namespace rha::env
