// The table of faults that can be put back: in the machine (sidecar/core/mutants.h) or in the world
// around it (the node, the driver). Each must be noticed by the checkers within 10,000 seeds.
#pragma once

#include <span>

#include "sidecar/core/mutants.h"
#include "tests/sim/cluster.h"

namespace rha::sim {

struct MutantRow {
  const char* name;
  sidecar::core::Mutant machine = sidecar::core::Mutant::kNone;
  WorldFault world = WorldFault::kNone;
  const char* what;  // the rule that is broken, and what follows
};

std::span<const MutantRow> MutantTable();

}  // namespace rha::sim
