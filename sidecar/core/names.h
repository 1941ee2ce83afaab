// Host names in place of addresses (classic groups, `sentinel resolve-hostnames yes`): which
// address a name stands for, which addresses are the same, what others are told.
//
// An address keeps the name it was given; looking names up is the shell's business (Resolve,
// HostResolved). Members of a configured group have numeric addresses and are no part of this.
#pragma once

#include "sidecar/core/context.h"

namespace rha::sidecar::core {

bool IsIpAddress(std::string_view host);
// Names are taken from files, commands and other sentinels only if the user wants them.
bool IsUsableHost(const State& state, std::string_view host);
// Equal, or names of the same address as far as that is known.
bool SameAddress(const State& state, const Address& a, const Address& b);
// The IP address, as far as it is known: others may know it by another name.
Address Resolved(const State& state, const Address& address);
// As clients, peers and nodes are told it: the IP address, or the name if names are announced.
Address Shown(const State& state, const Address& address);

// Asks for the names that are in use; forgets the others.
void KeepNames(Context& c);

}  // namespace rha::sidecar::core
