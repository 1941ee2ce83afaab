// What SENTINEL SET changes of a group and SENTINEL CONFIG SET of the whole process. Errors are a
// client's reply.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/base/status.h"
#include "sidecar/core/config.h"
#include "sidecar/core/persisted.h"

namespace rha::sidecar::core {

// Two-word options (rename-command) have both words in `value`.
Status ApplySetting(GroupConfig& config, std::string_view option, std::string_view value);

// Its value must not be shown.
bool IsSecretSetting(std::string_view option);
// Links to the group's nodes were made with what it says.
bool ConcernsLinks(std::string_view option);
// Names a program to run.
bool IsScriptSetting(std::string_view option);

Status ApplyGlobal(Globals& globals, std::string_view name, std::string_view value);
// Name and value of each, as SENTINEL CONFIG GET lists them.
std::vector<std::pair<std::string, std::string>> GlobalFields(const Globals& globals);

// A command's name as renamed_commands has it.
std::string CommandName(std::string_view name);

}  // namespace rha::sidecar::core
