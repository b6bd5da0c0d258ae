/** What is worth knowing when fewer processes are allowed than run; none otherwise. */
export function pidsNote(current: number, allowed: number | 'max' | undefined): readonly string[] {
  if (allowed === undefined || allowed === 'max' || current <= allowed) return []
  return [
    `pids: ${current} are running, ${allowed} are allowed: none is killed, and none comes until they are fewer`,
  ]
}
