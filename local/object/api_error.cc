#include "local/object/api_error.h"

#include <nlohmann/json.hpp>

namespace rha::local::object {
namespace {

nlohmann::json Details(const Subject& subject) {
  nlohmann::json details = nlohmann::json::object();
  if (!subject.name.empty()) details["name"] = subject.name;
  if (!subject.group.empty()) details["group"] = subject.group;
  details["kind"] = subject.resource;
  return details;
}

}  // namespace

nlohmann::json ApiError::StatusObject() const {
  nlohmann::json status{
      {"kind", "Status"},    {"apiVersion", "v1"}, {"metadata", nlohmann::json::object()},
      {"status", "Failure"}, {"message", message}, {"reason", reason},
      {"code", code}};
  if (!details.is_null()) status["details"] = details;
  return status;
}

ApiError BadRequest(std::string message) { return {400, "BadRequest", std::move(message)}; }

ApiError NotFound(const Subject& subject) {
  return {404, "NotFound", subject.Qualified() + " \"" + subject.name + "\" not found",
          Details(subject)};
}

ApiError AlreadyExists(const Subject& subject) {
  return {409, "AlreadyExists", subject.Qualified() + " \"" + subject.name + "\" already exists",
          Details(subject)};
}

ApiError Conflict(const Subject& subject, const std::string& why) {
  return {409, "Conflict",
          "Operation cannot be fulfilled on " + subject.Qualified() + " \"" + subject.name +
              "\": " + why,
          Details(subject)};
}

ApiError Invalid(const Subject& subject, const std::vector<Cause>& causes) {
  std::string list;
  nlohmann::json details = Details(subject);
  details["kind"] = subject.kind;
  details["causes"] = nlohmann::json::array();
  for (const auto& cause : causes) {
    if (!list.empty()) list += ", ";
    list += cause.field.empty() ? cause.message : cause.field + ": " + cause.message;
    details["causes"].push_back(
        {{"reason", cause.reason}, {"message", cause.message}, {"field", cause.field}});
  }
  if (causes.size() > 1) list = "[" + list + "]";
  const std::string kind =
      subject.group.empty() ? subject.kind : subject.kind + "." + subject.group;
  return {422, "Invalid", kind + " \"" + subject.name + "\" is invalid: " + list, details};
}

ApiError Forbidden(const Subject& subject, const std::string& why) {
  return {403, "Forbidden", subject.Qualified() + " \"" + subject.name + "\" is forbidden: " + why,
          Details(subject)};
}

ApiError Gone(std::string message) { return {410, "Expired", std::move(message)}; }

ApiError MethodNotAllowed(std::string message) {
  return {405, "MethodNotAllowed", std::move(message)};
}

ApiError UnknownPath() {
  return {404, "NotFound", "the server could not find the requested resource",
          nlohmann::json::object()};
}

ApiError UnsupportedMedia(const std::string& type) {
  return {415, "UnsupportedMediaType",
          "the body of the request was in an unknown format - accepted media types include: "
          "application/json, application/yaml, application/vnd.kubernetes.protobuf; got " +
              type};
}

ApiError Internal(std::string message) { return {500, "InternalError", std::move(message)}; }

}  // namespace rha::local::object
