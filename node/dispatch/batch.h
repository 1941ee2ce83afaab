// Requests of one sender that arrived together: parsed ahead, so that the misses of their keys
// overlap (Engine::Prepare), and executed in order.
//
// Invariant: words are views into the input given to Fill(); it must not change meanwhile.
// Thread rule: the engine's thread.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>
#include <vector>

#include "common/resp/parser.h"
#include "node/dispatch/table.h"

namespace rha::node::dispatch {

class RequestBatch {
 public:
  static constexpr size_t kRequestsMax = 32;

  // Takes the whole requests at the front of `input`; those that are not plain end the batch.
  void Fill(std::string_view input) {
    words_.clear();
    size_ = 0;
    input_ = input;
    for (size_t at = 0; size_ < kRequestsMax;) {
      const size_t first_word = words_.size();
      const size_t bytes = resp::ParseWholeRequest(input.substr(at), &words_);
      if (bytes == 0) break;
      at += bytes;
      requests_[size_++] = {first_word, words_.size() - first_word, at, {}};
    }
  }

  size_t size() const { return size_; }
  resp::Args args(size_t i) const {
    return resp::Args(words_).subspan(requests_[i].first_word, requests_[i].words);
  }
  // Bytes of the input up to the end of this request.
  size_t end(size_t i) const { return requests_[i].end; }
  // All of it, as resp::WriteRequest would write it.
  std::string_view wire(size_t i) const {
    const size_t begin = i == 0 ? 0 : end(i - 1);
    return input_.substr(begin, end(i) - begin);
  }
  Resolved& resolved(size_t i) { return requests_[i].resolved; }

 private:
  struct Request {
    size_t first_word, words, end;
    Resolved resolved;
  };
  std::string_view input_;
  std::vector<std::string_view> words_;
  std::array<Request, kRequestsMax> requests_;
  size_t size_ = 0;
};

}  // namespace rha::node::dispatch
