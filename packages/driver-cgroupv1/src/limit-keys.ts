/** The limits this driver enforces. */
export const LIMIT_KEYS = ['memory', 'cpu', 'cpuTime', 'pids', 'io', 'hugetlb'] as const

export type LimitKeyV1 = (typeof LIMIT_KEYS)[number]
