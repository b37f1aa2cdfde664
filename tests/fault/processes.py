# SPDX-License-Identifier: Apache-2.0
"""Starts programs and finds, stops and kills every process of theirs.

A started program gets a tag in its environment, which its children inherit, so they are found in
/proc whoever their parent is by now. Each program is a process group of its own in the session of
this process, which also is the reaper of orphans: a stopped rank whose mpirun is killed is then not
an orphaned stopped group, to which the kernel would send SIGHUP, and only what the test does to it
happens to it.
"""

import ctypes
import os
import signal
import subprocess
import time
import uuid

TAG = "LOCKSTEP_FAULT_TEST"
HANG = 120  # seconds after which a command counts as hung
PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER = 1, 36
_libc = ctypes.CDLL(None, use_errno=True)


class Failure(Exception):
    """The program did something else than it must."""


class Skip(Exception):
    """The case cannot be run here, and why."""


class Process:
    """One process as /proc shows it at one moment."""

    def __init__(self, pid, state, name, rank):
        self.pid, self.state, self.name, self.rank = pid, state, name, rank

    def __str__(self):
        rank = "" if self.rank is None else f", rank {self.rank}"
        return f"{self.name} {self.pid} ({self.state}{rank})"


def _stat(pid):
    """State, name, parent, process group and start time; none for a zombie, which does not live
    (kill -0 cannot tell), and for what has ended meanwhile."""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf8", errors="replace") as file:
            before, _, after = file.read().rpartition(")")
    except OSError:
        return None
    fields = after.split()
    if fields[0] in "ZX":
        return None
    return fields[0], before.partition("(")[2], int(fields[1]), int(fields[2]), fields[19]


def _environment(pid):
    try:
        with open(f"/proc/{pid}/environ", "rb") as file:
            pairs = file.read().decode(errors="replace").split("\0")
    except OSError:  # it has ended meanwhile, or is not ours to look at
        return {}
    return {name: value for name, _, value in (pair.partition("=") for pair in pairs if pair)}


def wait_until(condition, seconds, what):
    """The condition's first true value; polled. Failure with what() or `what` after `seconds`."""
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            text = what() if callable(what) else what
            raise Failure(f"{text}, waited for {seconds} s")
        time.sleep(0.01)


