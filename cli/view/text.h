// Words and shapes of what is printed: tables, ages, YAML. Pure; any thread.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace rha::cli {

// Columns three blanks apart, as kubectl prints them; the first row is the heading.
std::string Table(const std::vector<std::vector<std::string>>& rows);

// "42s", "7m", "3h12m", "5d"; "-" for a time that is no time.
std::string Age(int64_t from_unix_us, int64_t now_unix_us);
std::string AgeOf(const std::string& time, int64_t now_unix_us);
// "0 B", "14 KB", "3.2 MB".
std::string Bytes(int64_t bytes);

std::string ToYaml(const nlohmann::json& value);
// Indented, with a line end; bytes that are not UTF-8 are replaced.
std::string ToJson(const nlohmann::json& value);

}  // namespace rha::cli
