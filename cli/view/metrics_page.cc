#include "cli/view/metrics_page.h"

#include <charconv>
#include <cstdlib>

namespace rha::cli {
namespace {

// After the opening brace: name="value", with \\, \" and \n as escapes. Returns what follows the
// closing brace; nothing where it is malformed.
std::optional<std::string_view> ParseLabels(
    std::string_view text, std::map<std::string, std::string, std::less<>>* labels) {
  while (!text.empty() && text[0] != '}') {
    const size_t equals = text.find("=\"");
    if (equals == std::string_view::npos) return std::nullopt;
    std::string& value = (*labels)[std::string(text.substr(0, equals))];
    text.remove_prefix(equals + 2);
    while (!text.empty() && text[0] != '"') {
      const bool escaped = text[0] == '\\' && text.size() > 1;
      value += !escaped ? text[0] : text[1] == 'n' ? '\n' : text[1];
      text.remove_prefix(escaped ? 2 : 1);
    }
    if (text.empty()) return std::nullopt;
    text.remove_prefix(1);
    if (!text.empty() && text[0] == ',') text.remove_prefix(1);
  }
  if (text.empty()) return std::nullopt;
  return text.substr(1);
}

}  // namespace

MetricsPage MetricsPage::Parse(std::string_view text) {
  MetricsPage page;
  while (!text.empty()) {
    const size_t end = text.find('\n');
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    const size_t name_end = line.find_first_of("{ ");
    if (line.empty() || line[0] == '#' || name_end == std::string_view::npos) continue;
    Sample sample;
    std::optional<std::string_view> rest = line.substr(name_end);
    if (line[name_end] == '{') rest = ParseLabels(line.substr(name_end + 1), &sample.labels);
    if (!rest) continue;
    const std::string number(rest->substr(std::min(rest->find_first_not_of(' '), rest->size())));
    char* stop = nullptr;
    sample.value = std::strtod(number.c_str(), &stop);
    if (stop == number.c_str()) continue;
    page.samples_[std::string(line.substr(0, name_end))].push_back(std::move(sample));
  }
  return page;
}

std::optional<double> MetricsPage::Value(std::string_view name) const {
  const auto found = samples_.find(name);
  if (found == samples_.end()) return std::nullopt;
  return found->second.front().value;
}

std::string MetricsPage::Label(std::string_view name, std::string_view label) const {
  const auto found = samples_.find(name);
  if (found == samples_.end()) return "";
  const auto& labels = found->second.front().labels;
  const auto value = labels.find(label);
  return value == labels.end() ? "" : value->second;
}

PodFacts FactsOf(const MetricsPage& page) {
  const auto number = [&page](std::string_view name) {
    return static_cast<int64_t>(page.Value(name).value_or(0));
  };
  PodFacts facts;
  facts.node_up = number("redis_up") == 1;
  facts.role = page.Label("redis_instance_info", "role");
  facts.version = page.Label("redisha_sentinel_info", "version");
  facts.offset = number("redis_master_repl_offset");
  facts.link_up = number("redis_master_link_up") == 1;
  facts.syncing = number("redis_master_sync_in_progress") == 1;
  const std::string host = page.Label("redis_master_link_up", "master_host");
  if (!host.empty()) {
    facts.follows = host + ":" + page.Label("redis_master_link_up", "master_port");
  }
  if (const auto priority = page.Value("redis_slave_priority")) {
    facts.priority = static_cast<int64_t>(*priority);
  }
  facts.hears_majority = number("redisha_sentinel_has_majority") == 1;
  if (number("redisha_sentinel_primary_known") == 1) {
    facts.primary = page.Label("redis_sentinel_master_status", "master_address");
  }
  facts.epoch = number("redisha_sentinel_epoch");
  facts.strangers = number("redisha_sentinel_strangers");
  facts.state_write_failing = number("redisha_sentinel_state_write_failing") == 1;
  facts.cold_start_waiting = number("redisha_sentinel_cold_start_waiting") == 1;
  return facts;
}

}  // namespace rha::cli
