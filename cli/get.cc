// `redisha get KIND [NAME]`: a table, or the object as JSON.
#include <cstdio>
#include <nlohmann/json.hpp>

#include "cli/cluster_client.h"
#include "cli/program.h"
#include "cli/verbs.h"
#include "cli/view/text.h"
#include "local/object/json.h"

namespace rha::cli {
namespace {

using local::object::Items;
using local::object::Json;
using local::object::Str;

std::string CellText(const Json& cell) {
  if (cell.is_null()) return "";
  return cell.is_string() ? cell.get<std::string>() : local::object::Dump(cell);
}

void PrintTable(const Json& table, bool wide, bool namespaces) {
  std::vector<std::vector<std::string>> rows(1);
  std::vector<size_t> shown;
  const Json& columns = Items(table, {"columnDefinitions"});
  if (namespaces) rows[0].push_back("NAMESPACE");
  for (size_t i = 0; i < columns.size(); ++i) {
    if (!wide && local::object::Int(columns[i], {"priority"}) > 0) continue;
    shown.push_back(i);
    std::string head = Str(columns[i], {"name"});
    for (char& c : head) c = static_cast<char>(toupper(c));
    rows[0].push_back(head);
  }
  for (const auto& row : Items(table, {"rows"})) {
    auto& cells = rows.emplace_back();
    if (namespaces) cells.push_back(Str(row, {"object", "metadata", "namespace"}));
    for (const size_t i : shown) {
      cells.push_back(i < row["cells"].size() ? CellText(row["cells"][i]) : "");
    }
  }
  std::fputs(Table(rows).c_str(), stdout);
}

Status Run(const ObjectOptions& options) {
  RHA_ASSIGN_OR_RETURN(const auto client, ClusterClient::Connect(options.access));
  RHA_ASSIGN_OR_RETURN(const Kind kind, client->FindKind(options.kind));
  const std::string space = options.all_namespaces ? "" : client->name_space();
  const bool json = options.output == "json";
  RHA_ASSIGN_OR_RETURN(const Json answer, client->Get(kind, space, options.name, !json));
  if (json) {
    std::fputs(ToJson(answer).c_str(), stdout);
  } else if (Items(answer, {"rows"}).empty()) {
    std::fprintf(stderr, "No %s found.\n", kind.plural.c_str());
  } else {
    PrintTable(answer, options.output == "wide", options.all_namespaces);
  }
  return Status::Ok();
}

}  // namespace

int Get(const ObjectOptions& options) {
  const Status done = Run(options);
  return done.ok() ? kDone : Fail(done);
}

}  // namespace rha::cli
