/** How many ids lines of /etc/subuid or /etc/subgid give a user, by name or by id; lines that are broken give none. */
export function countSubIds(text: string, user: string, uid: number): number {
  let sum = 0
  for (const line of text.split('\n')) {
    const [owner, first, count] = line.trim().split(':')
    if (owner !== user && owner !== String(uid)) continue
    if (!/^\d+$/.test(first ?? '') || !/^\d+$/.test(count ?? '')) continue
    sum += Number(count)
  }
  return sum
}
