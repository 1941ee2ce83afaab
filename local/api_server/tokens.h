// Who is asking: bearer tokens of the administrator (kubeconfig) and of service accounts.
// A service account's token names it and is signed with a key of this cluster. Any thread.
#pragma once

#include <optional>
#include <string>

namespace rha::local::api_server {

class Tokens {
 public:
  // `secret`: random, kept in the data folder.
  explicit Tokens(std::string secret) : secret_(std::move(secret)) {}

  std::string Admin() const;
  static const char* admin();  // the administrator's user
  std::string ServiceAccount(const std::string& name_space, const std::string& name) const;
  // The user of "Bearer …", if the token is one of ours.
  std::optional<std::string> User(const std::string& authorization) const;

 private:
  std::string Sign(const std::string& user) const;
  std::string secret_;
};

}  // namespace rha::local::api_server
