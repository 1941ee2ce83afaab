"""What befalls the primary, and how it is undone. Each is told the three hosts and the number of the one that leads."""
import signal
from dataclasses import dataclass
from typing import Callable

from . import namespace


@dataclass(frozen=True)
class Fault:
    what: str
    begin: Callable
    undo: Callable = lambda trio, host, new: None  # `new`: who leads now
    again: Callable = lambda trio, host: None      # meanwhile, as long as nobody else leads


def _by_signal(number):
    return lambda trio, host: trio.signal_node(host, number)


def _cut(what, heard, speaks):
    return Fault(what, lambda trio, host: namespace.cut(trio.hosts[host], heard, speaks),
                 lambda trio, host, new: namespace.mend(trio.hosts[host], heard, speaks))


# A move may be refused, or given up when no replica catches up in time: it is asked for until it is done, as a person would.
FAULTS = {
    "kill": Fault("kill -9 of its server", _by_signal(signal.SIGKILL), lambda trio, host, new: trio.start_node(host, new)),
    "stop": Fault("SIGSTOP of its server", _by_signal(signal.SIGSTOP), lambda trio, host, new: trio.signal_node(host, signal.SIGCONT)),
    "cut": _cut("its host, sentinel included, loses all packets to and from others", False, False),
    "cut-in": _cut("its host loses what others send", False, True),
    "cut-out": _cut("its host's packets to others are lost", True, False),
    "manual": Fault("SENTINEL FAILOVER at another host", lambda trio, host: trio.move(host), again=lambda trio, host: trio.move(host)),
}
