// CVE-2022-0811, CVE-2025-31133, CVE-2025-52565: who writes core_pattern, modprobe or uevent_helper has the host's kernel start
// a program as root. Who crashes has it start one that is there already: unless the limit on core dumps is, and stays, 1.
import { describeEscape } from '../describe-escape.js'

const ownLimit = [
  'own limit by setrlimit',
  'own limit by setrlimit, with high bits',
  'own limit by prlimit64',
  'own limit by prlimit64, with high bits',
  'own limit by prlimit64, old one asked',
  'own limit by prlimit64, by number',
]

describeEscape({
  idea: 'core-pattern',
  held: {
    'own limit by setrlimit': 'ECANCELED',
    'own limit by setrlimit, with high bits': 'ECANCELED',
    'own limit by prlimit64': 'ECANCELED',
    'own limit by prlimit64, with high bits': 'ECANCELED',
    'own limit by prlimit64, old one asked': 'EPERM',
    'own limit by prlimit64, by number': 'ECANCELED',
    core_pattern: 'EROFS|EACCES',
    'core_pattern through the own root': 'EROFS|EACCES',
    'core_pattern through pid 1': 'EROFS|EACCES',
    'core_pattern through a task': 'EROFS|EACCES',
    'mode of core_pattern': 'EROFS|EACCES',
    modprobe: 'EROFS|EACCES|ENOENT',
    uevent_helper: 'EROFS|EACCES|ENOENT',
    binfmt_misc: 'EROFS|EACCES|ENOENT',
    'own attributes': 'OK',
  },
  openings: [
    { by: "seccomp: 'unconfined'", options: { seccomp: 'unconfined' }, further: ownLimit },
    { by: 'limits.core', options: { limits: { core: 4096 } }, further: ownLimit },
    {
      by: 'strict',
      options: { profile: 'strict', allowDegraded: ['pids', 'memory'] },
      further: [],
    },
  ],
  outside: {
    further: ['core_pattern', 'core_pattern through a task', 'modprobe'],
  },
})
