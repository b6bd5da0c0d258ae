/** The limits this driver enforces. */
export const LIMIT_KEYS = [
  'memory',
  'cpu',
  'cpuTime',
  'pids',
  'io',
  'hugetlb',
  'rdma',
  'misc',
  'unified',
] as const

export type LimitKeyV2 = (typeof LIMIT_KEYS)[number]
