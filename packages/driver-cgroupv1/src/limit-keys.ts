/** The limits this driver enforces. */
export const LIMIT_KEYS = ['memory', 'cpu', 'cpuTime', 'pids', 'io', 'hugetlb'] as const

/** A limit that control groups of version 1 enforce. */
export type LimitKeyV1 = (typeof LIMIT_KEYS)[number]
