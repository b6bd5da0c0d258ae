import { fileURLToPath } from 'node:url'

/** Debian's archive keys, as they come with this package. */
export const ownKeyring = fileURLToPath(new URL('../keys/debian-archive.gpg', import.meta.url))
