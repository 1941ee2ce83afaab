"""Builds the Dockerfile as it stands, with buildah and no registry: Debian's base is made by mmdebstrap, and the programs are those of
this build, or compiled as the Dockerfile says.

Everything lies in one folder; `Image.root` is what a container of it sees.
"""
import glob
import json
import os
import shutil
import subprocess
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BIN = os.environ.get("RHA_BIN_DIR", os.path.join(ROOT, "build", "release", "bin"))
BASE = "docker.io/library/debian:12-slim"
IMAGE = "localhost/redisha:test"
BUILD_TIMEOUT_S = 540
COMPILE_TIMEOUT_S = 7200


def programs():
    """The programs that the image holds, as built."""
    return sorted(p for p in glob.glob(os.path.join(BIN, "redisha*")) if os.access(p, os.X_OK))


def missing_tool():
    """Why no image can be built here, or None."""
    if os.geteuid() != 0:
        return "only root can build an image without a registry"
    for tool, package in {"buildah": "buildah", "mmdebstrap": "mmdebstrap", "unshare": "util-linux"}.items():
        if not shutil.which(tool):
            return f"no {tool} in PATH: apt-get install {package}"
    if subprocess.run(["unshare", "--mount", "true"], capture_output=True).returncode != 0:
        return "this container may not mount"
    return None


class Image:
    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="rha-image-")

    def buildah(self, *words, timeout_s=BUILD_TIMEOUT_S):
        storage = ["--root", os.path.join(self.folder, "storage"), "--runroot", os.path.join(self.folder, "run"), "--storage-driver", "vfs"]
        done = subprocess.run(["buildah", *storage, *words], capture_output=True, text=True, timeout=timeout_s)
        if done.returncode != 0:
            raise RuntimeError(f"buildah {' '.join(words)}: exit code {done.returncode}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}")
        return done.stdout

    def base(self):
        """Debian's slim image, made once a build folder."""
        kept = os.path.join(os.path.dirname(BIN), "image-base.tar")
        if not os.path.exists(kept):
            part = kept + ".part.tar"
            paths = ["path-exclude=/usr/share/man/*", "path-exclude=/usr/share/locale/*", "path-exclude=/usr/share/doc/*",
                     "path-include=/usr/share/doc/*/copyright"]
            subprocess.run(["mmdebstrap", "-q", "--variant=apt", *[f"--dpkgopt={path}" for path in paths], "bookworm", part],
                           check=True, timeout=BUILD_TIMEOUT_S)
            os.rename(part, kept)
        return kept

    def add_base(self, name):
        container = self.buildah("from", "scratch").strip()
        self.buildah("add", "-q", container, self.base(), "/")
        self.buildah("commit", "-q", "--rm", container, name)

    def build(self):
        stage = os.path.join(self.folder, "stage")
        out = os.path.join(stage, "out")
        os.makedirs(out)
        for program in programs():
            subprocess.run(["strip", "-o", os.path.join(out, os.path.basename(program)), program], check=True)
        with open(os.path.join(out, "linked.txt"), "wb") as file:
            file.write(subprocess.run([os.path.join(ROOT, "scripts", "sbom"), "linked"], check=True, stdout=subprocess.PIPE).stdout)
        self.make(["--build-context", f"build={stage}"], BUILD_TIMEOUT_S)
        return self

    def compile(self):
        """All stages, as a user's `docker build` goes through them: the programs are compiled from the sources here."""
        self.add_base(BASE.removesuffix("-slim"))
        self.make([], COMPILE_TIMEOUT_S)
        return self

    def make(self, options, timeout_s):
        self.add_base(BASE)
        self.buildah("bud", "-q", "--isolation", "chroot", "--pull-never", *options, "-t", IMAGE, ROOT, timeout_s=timeout_s)
        self.config = json.loads(self.buildah("inspect", "--type", "image", IMAGE))["OCIv1"]["config"]
        self.container = self.buildah("from", "--pull-never", IMAGE).strip()
        self.root = self.buildah("mount", self.container).strip()

    def command(self, words, environment=(), volume=None, entrypoint=True):
        """How to start `words` as Kubernetes would at its strictest: read-only root, /data alone writable, the image's user, no privilege."""
        words = [*(self.config.get("Entrypoint") or []) * entrypoint, *(words or self.config.get("Cmd"))]
        variables = [*self.config.get("Env", []), *environment]
        data = f"mount --bind {volume} $root/data" if volume else "mount -t tmpfs -o uid=65532,gid=65532,mode=700 none $root/data"
        script = ("root=$1; shift; mount --bind $root $root && mount -o remount,bind,ro $root && mount --rbind /dev $root/dev && "
                  f"mount -t proc none $root/proc && {data} && "
                  "exec chroot $root setpriv --reuid=65532 --regid=65532 --clear-groups --no-new-privs --bounding-set=-all --inh-caps=-all \"$@\"")
        return ["unshare", "--mount", "--pid", "--fork", "--kill-child", "--propagation=private", "sh", "-c", script, "sh", self.root,
                "env", "-i", "--chdir=" + self.config["WorkingDir"], *variables, *words]

    def run(self, *words, **options):
        return subprocess.run(self.command(list(words), **options), capture_output=True, text=True, timeout=60)

    def remove(self):
        try:
            self.buildah("umount", "--all")
        finally:
            shutil.rmtree(self.folder, ignore_errors=True)
