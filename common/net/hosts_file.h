// The format of /etc/hosts, for processes that cannot have an /etc/hosts of their own: the file
// that $REDISHA_HOSTS_FILE names is asked before the system. Any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace rha::net {

// Addresses of `host` in the order of the lines, each once. Pure.
std::vector<std::string> AddressesIn(std::string_view hosts_text, std::string_view host);
// The same of the file, read anew each time; none when the variable is not set.
std::vector<std::string> AddressesInHostsFile(std::string_view host);

}  // namespace rha::net
