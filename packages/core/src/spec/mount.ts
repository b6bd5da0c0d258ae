import type { Bytes } from '../values/bytes.js'

/** Something of the caller's to be mounted into a container. */
export type Mount =
  | {
      readonly kind: 'bind'
      /**
       * Absolute path on the host. ERR_MOUNT_SOURCE when it lies in the engine's state or data directory, or holds it: by its
       * sockets and records a container could reach others.
       */
      readonly from: string
      /** Absolute path in the container; made when it is not there. Not `/`, nothing in /proc. */
      readonly to: string
      /**
       * Default true: what is mounted from the host is opened for writing by name only. With false, as root, a container can also
       * leave set-user-ID programs of root there, for users of the host who reach it; `owner: 'source'` makes them its owner's.
       */
      readonly readonly?: boolean
      /** Whether programs in it can be executed. Default true; with `profile: 'strict'` false. */
      readonly exec?: boolean
      /** Whether links in it are followed (MS_NOSYMFOLLOW when false). Default true. */
      readonly symlinks?: boolean
      /**
       * Whose the files are. `container` (default): ids are the same inside and outside, so that what the container's root
       * makes here belongs to the host's root when the launcher is root, and to this user when it is not. `source`: the
       * owner and group of `from` and those of the container's `user` are the same, and all other ids are nobody: what the
       * container makes here belongs to the directory's owner, and no file of root's is left. Another user of the container
       * cannot make files then (EOVERFLOW). `user` must be 0, or `uid:gid` in digits. As a user with a range of ids only
       * for `user` 0, whose files are this user's anyway. ERR_UNSUPPORTED, ERR_INVALID_SPEC.
       */
      readonly owner?: 'container' | 'source'
    }
  | {
      readonly kind: 'tmpfs'
      /** Absolute path in the container; made when it is not there. Not `/`, nothing in /proc. */
      readonly to: string
      /** Default 64MiB. It is memory. */
      readonly size?: Bytes
      /** Whether programs in it can be executed. Default true; with `profile: 'strict'` false. */
      readonly exec?: boolean
    }
