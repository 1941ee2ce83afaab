#include "node/persist/aof_note.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <iterator>

#include "node/persist/limits.h"

namespace rha::node::persist {
namespace {

constexpr std::string_view kTimeStamp = "#TS:";
constexpr std::string_view kHistoryNote = "#redisha-history ";
constexpr std::string_view kOffsetNote = "#redisha-offset ";
constexpr std::string_view kNone = "-";

template <typename Integer>
bool ParseWord(std::string_view word, Integer* value) {
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), *value);
  return error == std::errc() && end == word.data() + word.size();
}

// Exactly kCount words, one blank between two.
template <size_t kCount>
bool Split(std::string_view line, std::array<std::string_view, kCount>* words) {
  for (size_t i = 0; i < kCount; ++i) {
    const size_t end = i + 1 < kCount ? line.find(' ') : line.size();
    if (end == std::string_view::npos) return false;
    (*words)[i] = line.substr(0, end);
    line.remove_prefix(std::min(end + 1, line.size()));
  }
  return true;
}

std::string_view OrNone(const std::string& text) { return text.empty() ? kNone : text; }

}  // namespace

void AppendAofTimeStamp(int64_t unix_s, std::string* out) {
  fmt::format_to(std::back_inserter(*out), "{}{}\r\n", kTimeStamp, unix_s);
}

std::optional<int64_t> ReadAofTimeStamp(std::string_view line) {
  int64_t unix_s = 0;
  if (!line.starts_with(kTimeStamp) || !ParseWord(line.substr(kTimeStamp.size()), &unix_s)) {
    return std::nullopt;
  }
  return unix_s;
}

std::string FormatAofHistory(const RdbInfo& info) {
  return fmt::format("{}{} {} {} {} {}\r\n", kHistoryNote, OrNone(info.repl_id), info.repl_offset,
                     info.repl_stream_db, OrNone(info.cluster_uid), info.data_epoch);
}

void AppendAofOffset(int64_t offset, int db, std::string* out) {
  fmt::format_to(std::back_inserter(*out), "{}{} {}\r\n", kOffsetNote, offset, db);
}

bool ReadAofNote(std::string_view line, RdbInfo* info) {
  RdbInfo read = *info;
  if (line.starts_with(kOffsetNote)) {
    std::array<std::string_view, 2> words;
    if (!Split(line.substr(kOffsetNote.size()), &words) ||
        !ParseWord(words[0], &read.repl_offset) || !ParseWord(words[1], &read.repl_stream_db)) {
      return false;
    }
  } else if (line.starts_with(kHistoryNote)) {
    std::array<std::string_view, 5> words;
    if (!Split(line.substr(kHistoryNote.size()), &words) ||
        !ParseWord(words[1], &read.repl_offset) || !ParseWord(words[2], &read.repl_stream_db) ||
        !ParseWord(words[4], &read.data_epoch) || words[3].size() > kClusterUidBytesMax ||
        (words[0] != kNone && !IsReplId(words[0]))) {
      return false;
    }
    read.repl_id = words[0] == kNone ? "" : words[0];
    read.cluster_uid = words[3] == kNone ? "" : words[3];
  } else {
    return false;
  }
  const bool sound =
      read.repl_id.empty() || (read.repl_offset >= 0 && read.repl_offset <= kReplOffsetMax);
  if (!sound) return false;
  *info = std::move(read);
  return true;
}

}  // namespace rha::node::persist
