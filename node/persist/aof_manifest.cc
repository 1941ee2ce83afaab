#include "node/persist/aof_manifest.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <iterator>

#include "common/base/config_text.h"
#include "node/persist/limits.h"

namespace rha::node::persist {
namespace {

Status Corrupt(std::string_view what) { return Status(Code::kCorrupt, std::string(what)); }

struct Line {
  AofFile file;
  char type = 0;
};

Result<Line> ParseLine(std::string_view text) {
  const auto words = SplitConfigWords(text);
  // Pairs of a key and a value; "file", "seq" and "type" must be among them.
  if (!words.ok() || words->size() < 6 || words->size() % 2 != 0) {
    return Corrupt("Invalid AOF manifest file format");
  }
  Line line;
  bool numbered = false;
  for (size_t i = 0; i < words->size(); i += 2) {
    const std::string& key = (*words)[i];
    const std::string& value = (*words)[i + 1];
    if (key == "file") {
      if (value.empty() || value.find('/') != std::string::npos || value == "." || value == "..") {
        return Corrupt("File can't be a path, just a filename");
      }
      line.file.name = value;
    } else if (key == "seq") {
      const char* end = value.data() + value.size();
      const auto [at, error] = std::from_chars(value.data(), end, line.file.sequence);
      numbered = error == std::errc() && at == end;
    } else if (key == "type") {
      line.type = value.empty() ? '\0' : value[0];
    }
  }
  if (line.file.name.empty() || !numbered || line.file.sequence == 0 ||
      line.file.sequence > kAofSequenceMax || line.type == 0) {
    return Corrupt("Invalid AOF manifest file format");
  }
  return line;
}

Status Add(Line line, AofManifest* manifest) {
  // A file that counts and is history as well would be removed as such.
  if (manifest->Names(line.file.name)) return Corrupt("Found a file name twice");
  switch (line.type) {
    case 'b':
      if (manifest->base) return Corrupt("Found duplicate base file information");
      manifest->base = std::move(line.file);
      return {};
    case 'h':
      manifest->history.push_back(std::move(line.file));
      return {};
    case 'i':
      if (!manifest->increments.empty() &&
          manifest->increments.back().sequence >= line.file.sequence) {
        return Corrupt("Found a non-monotonic sequence number");
      }
      manifest->increments.push_back(std::move(line.file));
      return {};
    default:
      return Corrupt("Unknown AOF file type");
  }
}

}  // namespace

std::string AofManifestName(std::string_view name) { return std::string(name) + ".manifest"; }

Result<AofManifest> AofManifest::Parse(std::string_view text) {
  AofManifest manifest;
  int number = 0;
  const auto at_line = [&](Status status) {
    return std::move(status).Context(fmt::format("line {}", number));
  };
  if (text.empty()) return Corrupt("Found an empty AOF manifest");
  while (!text.empty()) {
    ++number;
    const size_t end = text.find('\n');
    if (std::min(end, text.size()) >= kAofManifestLineBytesMax) {
      return at_line(Corrupt("The AOF manifest file contains too long line"));
    }
    // A line that was cut is no line: the file is replaced as a whole.
    if (end == std::string_view::npos) {
      return at_line(Corrupt("Invalid AOF manifest file format"));
    }
    const std::string_view one = text.substr(0, end);
    text.remove_prefix(end + 1);
    if (one.starts_with('#')) continue;
    auto line = ParseLine(one);
    if (!line.ok()) return at_line(line.status());
    if (Status added = Add(std::move(line).value(), &manifest); !added.ok()) {
      return at_line(std::move(added));
    }
  }
  return manifest;
}

std::string AofManifest::Format() const {
  std::string text;
  const auto add = [&](const AofFile& file, char type) {
    fmt::format_to(std::back_inserter(text), "file {} seq {} type {}\n", QuoteConfigWord(file.name),
                   file.sequence, type);
  };
  if (base) add(*base, 'b');
  for (const AofFile& file : history) add(file, 'h');
  for (const AofFile& file : increments) add(file, 'i');
  return text;
}

std::vector<AofFile> AofManifest::InOrder() const {
  std::vector<AofFile> files;
  if (base) files.push_back(*base);
  files.insert(files.end(), increments.begin(), increments.end());
  return files;
}

void AofManifest::ReplaceBase(AofFile new_base, size_t first_kept) {
  const auto kept = increments.begin() + static_cast<ptrdiff_t>(first_kept);
  std::vector<AofFile> replaced(std::make_move_iterator(increments.begin()),
                                std::make_move_iterator(kept));
  increments.erase(increments.begin(), kept);
  if (base) replaced.push_back(*std::move(base));
  // The newest first, as in Redis.
  history.insert(history.begin(), std::make_move_iterator(replaced.begin()),
                 std::make_move_iterator(replaced.end()));
  base = std::move(new_base);
}

bool AofManifest::Names(std::string_view name) const {
  const auto is_it = [&](const AofFile& file) { return file.name == name; };
  return (base && is_it(*base)) || std::any_of(history.begin(), history.end(), is_it) ||
         std::any_of(increments.begin(), increments.end(), is_it);
}

AofFile AofManifest::NextBase(std::string_view name, std::string_view form) const {
  return Next(name, fmt::format("base.{}", form), base ? base->sequence : 0);
}

AofFile AofManifest::NextIncrement(std::string_view name) const {
  return Next(name, "incr.aof", increments.empty() ? 0 : increments.back().sequence);
}

// Not one of the history, which may not be removed yet.
AofFile AofManifest::Next(std::string_view name, std::string_view ending, uint64_t last) const {
  for (;;) {
    AofFile file{fmt::format("{}.{}.{}", name, ++last, ending), last};
    if (!Names(file.name)) return file;
  }
}

}  // namespace rha::node::persist