class Program:
    """A started command; its output goes to files. Use with `with`: whatever happens, it ends."""

    started = []  # all that may still have processes

    def __init__(self, command, folder, log, environment):
        self.command, self.tag = list(map(str, command)), uuid.uuid4().hex
        self.out_path, self.err_path = log + ".out", log + ".err"
        self.code = None
        self._known = {}  # start time and rank of all processes seen
        with open(self.out_path, "wb") as out, open(self.err_path, "wb") as err:
            self._popen = subprocess.Popen(
                self.command, cwd=folder, stdin=subprocess.DEVNULL, stdout=out, stderr=err,
                env={**environment, TAG: self.tag}, process_group=0,
                preexec_fn=lambda: _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL))
        self.pid = self._popen.pid
        Program.started.append(self)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.destroy()

    @property
    def out(self):
        return _read(self.out_path)

    @property
    def err(self):
        return _read(self.err_path)

    def __str__(self):
        code = "still running" if self.code is None else f"exit code {self.code}"
        return (f"{' '.join(self.command)}\n{code}\n--- stdout\n{self.out[-3000:]}--- stderr\n"
                f"{self.err[-6000:]}---")

    def ended(self):
        """Whether the command itself has ended; then `code` is its exit code."""
        if self.code is None:
            self.code = self._popen.poll()
        return self.code is not None

    def living(self):
        """Every process of it that is not a zombie."""
        # Looking takes time: one may be forked behind the place where we look and outlive its
        # parent ahead of it. Twice none is none.
        return self._look() or self._look()

    def _look(self):
        return [found for found in map(self._look_at, _pids()) if found]

    def _look_at(self, pid):
        stat = _stat(pid)
        if stat is None:
            return None
        state, name, parent, group, start = stat
        environment = _environment(pid)
        known_start, rank = self._known.get(pid, (None, None))
        # In the midst of exec, or of its end, a process has no environment to show.
        ours = environment.get(TAG) == self.tag or not environment and (
            known_start == start or group == self.pid or parent in self._known)
        if not ours or _stat(pid) is None:
            return None
        if "OMPI_COMM_WORLD_RANK" in environment:
            rank = int(environment["OMPI_COMM_WORLD_RANK"])
        self._known[pid] = start, rank
        return Process(pid, state, name, rank)

    def ranks(self):
        """Its training processes by rank; the lone one is rank 0."""
        return {process.rank or 0: process for process in self.living()
                if process.name == "lockstep"}

    def wait(self, seconds=HANG):
        """Its exit code."""
        wait_until(self.ended, seconds, lambda: f"it hangs: {self}")
        return self.code

    def wait_gone(self, seconds):
        """Until no process of it is left but zombies; how long that took."""
        began = time.monotonic()
        wait_until(lambda: not self.living(), seconds,
                   lambda: f"left over: {', '.join(map(str, self.living()))}; of {self}")
        gone = time.monotonic() - began
        self.wait()
        return gone

    def wait_stopped(self):
        """Until one of its training processes stands still (a `:stop` was reached); that one."""
        def stopped():
            for process in self.living():
                if process.state == "T":
                    return process
            if self.ended():
                raise Failure(f"it ended before it reached the place to stop at: {self}")
            return None
        return wait_until(stopped, HANG, lambda: f"nothing of it stopped: {self}")

    def wait_rank_dead(self, rank):
        """Until a training process, seen alive, is dead: it was to kill itself."""
        seen = False

        def dead():
            nonlocal seen
            alive = rank in self.ranks()
            seen = seen or alive
            return not alive and (seen or self.ended())
        wait_until(dead, HANG, lambda: f"rank {rank} was to kill itself: {self}")

    def destroy(self):
        """Kills all that is left of it."""
        end = time.monotonic() + 30
        while left := self.living():
            for process in left:
                send(process.pid, signal.SIGKILL)
            if time.monotonic() > end:
                raise Failure(f"cannot be killed: {', '.join(map(str, left))}")
            time.sleep(0.01)
        if self.code is None:
            self.code = self._popen.wait(timeout=HANG)
        if self in Program.started:
            Program.started.remove(self)
        reap_orphans()


def _pids():
    return [int(name) for name in os.listdir("/proc") if name.isdigit()]


def _read(path):
    with open(path, "rb") as file:
        return file.read().decode(errors="replace")


def send(pid, number):
    """A signal; nothing where the process has gone."""
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        pass


def is_pending(pid, number):
    """Whether a signal waits for a stopped process to go on."""
    pending = 0
    with open(f"/proc/{pid}/status", encoding="utf8", errors="replace") as file:
        for line in file:
            if line.startswith(("SigPnd:", "ShdPnd:")):
                pending |= int(line.split()[1], 16)
    return bool(pending & 1 << (number - 1))


def become_reaper():
    """Orphans of what we start become our children. Once, at the start."""
    if _libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_CHILD_SUBREAPER)")


def reap_orphans():
    """Takes note of the end of adopted children, so that no zombies gather."""
    known = {program.pid for program in Program.started}
    for pid in _pids():
        try:
            with open(f"/proc/{pid}/stat", encoding="utf8", errors="replace") as file:
                fields = file.read().rpartition(")")[2].split()
        except OSError:
            continue
        if fields[0] == "Z" and int(fields[1]) == os.getpid() and pid not in known:
            try:
                os.waitpid(pid, os.WNOHANG)
            except ChildProcessError:
                pass


def destroy_all():
    """Kills every process of every program that was not ended."""
    for program in list(Program.started):
        program.destroy()
