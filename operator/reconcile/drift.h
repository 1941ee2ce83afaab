// Does an object on the server still say what we applied?
//
// The server adds fields and rewrites values (1000m becomes 1), so "equal" is asked only about the
// fields we sent, and, once we have seen what the server made of them, about that.
// Pure; any thread.
#pragma once

#include <string>

#include "common/k8s/json.h"

namespace rha::op::reconcile {

// True if every field of `desired` is in `observed` with the same value. Lists must have the same
// length and cover each other element by element.
bool Covers(const k8s::Json& desired, const k8s::Json& observed);

// A hash of the values that `observed` has at the places where `desired` has some.
std::string Fingerprint(const k8s::Json& desired, const k8s::Json& observed);

}  // namespace rha::op::reconcile
