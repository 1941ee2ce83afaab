// Base64 (RFC 4648), as Secrets and kubeconfig files carry bytes. Pure; any thread.
#pragma once

#include <string>
#include <string_view>

#include "common/base/status.h"

namespace rha::k8s {

// Line breaks and blanks are skipped.
Result<std::string> DecodeBase64(std::string_view text);
std::string EncodeBase64(std::string_view bytes);

}  // namespace rha::k8s
