// What `redisha status` prints. Pure; any thread.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "cli/view/subject.h"

namespace rha::cli {

struct StatusStyle {
  bool namespaces = false;  // a column for them
  bool wide = false;
};

// One line each.
std::string StatusTable(const std::vector<Subject>& subjects, const StatusStyle& style,
                        int64_t now_unix_us);
// One of them in full: pods, conditions that say something, addresses.
std::string StatusDetails(const Subject& subject, int64_t now_unix_us);
// {health, reason, redisha, pods}; for scripts.
Json StatusJson(const Subject& subject);
// The worst of all; healthy when there are none.
Health WorstOf(const std::vector<Subject>& subjects);

}  // namespace rha::cli
