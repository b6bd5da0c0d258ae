/** What a code means and what usually helps. */
export interface ErrorCodeInfo {
  readonly meaning: string
  readonly fix: string
}

/** Every stable code. docs/errors.md is generated from this table; a code never changes its meaning. */
export const errorCodes = {
  ERR_INVALID_SPEC: {
    meaning: 'An argument, option or field has a wrong type, form or range.',
    fix: 'Correct the field named in the message.',
  },
  ERR_UNSUPPORTED: {
    meaning: 'No driver of this engine can do what was asked for. Nothing was touched.',
    fix: 'Plug in a driver that declares it, or leave it out.',
  },
  ERR_ROOTFS_NOT_FOUND: {
    meaning: 'The root file system does not exist.',
    fix: 'Check the path or name after the scheme in `from`.',
  },
  ERR_ROOTFS_NOT_DIRECTORY: {
    meaning: 'The root file system named is not a directory.',
    fix: 'Name the directory that holds bin, etc, usr and so on.',
  },
  ERR_ROOTFS_INVALID: {
    meaning: 'The root file system is there, but cannot serve as one.',
    fix: 'See the reason in the message.',
  },
  ERR_ROOTFS_LAYERS: {
    meaning: 'The root has more directories lying over each other than the kernel takes.',
    fix: 'Use a root of at most 500 layers: squash some of them into one.',
  },
  ERR_STORE_DIR: {
    meaning: 'The directory of the layer store cannot be used.',
    fix: 'Give it to this user with mode 0700 on a local file system, or pass another `dataDir`.',
  },
  ERR_STORE_VERSION: {
    meaning: 'The layer store was made by another version, or for another kind of user.',
    fix: 'Use another directory, or remove the store: what it holds can be made again.',
  },
  ERR_STORE_LOCKED: {
    meaning: 'Another process holds what is needed of the layer store.',
    fix: 'Try again, or give it more time.',
  },
  ERR_STORE_NOT_FOUND: {
    meaning: 'The layer store has no such blob, layer, snapshot or name.',
    fix: 'Check the name; garbage collection removes what nothing refers to.',
  },
  ERR_STORE_BUSY: {
    meaning: 'It is in use: a container runs on it.',
    fix: 'Remove the containers that use it, and try again.',
  },
  ERR_STORE_DAMAGED: {
    meaning: 'A file of the layer store is not what was written.',
    fix: 'Run `verify()` and `repair()`, or remove it and make it again.',
  },
  ERR_STORE_NO_MANIFEST: {
    meaning: 'Nothing tells what the layer should be: an older version published it.',
    fix: 'Delete its names, `collect()`, and make it again.',
  },
  ERR_STORE_SPACE: {
    meaning: 'The file system of the layer store is full.',
    fix: 'Make room, e.g. by `prune()`, or use another `dataDir`.',
  },
  ERR_STORE_IO: {
    meaning: 'Reading or writing the layer store failed.',
    fix: 'See the reason in the message.',
  },
  ERR_ROOTFS_SCHEME: {
    meaning: '`from` has no scheme, or one that no rootfs provider of this engine answers to.',
    fix: 'Write `scheme:reference` with one of the schemes listed, e.g. `dir:/srv/root`.',
  },
  ERR_ARCH_UNSUPPORTED: {
    meaning: 'There is nothing of the kind asked for, for the architecture of this host.',
    fix: 'Use another provider or another image.',
  },
  ERR_MIRROR_UNREACHABLE: {
    meaning:
      'A server that packages or images come from does not answer, or answers with an error.',
    fix: 'Check the network, the proxy and the name of the mirror.',
  },
  ERR_SUITE_NOT_FOUND: {
    meaning: 'The mirror has no such release of the distribution.',
    fix: 'Check the name of the release after the scheme in `from`, and the mirror.',
  },
  ERR_SIGNATURE_INVALID: {
    meaning: 'What a mirror delivered is not signed by any key that is trusted.',
    fix: 'Use another mirror, or give the right `keyring`.',
  },
  ERR_RELEASE_EXPIRED: {
    meaning: 'The signed index of a mirror is too old, or of a time to come.',
    fix: 'Check the clock, or use a mirror that is up to date.',
  },
  ERR_PACKAGE_NOT_FOUND: {
    meaning: 'The distribution has no package of that name.',
    fix: 'Correct the name; the message has one that is near.',
  },
  ERR_DEPENDENCY_UNSATISFIED: {
    meaning: 'A package needs another one that the distribution does not have.',
    fix: 'See the chain of packages in the message.',
  },
  ERR_DIGEST_MISMATCH: {
    meaning: 'Content is not what its digest or its size says; nothing of it was used.',
    fix: 'Try again, or use another mirror.',
  },
  ERR_ARCHIVE_CORRUPT: {
    meaning: 'An archive or package is broken, truncated, or not of the format it should have.',
    fix: 'Fetch it again; the message names the place.',
  },
  ERR_ARCHIVE_UNSAFE: {
    meaning:
      'An archive holds an entry that leads out of the directory, hides what is below it, or may not be made by this user.',
    fix: 'Do not use the archive, or make it again without that entry.',
  },
  ERR_ARCHIVE_LIMIT: {
    meaning: 'An archive asks for more than its limits allow: entries, bytes, names, attributes.',
    fix: 'Raise the limit named in the message if the archive is what it should be.',
  },
  ERR_TOOL_MISSING: {
    meaning: 'A program of the host is needed and is not installed.',
    fix: 'Install what the message names.',
  },
  ERR_MOUNT_SOURCE: {
    meaning:
      'What should be mounted into the container is not there, may not be read, or is what the engine keeps for itself.',
    fix: 'Check `mounts[].from`: it is a path on the host that neither holds nor lies in `stateDir` or `dataDir`.',
  },
  ERR_MOUNT_TARGET: {
    meaning:
      'The place of a mount is not allowed: outside the root, through a link, or reserved by the container itself.',
    fix: 'Use an absolute path without `..` that is neither `/` nor in /proc.',
  },
  ERR_LAUNCH: {
    meaning:
      'The kernel refused a step of the start; step, system call and errno are in the error.',
    fix: 'Run `engine.doctor()`: it says what this host lacks.',
  },
  ERR_LAUNCHER_MISSING: {
    meaning: 'The launcher program is not built or not where it belongs.',
    fix: 'Run `npm run build` (it needs a C compiler).',
  },
  ERR_LAUNCHER_GONE: {
    meaning: 'The launcher ended while it was needed; everything it held is dead.',
    fix: 'Try again: the next start makes a new launcher. If it repeats, report it.',
  },
  ERR_USER_NAMESPACE: {
    meaning: 'This host does not let this user make a user namespace.',
    fix: 'Allow user namespaces (sysctl or AppArmor profile as named by `engine.doctor()`), or run as root.',
  },
  ERR_COMMAND_NOT_FOUND: {
    meaning: 'The command is not in the container. As a result: exit code 127.',
    fix: 'Give a path inside the root, or a name that its PATH finds.',
  },
  ERR_COMMAND_NOT_EXECUTABLE: {
    meaning: 'The command is there but cannot be executed. As a result: exit code 126.',
    fix: 'Check its permission bits, its architecture and its `#!` line.',
  },
  ERR_ARGV_TOO_LARGE: {
    meaning:
      'Arguments and environment are more than the kernel takes: 128 KiB each, about 2 MiB together.',
    fix: 'Pass large data by stdin or by a file.',
  },
  ERR_USER_NOT_FOUND: {
    meaning: 'The user or group is not in /etc/passwd or /etc/group of the container.',
    fix: 'Use a numeric id, or add the user to the root.',
  },
  ERR_CWD: {
    meaning: 'The working directory is not in the container, or not a directory.',
    fix: 'Make it first, or choose another `cwd`.',
  },
  ERR_CAPABILITY_UNKNOWN: {
    meaning: 'There is no capability of that name.',
    fix: 'Use names of capabilities(7), e.g. `NET_BIND_SERVICE`.',
  },
  ERR_SECCOMP_PROFILE: {
    meaning: 'A seccomp profile says something that cannot be meant.',
    fix: 'Mend the field named; the format is that of Docker and containers-common.',
  },
  ERR_LIMIT_RANGE: {
    meaning: 'A limit is out of range, or higher than this host can give.',
    fix: 'Choose a value within the range named.',
  },
  ERR_LIMIT_BELOW_USAGE: {
    meaning: 'The new memory limit is below what is in use; nothing was changed.',
    fix: "Choose a higher value, or pass `belowUsage: 'reclaim'` or `'kill'`.",
  },
  ERR_LIMIT_DEVICE: {
    meaning: 'The block device of an `io` limit is not there, or the path is on none.',
    fix: 'Name a disk by its numbers (`lsblk`), by its path in /dev, or by a path on it.',
  },
  ERR_LIMIT_DELEGATION: {
    meaning: 'This process may not make or fill control groups where it would have to.',
    fix: 'See `engine.doctor()`: it names the setting that delegates them.',
  },
  ERR_LIMIT: {
    meaning:
      'The kernel refused a limit, or how control groups stand keeps it from being set; file and errno are in the error.',
    fix: 'Run `engine.doctor()`: it says what each limit is worth on this host.',
  },
  ERR_CONTAINER_STATE: {
    meaning: 'The container is in a state in which this cannot be done.',
    fix: 'See the states in the message.',
  },
  ERR_CONTAINER_GONE: {
    meaning:
      'No process of the container is left, and nobody asked for that by `stop` or `remove`: the message says what ended its first.',
    fix: 'Make a new container.',
  },
  ERR_CONTAINER_BUSY: {
    meaning: 'Another process is connected to this detached container; it serves one at a time.',
    fix: 'Try again when the other has called `detach()` or ended; `logs()` needs no connection.',
  },
  ERR_CONTAINER_NOT_FOUND: {
    meaning: 'There is no detached container of that id in the state directory.',
    fix: 'See `engine.list()`; check that `stateDir` and the user are those that made it.',
  },
  ERR_DETACHED: {
    meaning: 'The container was let go of while something was under way; in there it goes on.',
    fix: 'Wait for it before `detach()`, or get the container again by `engine.get(id)`.',
  },
  ERR_RECORD: {
    meaning: 'The record of a detached container is not what Caisson wrote.',
    fix: 'Remove its directory once nothing of it runs any more.',
  },
  ERR_STATE_DIR: {
    meaning: 'The state directory cannot be used: not a directory, or others may write there.',
    fix: 'Give it to this user with mode 0700, or pass another `stateDir`.',
  },
  ERR_COMMAND_FAILED: {
    meaning: '`unwrap()` of a result that is not ok; the result is in the error.',
    fix: 'Look at `error.result`: reason, exit code and stderr.',
  },
  ERR_FILE_NOT_FOUND: {
    meaning: 'There is no file or directory of that name in the container.',
    fix: 'Check the path; it is looked up in the container, links included.',
  },
  ERR_FILE_EXISTS: {
    meaning: 'Something of that name is in the way, or a directory to be removed is not empty.',
    fix: 'Remove it first, or use the option `recursive`.',
  },
  ERR_FILE_TYPE: {
    meaning:
      'It cannot be done with a thing of that kind: a directory for a file or the other way round, a FIFO, a device, a loop of links.',
    fix: 'Look at it with `lstat()`; only regular files, directories and links can be read and written.',
  },
  ERR_FILE_ACCESS: {
    meaning:
      'The kernel does not permit it: read-only, immutable, another mount, or ids that are not mapped.',
    fix: 'Check whether the root or the mount is writable, and the ids that the container has.',
  },
  ERR_FILE_LIMIT: {
    meaning:
      'Too large, too long or too many: no space left, a file above `maxBytes`, a path above 4095 bytes.',
    fix: 'Raise the limit named in the message, or take the data as a stream.',
  },
  ERR_FILE_ARCHIVE: {
    meaning:
      'The archive is broken, or holds an entry that leads out of the target directory or cannot be made.',
    fix: 'See the entry named in the message.',
  },
  ERR_FILE_IO: {
    meaning: 'Reading or writing failed, or what serves the files of the container ended.',
    fix: 'Try again; if it repeats, look at the errno.',
  },
  ERR_ABORTED: {
    meaning: 'The operation was given up by its AbortSignal, or killed, before the command ran.',
    fix: 'Nothing to mend.',
  },
  ERR_WAIT_TIMEOUT: {
    meaning:
      'What `waitFor()` waited for did not come in time; the message says what was seen last.',
    fix: 'Look at the output of the command that should bring it about, or give it more `timeout`.',
  },
  ERR_WAIT_FAILED: {
    meaning:
      'What `waitFor()` waited for cannot come any more: the command or the container ended.',
    fix: 'See the result and the output of the command.',
  },
  ERR_DISPOSED: {
    meaning: 'The engine or scope is disposed already.',
    fix: 'Keep it open for as long as it is used (`await using`).',
  },
  ERR_DRIVER: {
    meaning: 'A driver object breaks the contract of drivers.',
    fix: 'Make drivers with `defineDriver()` and pass each at the place of its kind.',
  },
  ERR_DI: {
    meaning:
      'Something to be injected is not registered, depends on itself, or could not be made or disposed.',
    fix: 'Register the token named in the scope given to `createEngine()`.',
  },
  ERR_INTERNAL: {
    meaning: 'A fault of Caisson itself.',
    fix: 'Please report it with the message and the stack.',
  },
} as const satisfies Readonly<Record<string, ErrorCodeInfo>>

/** A stable code; what to recognise errors by. */
export type ErrorCode = keyof typeof errorCodes
