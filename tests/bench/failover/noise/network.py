"""Hosts with a network namespace each, joined by a router; this program is beside them, with a good line to each."""
import fcntl
import os
import socket
import struct
import subprocess

from .router import Router

TUNSETIFF = 0x400454CA
IFF_TUN, IFF_NO_PI = 0x0001, 0x1000
DEVICE = "/dev/net/tun"
QUEUE_PACKETS = 10_000
NEEDS_TUN = "ip tuntap add dev rha-probe mode tun"
NEEDS_NSENTER = "nsenter --net=/proc/self/ns/net true"
BESIDE = 100              # the last number of this program's own address


def open_tun(name):
    device = os.open(DEVICE, os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(device, TUNSETIFF, struct.pack("16sH22x", name.encode(), IFF_TUN | IFF_NO_PI))
    return device


def ip(words, within=()):
    subprocess.run([*within, "ip", *words.split()], check=True)


class Network:
    """`number` tells it from the others."""

    def __init__(self, number, hosts, seed):
        self.hosts = [f"10.77.{number}.{host + 1}" for host in range(hosts)]
        self.holders = [self._namespace() for _ in self.hosts]
        devices = {}
        for host, address in enumerate(self.hosts):
            name = f"rha-{number}-{host}"
            devices[socket.inet_aton(address)] = open_tun(name)
            ip(f"link set {name} netns {self.holders[host].pid}")
            self._raise(name, address, self.within(host))
            ip("link set lo up", self.within(host))
            ip(f"route add default dev {name}", self.within(host))
        name = f"rha-{number}"
        other = open_tun(name)
        self._raise(name, f"10.77.{number}.{BESIDE}")
        self.router = Router(devices, other, seed)

    def within(self, host):
        return ["nsenter", f"--net=/proc/{self.holders[host].pid}/ns/net"]

    def end(self):
        self.router.end()
        for device in (*self.router.hosts.values(), self.router.other):
            os.close(device)
        for holder in self.holders:
            holder.kill()
            holder.wait()

    @staticmethod
    def _namespace():
        """A process that keeps one."""
        holder = subprocess.Popen(["unshare", "--net", "sh", "-c", "echo; exec sleep infinity"], stdout=subprocess.PIPE)
        holder.stdout.readline()
        return holder

    @staticmethod
    def _raise(name, address, within=()):
        ip(f"address add {address}/24 dev {name}", within)
        ip(f"link set {name} txqueuelen {QUEUE_PACKETS} up", within)
