"""What a converter's process gives up before it reads a document.

Everywhere: memory, processor time, files, new processes and core dumps are limited. On Linux also:
it dies with its parent, gains no privileges (PR_SET_NO_NEW_PRIVS), may not open sockets, start or
touch other processes (seccomp; x86-64 and ARM64) and may read only the interpreter's own
directories (Landlock, Linux 5.13). The last two are further walls around the limits: a kernel
without them converts all the same, and `confine` says which stand.
"""

from __future__ import annotations

import ctypes
import os
import platform
import resource
import signal
import struct
import sys
from collections.abc import Iterable

_PR_SET_PDEATHSIG = 1
_PR_SET_SECCOMP = 22
_PR_SET_NO_NEW_PRIVS = 38
_OPEN_FILES = 32

# Numbers of socket, socketpair, connect, execve, execveat, clone, clone3, ptrace, kill, tkill,
# tgkill, process_vm_readv, process_vm_writev, io_uring_setup; x86-64 also has fork and vfork.
_FORBIDDEN_CALLS = {
    "x86_64": (
        0xC000003E,
        (41, 53, 42, 59, 322, 56, 435, 101, 62, 200, 234, 310, 311, 425, 57, 58),
    ),
    "aarch64": (
        0xC00000B7,
        (198, 199, 203, 221, 281, 220, 435, 117, 129, 130, 131, 270, 271, 425),
    ),
}
_X32_CALLS = 0x40000000

_LANDLOCK_CREATE, _LANDLOCK_ADD, _LANDLOCK_RESTRICT = 444, 445, 446
_LANDLOCK_VERSION_FLAG = 1
_LANDLOCK_PATH_BENEATH = 1
_LANDLOCK_READ = (1 << 2) | (1 << 3)
# Rights on files known to each version of Landlock; an unknown right is refused by the kernel.
_LANDLOCK_RIGHTS = {1: 13, 2: 14, 3: 15, 4: 15}


def die_with_parent(parent: int) -> None:
    """Make the kernel end this process when `parent` does; ends it now if that is gone already."""
    os.nice(10)
    if sys.platform == "linux":
        _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)


def confine(*, seconds: int, memory_bytes: int, readable: Iterable[str]) -> frozenset[str]:
    """Limit this process for good and return the names of the walls that stand.

    `seconds` are of processor time; past them the kernel ends the process by SIGXCPU.
    `memory_bytes` is of address space; past it allocations fail. `readable` are directories that
    later imports may need.
    """
    walls = {"limits"}
    limits = [
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_NOFILE, _OPEN_FILES),
        (resource.RLIMIT_NPROC, 0),
        (resource.RLIMIT_CORE, 0),
    ]
    if sys.platform == "linux":
        limits.append((resource.RLIMIT_AS, memory_bytes))
    for kind, value in limits:
        hard = resource.getrlimit(kind)[1]
        most = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(kind, (most, most))
    # The kernel sends SIGXCPU at the first figure and, were both equal, SIGKILL instead.
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 1))
    if sys.platform == "linux" and _prctl(_PR_SET_NO_NEW_PRIVS, 1):
        walls.add("no_new_privileges")
        if _read_only(readable):
            walls.add("landlock")
        if _without_sockets_and_processes():
            walls.add("seccomp")
    return frozenset(walls)


def _prctl(option: int, value: int, pointer: int = 0) -> bool:
    libc = ctypes.CDLL(None, use_errno=True)
    zero = ctypes.c_ulong(0)
    return bool(
        libc.prctl(option, ctypes.c_ulong(value), ctypes.c_void_p(pointer), zero, zero) == 0
    )


def _syscall(number: int, *arguments: int | bytes | None) -> int:
    libc = ctypes.CDLL(None, use_errno=True)
    libc.syscall.restype = ctypes.c_long
    words = [ctypes.c_long(a) if isinstance(a, int) else ctypes.c_char_p(a) for a in arguments]
    return int(libc.syscall(ctypes.c_long(number), *words))


def _without_sockets_and_processes() -> bool:
    """Install a seccomp filter that answers the forbidden calls with EPERM (seccomp(2))."""
    if platform.machine() not in _FORBIDDEN_CALLS:
        return False
    architecture, forbidden = _FORBIDDEN_CALLS[platform.machine()]
    load, jump_equal, jump_at_least, leave = 0x20, 0x15, 0x35, 0x06
    allow, kill, refuse = 0x7FFF0000, 0x80000000, 0x00050000 | 1
    program = [
        (load, 0, 0, 4),
        (jump_equal, 1, 0, architecture),
        (leave, 0, 0, kill),
        (load, 0, 0, 0),
        (jump_at_least, len(forbidden) + 1, 0, _X32_CALLS),
        *((jump_equal, len(forbidden) - i, 0, call) for i, call in enumerate(forbidden)),
        (leave, 0, 0, allow),
        (leave, 0, 0, refuse),
    ]
    code = ctypes.create_string_buffer(b"".join(struct.pack("=HBBI", *step) for step in program))
    header = struct.pack("@HP", len(program), ctypes.addressof(code))
    held = ctypes.create_string_buffer(header)
    return _prctl(_PR_SET_SECCOMP, 2, ctypes.addressof(held))


def _read_only(readable: Iterable[str]) -> bool:
    """Allow reading below `readable` and no other use of the file system (landlock(7))."""
    version = _syscall(_LANDLOCK_CREATE, None, 0, _LANDLOCK_VERSION_FLAG)
    if version < 1:
        return False
    rights = (1 << _LANDLOCK_RIGHTS.get(version, 16)) - 1
    rules = _syscall(_LANDLOCK_CREATE, struct.pack("=Q", rights), 8, 0)
    if rules < 0:
        return False
    for directory in readable:
        handle = os.open(directory, os.O_PATH | os.O_CLOEXEC)
        rule = struct.pack("=Qi", _LANDLOCK_READ, handle)
        _syscall(_LANDLOCK_ADD, rules, _LANDLOCK_PATH_BENEATH, rule, 0)
        os.close(handle)
    restricted = _syscall(_LANDLOCK_RESTRICT, rules, 0) == 0
    os.close(rules)
    return restricted
