import type { Bytes } from '../values/bytes.js'

/** Something of the caller's to be mounted into a container. */
export type Mount =
  | {
      readonly kind: 'bind'
      /** Absolute path on the host. */
      readonly from: string
      /** Absolute path in the container; made when it is not there. Not `/`, nothing in /proc. */
      readonly to: string
      /** Default true: what is mounted from the host is opened for writing by name only. */
      readonly readonly?: boolean
    }
  | {
      readonly kind: 'tmpfs'
      /** Absolute path in the container; made when it is not there. Not `/`, nothing in /proc. */
      readonly to: string
      /** Default 64MiB. It is memory. */
      readonly size?: Bytes
    }
