// May this pod receive traffic, and if not, why: what /readyz says. Pure.
#pragma once

#include "common/http/health.h"
#include "sidecar/shell/render.h"

namespace rha::sidecar::shell {

http::Health Readiness(const View& view);

}  // namespace rha::sidecar::shell
