#include "local/api_server/http.h"

#include <nlohmann/json.hpp>

#include "local/object/json.h"

namespace rha::local::api_server {
namespace {

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::string Decode(std::string_view text, bool plus_is_space) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size() && HexDigit(text[i + 1]) >= 0 &&
        HexDigit(text[i + 2]) >= 0) {
      out += static_cast<char>(HexDigit(text[i + 1]) * 16 + HexDigit(text[i + 2]));
      i += 2;
    } else {
      out += text[i] == '+' && plus_is_space ? ' ' : text[i];
    }
  }
  return out;
}

}  // namespace

std::string Request::Query(const std::string& key, const std::string& fallback) const {
  const auto it = query.find(key);
  return it == query.end() ? fallback : it->second;
}

bool Request::QueryFlag(const std::string& key) const {
  const std::string value = Query(key);
  return value == "true" || value == "1" || (value.empty() && query.contains(key));
}

void ParseTarget(std::string_view target, Request& request) {
  const size_t mark = target.find('?');
  request.path = Decode(target.substr(0, mark), false);
  if (mark == std::string_view::npos) return;
  std::string_view rest = target.substr(mark + 1);
  while (!rest.empty()) {
    const size_t end = rest.find('&');
    const std::string_view pair = rest.substr(0, end);
    const size_t equal = pair.find('=');
    request.query.emplace(
        Decode(pair.substr(0, equal), true),
        equal == std::string_view::npos ? "" : Decode(pair.substr(equal + 1), true));
    rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
  }
}

Response JsonResponse(int status, const nlohmann::json& body) {
  Response response;
  response.status = status;
  response.body = object::Dump(body) + "\n";
  return response;
}

Response ErrorResponse(const object::ApiError& error) {
  return JsonResponse(error.code, error.StatusObject());
}

}  // namespace rha::local::api_server
