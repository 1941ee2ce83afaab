#include "common/net/hosts_file.h"

#include <strings.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <sstream>

namespace rha::net {
namespace {

bool SameName(const std::string& left, std::string_view right) {
  return left.size() == right.size() && ::strncasecmp(left.data(), right.data(), left.size()) == 0;
}

}  // namespace

std::vector<std::string> AddressesIn(std::string_view hosts_text, std::string_view host) {
  std::vector<std::string> found;
  std::istringstream lines{std::string(hosts_text)};
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line.substr(0, line.find('#')));
    std::string address;
    words >> address;
    for (std::string name; words >> name;) {
      const bool known = std::find(found.begin(), found.end(), address) != found.end();
      if (!known && SameName(name, host)) found.push_back(address);
    }
  }
  return found;
}

std::vector<std::string> AddressesInHostsFile(std::string_view host) {
  const char* path = std::getenv("REDISHA_HOSTS_FILE");
  if (path == nullptr) return {};
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  return AddressesIn(text.str(), host);
}

}  // namespace rha::net
