#include "local/api_server/protobuf.h"

#include <nlohmann/json.hpp>
#include <span>

#include "local/object/base64.h"
#include "local/object/json.h"
#include "local/object/times.h"

namespace rha::local::api_server {
namespace {

using object::Json;

constexpr std::string_view kMagic("k8s\0", 4);
constexpr int kMessageDepthMax = 12;

enum class Type { kString, kBytes, kInt, kBool, kMessage, kTime, kStringMap, kBytesMap };

struct Field {
  uint32_t number;
  const char* name;
  Type type;
  bool repeated = false;
  std::span<const Field> message = {};
};

constexpr Field kTimestamp[] = {{1, "seconds", Type::kInt}, {2, "nanos", Type::kInt}};
constexpr Field kOwner[] = {{1, "kind", Type::kString},     {3, "name", Type::kString},
                            {4, "uid", Type::kString},      {5, "apiVersion", Type::kString},
                            {6, "controller", Type::kBool}, {7, "blockOwnerDeletion", Type::kBool}};
constexpr Field kMeta[] = {{1, "name", Type::kString},
                           {2, "generateName", Type::kString},
                           {3, "namespace", Type::kString},
                           {5, "uid", Type::kString},
                           {6, "resourceVersion", Type::kString},
                           {7, "generation", Type::kInt},
                           {8, "creationTimestamp", Type::kTime},
                           {9, "deletionTimestamp", Type::kTime},
                           {11, "labels", Type::kStringMap},
                           {12, "annotations", Type::kStringMap},
                           {13, "ownerReferences", Type::kMessage, true, kOwner},
                           {14, "finalizers", Type::kString, true}};
constexpr Field kReference[] = {
    {1, "kind", Type::kString},       {2, "namespace", Type::kString},
    {3, "name", Type::kString},       {4, "uid", Type::kString},
    {5, "apiVersion", Type::kString}, {6, "resourceVersion", Type::kString},
    {7, "fieldPath", Type::kString}};
constexpr Field kLocalReference[] = {{1, "name", Type::kString}};
constexpr Field kSecret[] = {{1, "metadata", Type::kMessage, false, kMeta},
                             {2, "data", Type::kBytesMap},
                             {3, "type", Type::kString},
                             {4, "stringData", Type::kStringMap},
                             {5, "immutable", Type::kBool}};
constexpr Field kConfigMap[] = {{1, "metadata", Type::kMessage, false, kMeta},
                                {2, "data", Type::kStringMap},
                                {3, "binaryData", Type::kBytesMap},
                                {4, "immutable", Type::kBool}};
constexpr Field kResourceAccess[] = {
    {1, "namespace", Type::kString}, {2, "verb", Type::kString},
    {3, "group", Type::kString},     {4, "version", Type::kString},
    {5, "resource", Type::kString},  {6, "subresource", Type::kString},
    {7, "name", Type::kString}};
constexpr Field kPathAccess[] = {{1, "path", Type::kString}, {2, "verb", Type::kString}};
constexpr Field kAccess[] = {{1, "resourceAttributes", Type::kMessage, false, kResourceAccess},
                             {2, "nonResourceAttributes", Type::kMessage, false, kPathAccess},
                             {3, "user", Type::kString},
                             {4, "groups", Type::kString, true}};
constexpr Field kAccessReview[] = {{1, "metadata", Type::kMessage, false, kMeta},
                                   {2, "spec", Type::kMessage, false, kAccess}};
constexpr Field kRulesWanted[] = {{1, "namespace", Type::kString}};
constexpr Field kRulesReview[] = {{1, "metadata", Type::kMessage, false, kMeta},
                                  {2, "spec", Type::kMessage, false, kRulesWanted}};
constexpr Field kNamespace[] = {{1, "metadata", Type::kMessage, false, kMeta}};
constexpr Field kServiceAccount[] = {{1, "metadata", Type::kMessage, false, kMeta},
                                     {2, "secrets", Type::kMessage, true, kReference},
                                     {3, "imagePullSecrets", Type::kMessage, true, kLocalReference},
                                     {4, "automountServiceAccountToken", Type::kBool}};
constexpr Field kSource[] = {{1, "component", Type::kString}, {2, "host", Type::kString}};
constexpr Field kEvent[] = {{1, "metadata", Type::kMessage, false, kMeta},
                            {2, "involvedObject", Type::kMessage, false, kReference},
                            {3, "reason", Type::kString},
                            {4, "message", Type::kString},
                            {5, "source", Type::kMessage, false, kSource},
                            {6, "firstTimestamp", Type::kTime},
                            {7, "lastTimestamp", Type::kTime},
                            {8, "count", Type::kInt},
                            {9, "type", Type::kString},
                            {10, "eventTime", Type::kTime},
                            {12, "action", Type::kString},
                            {13, "related", Type::kMessage, false, kReference},
                            {14, "reportingComponent", Type::kString},
                            {15, "reportingInstance", Type::kString}};
constexpr Field kPreconditions[] = {{1, "uid", Type::kString},
                                    {2, "resourceVersion", Type::kString}};
constexpr Field kDeleteOptions[] = {{1, "gracePeriodSeconds", Type::kInt},
                                    {2, "preconditions", Type::kMessage, false, kPreconditions},
                                    {3, "orphanDependents", Type::kBool},
                                    {4, "propagationPolicy", Type::kString},
                                    {5, "dryRun", Type::kString, true}};
constexpr Field kTypeMeta[] = {{1, "apiVersion", Type::kString}, {2, "kind", Type::kString}};

std::span<const Field> MessageOf(const std::string& kind) {
  if (kind == "Secret") return kSecret;
  if (kind == "ConfigMap") return kConfigMap;
  if (kind == "SelfSubjectAccessReview" || kind == "SubjectAccessReview") return kAccessReview;
  if (kind == "SelfSubjectRulesReview") return kRulesReview;
  if (kind == "Namespace") return kNamespace;
  if (kind == "ServiceAccount") return kServiceAccount;
  if (kind == "Event") return kEvent;
  if (kind == "DeleteOptions") return kDeleteOptions;
  return {};
}

// One field on the wire: its number and either a varint or bytes.
struct WireField {
  uint32_t number = 0;
  uint64_t varint = 0;
  std::string_view bytes;
};

bool ReadVarint(std::string_view& in, uint64_t& value) {
  value = 0;
  for (int shift = 0; shift < 64 && !in.empty(); shift += 7) {
    const auto byte = static_cast<unsigned char>(in.front());
    in.remove_prefix(1);
    value |= static_cast<uint64_t>(byte & 0x7f) << shift;
    if ((byte & 0x80) == 0) return true;
  }
  return false;
}

bool ReadField(std::string_view& in, WireField& field) {
  uint64_t tag = 0;
  if (!ReadVarint(in, tag)) return false;
  field = {static_cast<uint32_t>(tag >> 3), 0, {}};
  size_t size = 0;
  switch (tag & 7) {
    case 0:
      return ReadVarint(in, field.varint);
    case 1:
      size = 8;
      break;
    case 5:
      size = 4;
      break;
    case 2: {
      uint64_t length = 0;
      if (!ReadVarint(in, length) || length > in.size()) return false;
      size = static_cast<size_t>(length);
      break;
    }
    default:
      return false;
  }
  if (size > in.size()) return false;
  field.bytes = in.substr(0, size);
  in.remove_prefix(size);
  return true;
}

bool Decode(std::string_view in, std::span<const Field> fields, int depth, Json& out);

// map<string, V> is a repeated message {1: key, 2: value}.
bool DecodeMapEntry(std::string_view in, bool bytes, Json& map) {
  std::string key, value;
  WireField field;
  while (!in.empty()) {
    if (!ReadField(in, field)) return false;
    if (field.number == 1) key = field.bytes;
    if (field.number == 2) value = field.bytes;
  }
  map[key] = bytes ? object::Base64Encode(value) : value;
  return true;
}

bool DecodeValue(const WireField& wire, const Field& field, int depth, Json& value) {
  switch (field.type) {
    case Type::kString:
      value = std::string(wire.bytes);
      return true;
    case Type::kBytes:
      value = object::Base64Encode(wire.bytes);
      return true;
    case Type::kInt:
      value = static_cast<int64_t>(wire.varint);
      return true;
    case Type::kBool:
      value = wire.varint != 0;
      return true;
    case Type::kMessage:
      value = Json::object();
      return Decode(wire.bytes, field.message, depth + 1, value);
    case Type::kTime: {
      Json time = Json::object();
      if (!Decode(wire.bytes, kTimestamp, depth + 1, time)) return false;
      value = object::Timestamp(object::Int(time, {"seconds"}) * 1000);
      if (wire.bytes.empty()) value = nullptr;
      return true;
    }
    case Type::kStringMap:
    case Type::kBytesMap:
      return false;  // handled by Decode, which has the map
  }
  return false;
}

bool Decode(std::string_view in, std::span<const Field> fields, int depth, Json& out) {
  if (depth > kMessageDepthMax) return false;
  WireField wire;
  while (!in.empty()) {
    if (!ReadField(in, wire)) return false;
    for (const Field& field : fields) {
      if (field.number != wire.number) continue;
      if (field.type == Type::kStringMap || field.type == Type::kBytesMap) {
        if (!DecodeMapEntry(wire.bytes, field.type == Type::kBytesMap, out[field.name]))
          return false;
        break;
      }
      Json value;
      if (!DecodeValue(wire, field, depth, value)) return false;
      const bool zero = value.is_string() && value.get_ref<const std::string&>().empty();
      if (field.repeated) {
        out[field.name].push_back(std::move(value));
      } else if (!value.is_null() && !zero) {  // Go writes empty strings out
        out[field.name] = std::move(value);
      }
      break;
    }
  }
  return true;
}

}  // namespace

Result<Json> DecodeProtobuf(std::string_view body) {
  const Status bad(Code::kInvalid, "body is not valid Kubernetes protobuf");
  if (!body.starts_with(kMagic)) return bad;
  body.remove_prefix(kMagic.size());
  Json type = Json::object();
  std::string_view raw;
  WireField field;
  while (!body.empty()) {
    if (!ReadField(body, field)) return bad;
    if (field.number == 1 && !Decode(field.bytes, kTypeMeta, 0, type)) return bad;
    if (field.number == 2) raw = field.bytes;
  }
  const std::string kind = object::Str(type, {"kind"});
  const auto fields = MessageOf(kind);
  if (fields.empty()) {
    return Status(Code::kUnsupported, "protobuf bodies of kind " + kind + " are not understood");
  }
  Json out = Json::object();
  if (!Decode(raw, fields, 0, out)) return bad;
  out["apiVersion"] = object::Str(type, {"apiVersion"});
  out["kind"] = kind;
  return out;
}

}  // namespace rha::local::api_server
