// What every durable file needs beside its own bytes.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "common/base/status.h"
#include "common/env/disk.h"

namespace rha::env {

// All of `bytes`, or an error that names the file; a part of them may then have been written.
Status WriteAll(int fd, std::string_view bytes, const std::string& name);

// Makes durable that a file of this name was made, renamed or removed: until the folder is synced,
// power loss may bring the older file back.
Status SyncFolderOf(const std::string& path);

// What a person or a program may have written: a configuration, a secret.
constexpr size_t kTextFileBytesMax = 16 << 20;
// kNotFound, kIo, or kExhausted beyond kTextFileBytesMax.
Result<std::string> ReadTextFile(const std::string& path);
Result<std::string> ReadTextFileUpTo(const std::string& path, size_t bytes_max);
// All of it or nothing, and durable. A new file is its owner's alone; an older one keeps its
// permissions.
Status WriteTextFile(const std::string& path, const std::string& text, Disk& disk = Disk::Real());

}  // namespace rha::env
