// The first steps of a container's process: `redisha container-init`, run again from this binary in
// namespaces of its own (mounts, pids, host name; users too when not root).
//
// It builds the root file system, then becomes the container's command:
//   /            tmpfs: /usr /bin /sbin /lib* of the host, read-only; /etc as links into the
//   host's,
//                but hosts, resolv.conf and hostname of the pod
//   /proc        of the container's own pids;  /dev: a few harmless devices;  /tmp /run /var: its
//   own mountPaths   the pod's volumes;  /usr/local/bin: our binaries
//
// A spec that is not `isolated` gets none of this: there the paths in it are the host's already.
//
// Protocol: the spec is read from descriptor 3 to its end; an error goes to descriptor 4 as one
// line, which is closed without one when the command runs. Dies with its parent (PR_SET_PDEATHSIG).
#pragma once

namespace rha::local::kubelet {

constexpr int kSpecFd = 3;
constexpr int kStatusFd = 4;
constexpr const char* kContainerInitVerb = "container-init";
constexpr const char* kContainerExecVerb = "container-exec";
constexpr int kInitFailedCode = 128;  // StartError, as containerd reports it

// Does not return if all goes well.
int ContainerInit();
// `redisha container-exec`: joins the namespaces of the process named in the spec and runs a
// command.
int ContainerExec();

}  // namespace rha::local::kubelet
