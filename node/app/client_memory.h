// What clients hold together, and who goes first when that is too much (maxmemory-clients).
//
//   bytes of a client ─▶ its class, by powers of two ─▶ of the largest class goes who came into it
//                                                       first
//
// Each step costs O(1), so that the largest of many thousands is found without a walk over them.
// Thread rule: the loop's thread.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <list>
#include <optional>
#include <unordered_map>

namespace rha::node::app {

class ClientMemory {
 public:
  // The client holds that many bytes now. Only who may be sent away is to be counted.
  void Hold(uint64_t id, size_t bytes);
  void Leave(uint64_t id);
  void Clear();

  // Of all clients.
  size_t bytes() const { return bytes_; }
  std::optional<uint64_t> Largest() const;

 private:
  using Class = std::list<uint64_t>;
  static constexpr size_t kClasses = 65;  // numbers of bits
  struct Client {
    size_t bytes = 0;
    size_t size_class = 0;
    Class::iterator at;
  };

  std::unordered_map<uint64_t, Client> clients_;
  std::array<Class, kClasses> classes_;
  size_t bytes_ = 0;
};

}  // namespace rha::node::app
