#include "node/commands/docs/docs.h"

#include <algorithm>

#include "node/commands/docs/table.h"
#include "node/structs/decimal.h"

namespace rha::node::commands {
namespace {

std::string_view Entry(size_t i) {
  const size_t begin = kCommandDocOffsets[i];
  const size_t end = i + 1 < kCommandDocs ? kCommandDocOffsets[i + 1] : kCommandDocBytes;
  return {kCommandDocText + begin, end - begin};
}

std::string_view Name(size_t i) {
  const std::string_view entry = Entry(i);
  return entry.substr(0, entry.find('\n'));
}

int64_t Number(std::string_view text) {
  int64_t number = 0;
  structs::ParseDecimal(text, &number);
  return number;
}

// Steps over one value.
void Skip(DocReader& reader) {
  const char kind = reader.NextKind();
  int64_t inside = kind == '%' || kind == '*' || kind == '~' ? Number(reader.Next()) : 0;
  if (kind == '%') inside *= 2;
  for (; inside > 0; --inside) Skip(reader);
  if (kind == '$' || kind == '+' || kind == ':') reader.Next();
}

}  // namespace

std::string_view DocReader::Next() {
  const size_t end = text_.find('\n');
  const std::string_view line = text_.substr(1, end - 1);
  text_.remove_prefix(end + 1);
  return line;
}

void DocReader::WriteNext(resp::Writer& reply) {
  const char kind = NextKind();
  const std::string_view text = Next();
  if (kind == '$') return reply.Bulk(text);
  if (kind == '+') return reply.Simple(text);
  const int64_t number = Number(text);
  if (kind == ':') return reply.Integer(number);
  if (kind == '%') reply.Map(number);
  if (kind == '*') reply.Array(number);
  if (kind == '~') reply.Set(number);
  for (int64_t left = kind == '%' ? 2 * number : number; left > 0; --left) WriteNext(reply);
}

std::optional<CommandDoc> FindCommandDoc(std::string_view name) {
  size_t low = 0, high = kCommandDocs;
  while (low < high) {
    const size_t middle = (low + high) / 2;
    if (Name(middle) < name) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  if (low == kCommandDocs || Name(low) != name) return std::nullopt;
  DocReader reader(Entry(low).substr(name.size() + 1));
  const DocReader tips = reader;
  Skip(reader);
  std::vector<std::string_view> notes(static_cast<size_t>(Number(reader.Next())));
  for (std::string_view& note : notes) note = reader.Next();
  const int64_t fields = Number(reader.Next());
  return CommandDoc{name, tips, std::move(notes), reader, fields};
}

std::vector<std::string_view> CommandDocNames() {
  std::vector<std::string_view> names;
  for (size_t i = 0; i < kCommandDocs; ++i) names.push_back(Name(i));
  return names;
}

}  // namespace rha::node::commands
