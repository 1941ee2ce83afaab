// Notes in an append-only file: lines that begin with '#', which Redis skips.
//
//   #TS:SECONDS                                Redis' own: when what follows was written
//   #redisha-history ID OFFSET DB UID EPOCH    where the dataset stands in its replication history
//   #redisha-offset OFFSET DB                  likewise, when only these have changed; "-": none
//
// Pure; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "node/persist/rdb_file.h"

namespace rha::node::persist {

void AppendAofTimeStamp(int64_t unix_s, std::string* out);
// Unix seconds; none: it is another note.
std::optional<int64_t> ReadAofTimeStamp(std::string_view line);
std::string FormatAofHistory(const RdbInfo& info);
void AppendAofOffset(int64_t offset, int db, std::string* out);
// False: it is another note, or none of ours.
bool ReadAofNote(std::string_view line, RdbInfo* info);

}  // namespace rha::node::persist
