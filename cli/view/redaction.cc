#include "cli/view/redaction.h"

#include <algorithm>

#include "common/k8s/base64.h"
#include "local/object/json.h"

namespace rha::cli {
namespace {

namespace object = local::object;

std::string Lower(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) c = static_cast<char>(tolower(static_cast<unsigned char>(c)));
  return lower;
}

bool IsSecretName(std::string_view name) {
  static constexpr std::string_view kParts[] = {"password", "passwd",  "token",      "apikey",
                                                "api-key",  "api_key", "credential", "private"};
  // Names of Secrets and keys in them are no secrets.
  static constexpr std::string_view kHarmless[] = {
      "secretname", "secretkeyref", "automountserviceaccounttoken", "serviceaccounttoken"};
  const std::string lower = Lower(name);
  for (const std::string_view harmless : kHarmless) {
    if (lower == harmless) return false;
  }
  return std::any_of(std::begin(kParts), std::end(kParts), [&lower](std::string_view part) {
    return lower.find(part) != std::string::npos;
  });
}

// Directives of redis.conf and sentinel.conf whose rest is a secret.
bool IsSecretDirective(std::string_view word) {
  static constexpr std::string_view kWords[] = {"requirepass",   "masterauth", "user",
                                                "sentinel-pass", "auth-pass",  "tls-key-file-pass"};
  const std::string lower = Lower(word);
  return std::find(std::begin(kWords), std::end(kWords), lower) != std::end(kWords);
}

std::string RedactLine(std::string_view line) {
  size_t at = line.find_first_not_of(" \t");
  while (at != std::string_view::npos) {
    const size_t end = std::min(line.find_first_of(" \t", at), line.size());
    const bool first_words = at < 24;  // "sentinel auth-pass NAME …": among the first two
    if (first_words && end < line.size() && IsSecretDirective(line.substr(at, end - at))) {
      return std::string(line.substr(0, end)) + " " + std::string(kRedacted);
    }
    if (!first_words) break;
    at = line.find_first_not_of(" \t", end);
  }
  return std::string(line);
}

std::string RedactLines(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const size_t end = text.find('\n');
    out += RedactLine(text.substr(0, end));
    if (end == std::string_view::npos) break;
    out += '\n';
    text.remove_prefix(end + 1);
  }
  return out;
}

std::string Hex(std::string_view bytes) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string hex;
  for (const char c : bytes) {
    hex += kDigits[static_cast<unsigned char>(c) >> 4];
    hex += kDigits[static_cast<unsigned char>(c) & 15];
  }
  return hex;
}

}  // namespace

void Redaction::AddKnown(const std::string& secret) {
  std::string trimmed = secret;
  while (!trimmed.empty() && (trimmed.back() == '\n' || trimmed.back() == '\r')) trimmed.pop_back();
  if (trimmed.size() < kKnownBytesMin) return;
  std::string encoded = k8s::EncodeBase64(secret), encoded_trimmed = k8s::EncodeBase64(trimmed);
  for (std::string* text : {&encoded, &encoded_trimmed}) {
    while (!text->empty() && text->back() == '=') text->pop_back();
  }
  for (const std::string& way : {trimmed, encoded, encoded_trimmed, Hex(trimmed)}) {
    if (std::find(known_.begin(), known_.end(), way) == known_.end()) known_.push_back(way);
  }
  // A file of several lines: each of them by itself.
  if (const size_t line = trimmed.find('\n'); line != std::string::npos) {
    AddKnown(trimmed.substr(0, line));
    AddKnown(trimmed.substr(line + 1));
  }
  std::stable_sort(known_.begin(), known_.end(),
                   [](const std::string& a, const std::string& b) { return a.size() > b.size(); });
}

void Redaction::AddSecretObject(const Json& secret) {
  for (const auto& [key, value] : object::Map(secret, {"data"}).items()) {
    if (!value.is_string()) continue;
    if (auto bytes = k8s::DecodeBase64(value.get<std::string>()); bytes.ok()) AddKnown(*bytes);
  }
}

std::string Redaction::Known(std::string text) const {
  for (const std::string& secret : known_) {
    for (size_t at = 0; (at = text.find(secret, at)) != std::string::npos;) {
      text.replace(at, secret.size(), kRedacted);
      at += kRedacted.size();
    }
  }
  return text;
}

void Redaction::Walk(Json& value) const {
  if (value.is_string()) {
    value = Text(value.get<std::string>());
  } else if (value.is_array()) {
    for (Json& element : value) Walk(element);
  } else if (value.is_object()) {
    // {"name": "REDIS_PASSWORD", "value": "x"}
    const bool secret_env = IsSecretName(object::Str(value, {"name"})) && value.contains("value");
    if (secret_env) value["value"] = kRedacted;
    for (auto& [name, inner] : value.items()) {
      const bool secret = inner.is_string() && (IsSecretName(name) || IsSecretDirective(name));
      if (secret && name != "name") {
        inner = kRedacted;
      } else {
        Walk(inner);
      }
    }
  }
}

Json Redaction::Object(Json object) const {
  if (object::Str(object, {"kind"}) == "Secret") {
    for (const char* part : {"data", "stringData"}) {
      if (!object.contains(part)) continue;
      for (auto& [key, value] : object[part].items()) value = kRedacted;
    }
  }
  object::Erase(object,
                {"metadata", "annotations", "kubectl.kubernetes.io/last-applied-configuration"});
  object::Erase(object, {"metadata", "managedFields"});
  Walk(object);
  return object;
}

std::string Redaction::Text(std::string text) const { return RedactLines(Known(std::move(text))); }

}  // namespace rha::cli
