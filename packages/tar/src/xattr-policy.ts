/**
 * Attributes that belong to an archive rather than to the host it was made on. Dropped: `security.selinux` and its like, which
 * the host's policy decides; `trusted.*`, and overlayfs's own in `user.overlay.*`, by which an archive would hide or redirect
 * files of layers below it.
 */
export function keepsXattr(name: string): boolean {
  if (name === 'security.capability') return true
  return name.startsWith('user.') && !name.startsWith('user.overlay.')
}
