#include "local/api_server/table.h"

#include <nlohmann/json.hpp>

#include "local/object/json.h"
#include "local/object/json_path.h"
#include "local/object/times.h"

namespace rha::local::api_server {
namespace {

using object::Json;
using object::Str;
using registry::Column;
using registry::Resource;

Json ColumnEntry(const Column& column) {
  const bool name = column.name == "Name";
  return {{"name", column.name},
          {"type", column.type},
          {"format", name ? "name" : ""},
          {"description", column.description},
          {"priority", column.priority}};
}

// A cell of a custom resource's column, of the column's type.
Json CustomCell(const Json& object, const Column& column, int64_t now_unix_ms) {
  const auto found = object::JsonPath(object, column.path);
  if (found.empty() || found.front()->is_null()) return nullptr;
  const Json& value = *found.front();
  if (column.type == "date") {
    return value.is_string() ? object::Age(value.get_ref<const std::string&>(), now_unix_ms)
                             : "<invalid>";
  }
  if (column.type == "string") {
    return value.is_string() ? value : Json(object::Dump(value));
  }
  return value;
}

std::vector<Column> ColumnsOf(const Resource& resource) {
  if (!resource.custom) return PrinterOf(resource.kind).columns;
  std::vector<Column> columns{{"Name", "string", "", "Name must be unique within a namespace.", 0}};
  if (resource.columns.empty()) {
    columns.push_back({"Age", "date", ".metadata.creationTimestamp", "", 0});
  }
  columns.insert(columns.end(), resource.columns.begin(), resource.columns.end());
  return columns;
}

Json CellsOf(const Resource& resource, const std::vector<Column>& columns, const Json& object,
             int64_t now_unix_ms) {
  if (!resource.custom) return PrinterOf(resource.kind).cells(object, now_unix_ms);
  Json cells = Json::array({object::Name(object)});
  for (size_t i = 1; i < columns.size(); ++i) {
    cells.push_back(CustomCell(object, columns[i], now_unix_ms));
  }
  return cells;
}

Json Shown(const Json& object, const std::string& include) {
  if (include == "Object") return object;
  Json part{{"kind", "PartialObjectMetadata"},
            {"apiVersion", "meta.k8s.io/v1"},
            {"metadata", object::Map(object, {"metadata"})}};
  return part;
}

}  // namespace

Json MakeTable(const Resource& resource, const std::vector<store::Object>& objects,
               const TableOptions& options) {
  const std::vector<Column> columns = ColumnsOf(resource);
  Json table{{"kind", "Table"},
             {"apiVersion", "meta.k8s.io/v1"},
             {"metadata", Json::object()},
             {"columnDefinitions", Json::array()},
             {"rows", Json::array()}};
  if (options.columns) {
    for (const auto& column : columns) table["columnDefinitions"].push_back(ColumnEntry(column));
  }
  for (const auto& object : objects) {
    Json row{{"cells", CellsOf(resource, columns, *object, options.now_unix_ms)}};
    if (options.include != "None") row["object"] = Shown(*object, options.include);
    table["rows"].push_back(std::move(row));
  }
  return table;
}

}  // namespace rha::local::api_server
