#include "cli/program.h"

#include <CLI/CLI.hpp>
#include <cstdio>
#include <string_view>

#include "cli/completion.h"
#include "cli/subjects.h"
#include "cli/verbs.h"

namespace rha::cli {
namespace {

constexpr const char* kFooter =
    "\nA first try on this machine:\n"
    "  redisha local up                          a small Kubernetes with the operator\n"
    "  export KUBECONFIG=.redisha/local/kubeconfig\n"
    "  redisha apply -f examples/minimal.yaml    three pods, one of them primary\n"
    "  redisha status demo --wait                until it is Ready\n"
    "  redisha local down                        ends everything\n\n"
    "On any other Kubernetes the same files work with kubectl; docs/local.md says what a local\n"
    "cluster is and is not.\n"
    "Exit codes: 0 done, 1 failed, 2 wrong usage; status has more.";

void AddLocal(CLI::App& app, LocalOptions& options, int& result) {
  CLI::App* local = app.add_subcommand("local", "A small Kubernetes on this machine");
  local->require_subcommand(1);
  const auto verb = [&](const char* name, const char* help, int (*run)(const LocalOptions&)) {
    CLI::App* sub = local->add_subcommand(name, help);
    sub->add_option("--dir", options.folder, "Folder of its data")->capture_default_str();
    sub->callback([&options, &result, run] { result = run(options); });
    return sub;
  };
  CLI::App* up = verb("up", "Start it, with the operator, and wait until it is ready", LocalUp);
  CLI::App* down = verb("down", "End it and every process it started", LocalDown);
  CLI::App* status = verb("status", "Is it running, and where", LocalStatus);
  CLI::App* run = verb("run", "Run it in the foreground, without the operator", LocalRun);
  up->add_flag("--no-operator", options.no_operator, "Only the cluster");
  down->add_flag("--purge", options.purge, "Remove its data too");
  status->add_option("-o,--output", options.output, "json")->check(CLI::IsMember({"json"}));
  for (CLI::App* sub : {up, run}) {
    sub->add_option("--port", options.port, "Port of the API server (default: a free one, kept)");
    sub->add_option("--restart-backoff-max-seconds", options.restart_backoff_max_seconds,
                    "Longest wait before a crashed container's next start")
        ->capture_default_str()
        ->check(CLI::Range(1, 86'400));
    sub->add_option("--isolation", options.isolation,
                    "auto: namespaces for containers where they can be had; namespaces: or refuse; "
                    "none: paths are replaced instead")
        ->capture_default_str()
        ->check(CLI::IsMember({"auto", "namespaces", "none"}));
  }
  run->add_option("--ready-fd", options.ready_fd)->group("");
}

void AddAccess(CLI::App* sub, Access& access) {
  sub->add_option("-n,--namespace", access.name_space, "Default: the context's");
  sub->add_option("--kubeconfig", access.kubeconfig,
                  "Default: $KUBECONFIG, then the pod's service account, then ~/.kube/config");
  sub->add_option("--context", access.context, "Of the kubeconfig; default: its current one");
}

void AddObjectVerbs(CLI::App& app, ObjectOptions& options, int& result) {
  const auto verb = [&](const char* name, const char* help, int (*run)(const ObjectOptions&)) {
    CLI::App* sub = app.add_subcommand(name, help);
    AddAccess(sub, options.access);
    sub->callback([&options, &result, run] { result = run(options); });
    return sub;
  };
  CLI::App* apply =
      verb("apply", "Create or change the objects of a file (server-side apply)", Apply);
  apply->add_option("-f,--filename", options.file, "YAML or JSON; - is stdin")->required();
  apply->add_flag("--force-conflicts", options.force, "Take fields from their other owners");
  CLI::App* get =
      verb("get", "Show objects: redisha get pods, redisha get redisha demo -o json", Get);
  get->add_option("kind", options.kind, "pods, sts, redisha …")->required();
  get->add_option("name", options.name);
  get->add_flag("-A,--all-namespaces", options.all_namespaces);
  get->add_option("-o,--output", options.output, "json or wide")
      ->check(CLI::IsMember({"json", "wide"}));
}

void AddStatus(CLI::App& app, StatusOptions& options, int& result) {
  CLI::App* sub = app.add_subcommand("status", "One RedisHA in full, or all of them as a table");
  AddAccess(sub, options.access);
  sub->add_option("name", options.name, "Without: all of the namespace");
  sub->add_flag("-A,--all-namespaces", options.all_namespaces, "All of all namespaces");
  sub->add_flag("-w,--watch", options.watch, "Go on showing changes");
  sub->add_flag("--wait", options.wait, "Until all that are shown are Ready");
  sub->add_option("--timeout", options.timeout_seconds, "Seconds that --wait waits")
      ->capture_default_str();
  sub->add_option("-o,--output", options.output, "json, yaml or wide")
      ->check(CLI::IsMember({"json", "yaml", "wide"}));
  sub->footer(
      "\nExamples:\n"
      "  kubectl redisha status                  all of the namespace, one line each\n"
      "  kubectl redisha status demo             pods, addresses, and the conditions that matter\n"
      "  kubectl redisha status demo --wait      until it is Ready; for scripts\n"
      "  kubectl redisha status -A -o wide       everywhere, with images and messages\n\n"
      "Exit codes: 0 all are Ready, 3 something is missing but writes are possible, 4 one has no\n"
      "primary that takes writes, 1 it could not be asked, 2 wrong usage.");
  sub->callback([&options, &result] { result = ShowStatus(options); });
}

CLI::App* AddNamed(CLI::App& app, const char* verb, const char* help, Access& access,
                   std::string& name) {
  CLI::App* sub = app.add_subcommand(verb, help);
  AddAccess(sub, access);
  sub->add_option("name", name, "Of the RedisHA")->required();
  return sub;
}

void AddTopology(CLI::App& app, NamedOptions& options, int& result) {
  CLI::App* sub = AddNamed(app, "topology", "A drawing: who follows whom, where, how far behind",
                           options.access, options.name);
  sub->add_option("-o,--output", options.output, "json")->check(CLI::IsMember({"json"}));
  sub->footer(
      "\nEvery pod is asked for its metrics (port 9121), by kubectl port-forward; that needs "
      "create\n"
      "on pods/portforward. A filled dot is a ready pod.\n\n"
      "Example:\n"
      "  kubectl redisha topology demo");
  sub->callback([&options, &result] { result = ShowTopology(options); });
}

void AddSwitchover(CLI::App& app, SwitchoverOptions& options, int& result) {
  CLI::App* sub =
      AddNamed(app, "switchover", "Move the primary to another pod, without losing a write",
               options.access, options.name);
  sub->add_option("--to", options.to, "The pod; default: the sentinels choose");
  sub->add_option("-o,--output", options.output, "json")->check(CLI::IsMember({"json"}));
  sub->footer(
      "\nThe order goes to a sentinel as its user admin, whose password is read from Secret\n"
      "NAME-peer; pods are reached by kubectl port-forward.\n\n"
      "Examples:\n"
      "  kubectl redisha switchover demo\n"
      "  kubectl redisha switchover demo --to demo-2");
  sub->callback([&options, &result] { result = Switchover(options); });
}

void AddExplain(CLI::App& app, NamedOptions& options, int& result) {
  CLI::App* sub =
      AddNamed(app, "explain-last-failover",
               "Who died, how it was found, who voted, how long each step took, what was lost",
               options.access, options.name);
  sub->add_option("-o,--output", options.output, "json, or log for the lines it is drawn from")
      ->check(CLI::IsMember({"json", "log"}));
  sub->footer(
      "\nIt is read from the logs of the pods that are there, by the clocks of their machines.\n"
      "Logs of a pod that was deleted are gone with it.\n\n"
      "Examples:\n"
      "  kubectl redisha explain-last-failover demo\n"
      "  kubectl redisha explain-last-failover demo -o log");
  sub->callback([&options, &result] { result = ExplainLastFailover(options); });
}

void AddLogs(CLI::App& app, LogsOptions& options, int& result) {
  CLI::App* sub = AddNamed(app, "logs", "Logs of all pods, node and sentinel, merged by time",
                           options.access, options.name);
  sub->add_option("-c,--container", options.container, "node or sentinel; default: both")
      ->check(CLI::IsMember({"node", "sentinel"}));
  sub->add_option("--pod", options.pod, "Of this pod only");
  sub->add_option("--tail", options.tail_lines, "Lines of each container; default: all");
  sub->add_option("--since", options.since, "Not older than 30s, 10m, 2h, 1d")
      ->check([](const std::string& text) {
        const auto seconds = ParseSeconds(text);
        return seconds.ok() ? "" : seconds.status().message();
      });
  sub->add_flag("-p,--previous", options.previous, "Of the processes that ended before these");
  sub->add_flag("-f,--follow", options.follow, "Go on showing new lines");
  sub->footer(
      "\nExamples:\n"
      "  kubectl redisha logs demo --since 10m\n"
      "  kubectl redisha logs demo -c sentinel -f --tail 20\n"
      "  kubectl redisha logs demo --previous      why did it restart?");
  sub->callback([&options, &result] { result = ShowLogs(options); });
}

void AddRestart(CLI::App& app, RestartOptions& options, int& result) {
  CLI::App* sub = AddNamed(app, "restart", "Restart the pods one by one, the primary last",
                           options.access, options.name);
  sub->add_flag("--force", options.force, "Although it is not Ready");
  sub->add_flag("--no-wait", options.no_wait, "Do not wait until all pods are new");
  sub->add_option("--timeout", options.timeout_seconds, "Seconds to wait")->capture_default_str();
  sub->footer(
      "\nThe primary is moved to pod 0, which a StatefulSet replaces last; then the annotation\n"
      "ha.redisha.io/restarted-at of the pods is changed in spec.podTemplate. If the resource is "
      "kept\n"
      "in Git, that field shows as drift: let it ignore the annotation.\n\n"
      "Example:\n"
      "  kubectl redisha restart demo");
  sub->callback([&options, &result] { result = Restart(options); });
}

void AddCli(CLI::App& app, RedisCliOptions& options, int& result) {
  CLI::App* sub = AddNamed(app, "cli", "redis-cli at the primary, with the password",
                           options.access, options.name);
  sub->add_option("--pod", options.pod, "At this pod instead");
  sub->add_flag("--sentinel", options.sentinel, "At the sentinel of that pod, as its user admin");
  sub->add_option("words", options.words, "For redis-cli, after --");
  sub->footer(
      "\nredis-cli has to be in the PATH. The password is handed over in its environment, never "
      "in\n"
      "its arguments.\n\n"
      "Examples:\n"
      "  kubectl redisha cli demo\n"
      "  kubectl redisha cli demo -- INFO replication\n"
      "  kubectl redisha cli demo --pod demo-1 -- --latency\n"
      "  kubectl redisha cli demo --sentinel -- SENTINEL REPLICAS default.demo");
  sub->callback([&options, &result] { result = RedisCli(options); });
}

void AddBench(CLI::App& app, BenchOptions& options, int& result) {
  CLI::App* sub =
      AddNamed(app, "bench", "Writes and reads: how many, how fast, what a failover costs",
               options.access, options.name);
  sub->add_option("--seconds", options.seconds, "For how long")
      ->capture_default_str()
      ->check(CLI::Range(1, 3'600));
  sub->add_option("--clients", options.clients, "Each sends one command at a time")
      ->capture_default_str()
      ->check(CLI::Range(1, 200));
  sub->add_option("--reads", options.reads_percent, "Of 100 commands; the others write")
      ->capture_default_str()
      ->check(CLI::Range(0, 99));
  sub->add_option("--value-bytes", options.value_bytes, "Of each value")
      ->capture_default_str()
      ->check(CLI::Range(16, 65'536));
  sub->add_option("--during", options.during,
                  "After a third of the time: switchover, or delete-primary (its pod)")
      ->check(CLI::IsMember({"switchover", "delete-primary"}));
  sub->add_option("-o,--output", options.output, "json")->check(CLI::IsMember({"json"}));
  sub->footer(
      "\nThe clients find the primary through the sentinels, and follow it. They write to at most "
      "97\n"
      "keys each, redisha:bench:…, which are read again and removed at the end: it says whether "
      "an\n"
      "acknowledged value is missing. Pods that this machine does not reach itself are reached "
      "through\n"
      "kubectl port-forward, whose cost every figure then contains.\n\n"
      "Examples:\n"
      "  kubectl redisha bench demo\n"
      "  kubectl redisha bench demo --seconds 30 --during switchover\n"
      "  kubectl redisha bench demo --clients 50 --reads 90 --value-bytes 1024 -o json\n\n"
      "Exit codes: 0 done, 1 it could not be done, or an acknowledged value is missing.");
  sub->callback([&options, &result] { result = Bench(options); });
}

void AddDoctor(CLI::App& app, NamedOptions& options, int& result) {
  CLI::App* sub =
      app.add_subcommand("doctor", "What is wrong with the cluster or a RedisHA, and what to do");
  AddAccess(sub, options.access);
  sub->add_option("name", options.name, "Only this RedisHA; default: all of the namespace");
  sub->add_option("-o,--output", options.output, "json")->check(CLI::IsMember({"json"}));
  sub->footer(
      "\nServer, resource type, operator, permissions, storage, clocks, DNS, then every RedisHA "
      "with\n"
      "its pods and network policies. Nothing is changed.\n\n"
      "Example:\n"
      "  kubectl redisha doctor demo\n\n"
      "Exit codes: 0 all is well, 3 there are warnings, 4 something has failed.");
  sub->callback([&options, &result] { result = Doctor(options); });
}

void AddReport(CLI::App& app, ReportOptions& options, int& result) {
  CLI::App* sub =
      app.add_subcommand("report", "A file for whoever helps: objects, logs, metrics; no secrets");
  AddAccess(sub, options.access);
  sub->add_option("name", options.name, "Only this RedisHA; default: all of the namespace");
  sub->add_option("-f,--file", options.file, "Default: redisha-report-TIME.tar.gz here");
  sub->footer(
      "\nHolds what doctor finds, the resources with their children, events, logs of pods and\n"
      "operator, metrics, INFO and what the sentinels say. Values of Secrets are replaced "
      "wherever\n"
      "they stand. No keys or values of the dataset are read. Look into it before you send it:\n"
      "  tar -tzf FILE\n\n"
      "Example:\n"
      "  kubectl redisha report demo");
  sub->callback([&options, &result] { result = Report(options); });
}

void AddMigrate(CLI::App& app, MigrateOptions& options, int& result) {
  CLI::App* sub =
      app.add_subcommand("migrate", "The RedisHA for what runs today, and the steps to it");
  AddAccess(sub, options.access);
  sub->add_option("from", options.from, "bitnami, spotahome or opstree")
      ->required()
      ->check(CLI::IsMember({"bitnami", "spotahome", "opstree"}));
  sub->add_option("name", options.name, "Of the Helm release, RedisFailover or RedisReplication")
      ->required();
  sub->add_option("--name", options.new_name, "Of the RedisHA");
  sub->footer(
      "\nReads only. What comes out is a file to apply, with what is not carried over and the "
      "steps\n"
      "as comments; no value is dropped in silence. docs/migrate has a page for each.\n\n"
      "Examples:\n"
      "  kubectl redisha migrate bitnami shop > shop.yaml\n"
      "  kubectl redisha migrate spotahome sessions -n web\n"
      "  kubectl redisha migrate opstree cache --name cache2");
  sub->callback([&options, &result] { result = Migrate(options); });
}

void AddCompletion(CLI::App& app, std::string& shell) {
  CLI::App* sub =
      app.add_subcommand("completion", "A script that completes verbs, options and names");
  sub->add_option("shell", shell, "bash, zsh or fish")
      ->required()
      ->check(CLI::IsMember({"bash", "zsh", "fish"}));
  sub->footer(
      "\nExamples:\n"
      "  source <(redisha completion bash)\n"
      "  redisha completion fish | source\n\n"
      "For `kubectl redisha` (kubectl 1.26 and later) put a program kubectl_complete-redisha into\n"
      "the PATH:\n"
      "  #!/bin/sh\n"
      "  exec redisha __complete \"$@\"");
  sub->callback([&shell] { std::fputs(CompletionScript(shell).c_str(), stdout); });
}

// Of the namespace that is being typed; none where no cluster answers.
std::vector<std::string> NamesOfTheCluster(const std::vector<std::string>& words) {
  Access access;
  for (size_t i = 0; i + 1 < words.size(); ++i) {
    if (words[i] == "-n" || words[i] == "--namespace") access.name_space = words[i + 1];
    if (words[i] == "--kubeconfig") access.kubeconfig = words[i + 1];
    if (words[i] == "--context") access.context = words[i + 1];
  }
  std::vector<std::string> names;
  const auto client = ClusterClient::Connect(access);
  if (!client.ok()) return names;
  const auto subjects = ReadSubjects(**client, (*client)->name_space(), "");
  if (!subjects.ok()) return names;
  for (const Subject& subject : *subjects) {
    names.push_back(subject.redisha["metadata"]["name"].get<std::string>());
  }
  return names;
}

int Complete(const CLI::App& app, int argc, char** argv) {
  const std::vector<std::string> words(argv + 2, argv + argc);
  const auto names = [&words] { return NamesOfTheCluster(words); };
  for (const std::string& word : Candidates(app, words, names)) std::printf("%s\n", word.c_str());
  std::printf(":4\n");
  return kDone;
}

}  // namespace

int Fail(const Status& status) {
  std::fprintf(stderr, "redisha: %s\n", status.message().c_str());
  return kFailed;
}

// What stands where a verb is wanted: "redisha stauts", "redisha local start".
std::string UnknownVerb(const CLI::App& app) {
  for (const std::string& word : app.remaining(true)) {
    if (word[0] != '-') return word;
  }
  return "";
}

int Main(int argc, char** argv) {
  // As a plugin of kubectl the program goes by that name.
  const std::string_view called = argc > 0 ? argv[0] : "";
  const bool plugin = called.ends_with("kubectl-redisha");
  CLI::App app{"RedisHA: a highly available, Redis-compatible data store for Kubernetes",
               plugin ? "kubectl redisha" : "redisha"};
  app.set_version_flag("--version", "redisha " RHA_VERSION);
  app.require_subcommand(1);
  app.footer(kFooter);
  int result = kDone;
  LocalOptions local;
  ObjectOptions objects;
  StatusOptions status;
  NamedOptions topology;
  SwitchoverOptions switchover;
  NamedOptions explain;
  LogsOptions logs;
  RestartOptions restart;
  RedisCliOptions redis_cli;
  BenchOptions bench;
  NamedOptions doctor;
  ReportOptions report;
  MigrateOptions migrate;
  std::string shell;
  AddLocal(app, local, result);
  AddObjectVerbs(app, objects, result);
  AddStatus(app, status, result);
  AddTopology(app, topology, result);
  AddSwitchover(app, switchover, result);
  AddExplain(app, explain, result);
  AddRestart(app, restart, result);
  AddLogs(app, logs, result);
  AddCli(app, redis_cli, result);
  AddBench(app, bench, result);
  AddDoctor(app, doctor, result);
  AddReport(app, report, result);
  AddMigrate(app, migrate, result);
  AddCompletion(app, shell);
  if (argc > 2 && std::string_view(argv[1]) == kCompleteVerb) return Complete(app, argc, argv);
  try {
    app.parse(argc, argv);
  } catch (const CLI::RequiredError& error) {
    const std::string word = UnknownVerb(app);
    if (word.empty()) return app.exit(error) == 0 ? kDone : kUsage;
    const auto verbs = app.get_subcommands();  // of "redisha local foo", local
    const std::string of = verbs.empty() ? "redisha" : "redisha " + verbs[0]->get_name();
    std::fprintf(stderr, "redisha: %s is no verb; %s --help lists them\n", word.c_str(),
                 of.c_str());
    return kUsage;
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? kDone : kUsage;
  }
  return result;
}

}  // namespace rha::cli
