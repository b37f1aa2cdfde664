// SPDX-License-Identifier: Apache-2.0
#include "cluster/slurm/tool.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <thread>

extern char** environ;

namespace lockstep::cluster {
namespace {

constexpr size_t kMostBytes = 64 << 10;
constexpr auto kBetweenLooks = std::chrono::milliseconds(5);

// Both ends of a pipe, closed in children.
class Pipe {
 public:
  Pipe() = default;
  ~Pipe() {
    CloseReader();
    CloseWriter();
  }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;
  Status Open() {
    if (::pipe2(ends_, O_CLOEXEC) == 0) return OkStatus();
    return ErrnoStatus("cannot make a pipe", errno);
  }
  // One whose writer gets an error and no SIGPIPE where nobody reads any more.
  Status OpenAsSocket() {
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends_) == 0) return OkStatus();
    return ErrnoStatus("cannot make a pair of sockets", errno);
  }
  int reader() const { return ends_[0]; }
  int writer() const { return ends_[1]; }
  void CloseReader() { Close(&ends_[0]); }
  void CloseWriter() { Close(&ends_[1]); }

 private:
  static void Close(int* end) {
    if (*end >= 0) ::close(*end);
    *end = -1;
  }
  int ends_[2] = {-1, -1};
};

struct Pipes {
  Pipe in, out, err;
};

int MillisecondsLeft(Deadline deadline) {
  const auto left =
      std::chrono::duration_cast<std::chrono::milliseconds>(deadline.when() - Clock::Real().Now());
  return static_cast<int>(std::clamp<int64_t>(left.count(), 0, 1000));
}

// One read of what is there; false at the end of it.
bool ReadSome(int fd, std::string* text) {
  char bytes[4096];
  const ssize_t count = ::read(fd, bytes, sizeof bytes);
  if (count < 0) return errno == EINTR || errno == EAGAIN;
  const size_t room = kMostBytes - std::min(text->size(), kMostBytes);
  text->append(bytes, std::min(static_cast<size_t>(count), room));
  return count > 0;
}

// Gives the input and reads both outputs until they end; false where the deadline passes.
bool Talk(Pipes* pipes, const std::string& input, Deadline deadline, ToolOutput* output) {
  ::fcntl(pipes->in.writer(), F_SETFL, O_NONBLOCK);
  size_t written = 0;
  if (input.empty()) pipes->in.CloseWriter();
  while (pipes->out.reader() >= 0 || pipes->err.reader() >= 0) {
    if (deadline.Passed()) return false;
    pollfd fds[3] = {{pipes->out.reader(), POLLIN, 0},
                     {pipes->err.reader(), POLLIN, 0},
                     {pipes->in.writer(), POLLOUT, 0}};  // those of -1 are passed over
    if (::poll(fds, 3, MillisecondsLeft(deadline)) <= 0) continue;
    if (fds[0].revents != 0 && !ReadSome(fds[0].fd, &output->out)) pipes->out.CloseReader();
    if (fds[1].revents != 0 && !ReadSome(fds[1].fd, &output->err)) pipes->err.CloseReader();
    if (fds[2].revents == 0) continue;
    const ssize_t count =
        ::send(fds[2].fd, input.data() + written, input.size() - written, MSG_NOSIGNAL);
    if (count > 0) written += static_cast<size_t>(count);
    const bool failed = count < 0 && errno != EINTR && errno != EAGAIN;
    if (failed || written == input.size()) pipes->in.CloseWriter();
  }
  return true;
}

// Its signals are as a new process has them, whatever this one ignores, but for those that ask for
// an end: what is asked of SLURM in the last moments of a run is not to be cut off by them.
Result<pid_t> Spawn(const std::vector<std::string>& command, const Pipes& pipes) {
  std::vector<char*> arguments;
  for (const std::string& word : command) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  posix_spawn_file_actions_t files;
  posix_spawnattr_t attributes;
  ::posix_spawn_file_actions_init(&files);
  ::posix_spawnattr_init(&attributes);
  ::posix_spawn_file_actions_adddup2(&files, pipes.in.reader(), STDIN_FILENO);
  ::posix_spawn_file_actions_adddup2(&files, pipes.out.writer(), STDOUT_FILENO);
  ::posix_spawn_file_actions_adddup2(&files, pipes.err.writer(), STDERR_FILENO);
  sigset_t all;
  ::sigfillset(&all);
  for (const int number : {SIGTERM, SIGINT, SIGHUP}) ::sigdelset(&all, number);
  ::posix_spawnattr_setsigdefault(&attributes, &all);
  ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF);
  pid_t pid = -1;
  const int error =
      ::posix_spawnp(&pid, arguments[0], &files, &attributes, arguments.data(), environ);
  ::posix_spawn_file_actions_destroy(&files);
  ::posix_spawnattr_destroy(&attributes);
  if (error == ENOENT) return NotFound("there is no program '" + command[0] + "' on the PATH");
  if (error != 0) return ErrnoStatus("cannot start '" + command[0] + "'", error);
  return pid;
}

Status Late(const std::string& name) {
  return DeadlineExceeded("'" + name + "' did not answer in time and was ended");
}

Status AwaitEnd(const std::string& name, pid_t pid, Deadline deadline, int* exit_code) {
  for (;;) {
    int state = 0;
    const pid_t ended = ::waitpid(pid, &state, WNOHANG);
    if (ended == pid) {
      *exit_code = WIFEXITED(state) ? WEXITSTATUS(state) : 128 + WTERMSIG(state);
      return OkStatus();
    }
    if (ended < 0 && errno != EINTR) {
      return Internal("how '" + name + "' ended is not known: something else took note of it");
    }
    if (deadline.Passed()) return Late(name);
    std::this_thread::sleep_for(kBetweenLooks);
  }
}

}  // namespace

Result<ToolOutput> RunTool(const std::vector<std::string>& command, const std::string& input,
                           Deadline deadline) {
  Pipes pipes;
  RETURN_IF_ERROR(pipes.in.OpenAsSocket());
  RETURN_IF_ERROR(pipes.out.Open());
  RETURN_IF_ERROR(pipes.err.Open());
  ASSIGN_OR_RETURN(const pid_t pid, Spawn(command, pipes));
  pipes.in.CloseReader();
  pipes.out.CloseWriter();
  pipes.err.CloseWriter();
  ToolOutput output;
  const Status ended = Talk(&pipes, input, deadline, &output)
                           ? AwaitEnd(command[0], pid, deadline, &output.exit_code)
                           : Late(command[0]);
  if (ended.ok()) return output;
  if (ended.code() == StatusCode::kDeadlineExceeded) {
    ::kill(pid, SIGKILL);
    (void)AwaitEnd(command[0], pid, Deadline::In(std::chrono::seconds(5)), &output.exit_code);
  }
  return ended;
}

std::string LastWords(const ToolOutput& output) {
  for (const std::string* text : {&output.err, &output.out}) {
    const size_t end = text->find_last_not_of("\r\n");
    if (end == std::string::npos) continue;
    const size_t before = text->rfind('\n', end);
    const size_t begin = before == std::string::npos ? 0 : before + 1;
    return text->substr(begin, end + 1 - begin);
  }
  return "exit code " + std::to_string(output.exit_code);
}

}  // namespace lockstep::cluster
