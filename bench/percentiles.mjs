/** The value below which `share` of the sorted numbers lie. */
export function percentile(sorted, share) {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))]
}

/** p10, p50 and p99 of samples in microseconds. */
export function summarise(samples) {
  const sorted = samples.toSorted((a, b) => a - b)
  return {
    p10: percentile(sorted, 0.1),
    p50: percentile(sorted, 0.5),
    p99: percentile(sorted, 0.99),
  }
}
