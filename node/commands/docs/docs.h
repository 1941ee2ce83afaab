// The prose of COMMAND: what each command is for, its arguments and its history. No command is
// executed any differently for it.
//
// The facts are in commands.json, from which the build makes one text of values, one a line:
//
//   entry  name, tips (a set), notes on key specifications (an array), docs (a map)
//   value  "%2" map of two, "*2" array, "~2" set: their elements follow; ":7" integer,
//          "$text" bulk, "+text" simple string
//
// Complexity: a command is found in O(log commands). Thread rule: constants.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/resp/writer.h"

namespace rha::node::commands {

// Reads and writes the values of an entry one after the other.
class DocReader {
 public:
  explicit DocReader(std::string_view text) : text_(text) {}
  // The next line: its kind, and its text or number of elements.
  char NextKind() { return text_.empty() ? '\0' : text_.front(); }
  std::string_view Next();
  // Writes the next value, with all in it.
  void WriteNext(resp::Writer& reply);

 private:
  std::string_view text_;
};

struct CommandDoc {
  std::string_view name;
  DocReader tips;
  std::vector<std::string_view> key_notes;  // by key specification; those at the end may miss
  DocReader fields;                         // name and value in turn, so many:
  int64_t field_count;
};

// Nothing: no such entry. `name` as in the rows.
std::optional<CommandDoc> FindCommandDoc(std::string_view name);
// The names of all entries.
std::vector<std::string_view> CommandDocNames();

}  // namespace rha::node::commands
