// The periods that SENTINEL DEBUG shows and changes, which tests of failovers do. One row each.
#pragma once

#include "sidecar/core/limits.h"

namespace rha::sidecar::core {

struct Periods {
  Millis info = kInfoPeriod;
  Millis ping = kPingPeriod;
  Millis ask = kAskPeriod;
  Millis publish = kHelloPeriod;
  Millis down_after = kDownAfterDefault;              // of groups monitored from now on
  Millis failover_timeout = kFailoverTimeoutDefault;  // ... likewise
  Millis tilt_trigger = kTiltTrigger;
  Millis tilt = kTiltPeriod;
  Millis reconf_timeout = kReconfTimeout;
  Millis min_link_reconnect = kMinLinkReconnect;
  Millis election_timeout = kElectionTimeoutMax;
  Millis script_runtime = kScriptRuntimeMax;
  Millis script_retry = kScriptRetryDelay;
};

struct PeriodRow {
  const char* name;
  Millis Periods::*value;
};

inline constexpr PeriodRow kPeriodRows[] = {
    {"INFO-PERIOD", &Periods::info},
    {"PING-PERIOD", &Periods::ping},
    {"ASK-PERIOD", &Periods::ask},
    {"PUBLISH-PERIOD", &Periods::publish},
    {"DEFAULT-DOWN-AFTER", &Periods::down_after},
    {"DEFAULT-FAILOVER-TIMEOUT", &Periods::failover_timeout},
    {"TILT-TRIGGER", &Periods::tilt_trigger},
    {"TILT-PERIOD", &Periods::tilt},
    {"SLAVE-RECONF-TIMEOUT", &Periods::reconf_timeout},
    {"MIN-LINK-RECONNECT-PERIOD", &Periods::min_link_reconnect},
    {"ELECTION-TIMEOUT", &Periods::election_timeout},
    {"SCRIPT-MAX-RUNTIME", &Periods::script_runtime},
    {"SCRIPT-RETRY-DELAY", &Periods::script_retry},
};

}  // namespace rha::sidecar::core
