import { parseHierarchies, readHierarchies } from '@caisson/cgroup-kit'
import { expect } from 'chai'

const line = (root: string, path: string, type: string, options: string): string =>
  `40 31 0:30 ${root} ${path} rw,relatime shared:9 master:1 - ${type} ${type} ${options}`

const shape = (mounts: readonly string[], own: readonly string[]) =>
  parseHierarchies(mounts.join('\n'), own.join('\n')).map((it) => [
    it.version,
    it.controllers.join(),
    it.own,
  ])

describe('parseHierarchies', () => {
  it('takes a hybrid host as it is: any mount point, controllers mounted together, groups of its own', () => {
    const mounts = [
      '31 23 0:28 / /sys/fs/cgroup rw - tmpfs tmpfs rw,mode=755',
      line('/', '/sys/fs/cgroup/cpu,cpuacct', 'cgroup', 'rw,cpuacct,cpu'),
      line('/', '/odd\\040place', 'cgroup', 'rw,memory'),
      line('/', '/sys/fs/cgroup/systemd', 'cgroup', 'rw,xattr,name=systemd'),
      line('/', '/sys/fs/cgroup/unified', 'cgroup2', 'rw,nsdelegate'),
    ]
    const own = [
      '5:cpu,cpuacct:/',
      '4:memory:/agent/a:b',
      '1:name=systemd:/user.slice',
      '0::/user.slice/session-1.scope',
    ]
    expect(shape(mounts, own)).to.deep.equal([
      [1, 'cpu,cpuacct', '/sys/fs/cgroup/cpu,cpuacct'],
      [1, 'memory', '/odd place/agent/a:b'],
      [2, '', '/sys/fs/cgroup/unified/user.slice/session-1.scope'],
    ])
    expect(parseHierarchies(mounts.join('\n'), own.join('\n'))[2]?.nsdelegate).to.equal(true)
  })

  it('goes by the root of a mount where only a part of the tree is mounted', () => {
    const mounts = [
      line('/docker/abc', '/sys/fs/cgroup/pids', 'cgroup', 'rw,pids'),
      line('/docker/abc', '/sys/fs/cgroup/memory', 'cgroup', 'rw,memory'),
      line('/docker/abc', '/sys/fs/cgroup/blkio', 'cgroup', 'rw,blkio'),
    ]
    const own = ['3:pids:/docker/abc', '2:memory:/docker/abc/inner', '1:blkio:/docker/abcd']
    expect(shape(mounts, own)).to.deep.equal([
      [1, 'pids', '/sys/fs/cgroup/pids'],
      [1, 'memory', '/sys/fs/cgroup/memory/inner'],
    ])
  })

  it('leaves out what a namespace puts out of reach, and the second mount of one tree', () => {
    const mounts = [
      line('/../..', '/sys/fs/cgroup', 'cgroup2', 'rw'),
      line('/', '/one', 'cgroup', 'rw,pids'),
      line('/', '/two', 'cgroup', 'rw,pids'),
    ]
    expect(shape(mounts, ['0::/../other', '2:pids:/'])).to.deep.equal([[1, 'pids', '/one']])
  })

  it('finds nothing in nothing, and does not stumble over lines that are none', () => {
    expect(parseHierarchies('', '')).to.deep.equal([])
    expect(parseHierarchies('x\n - cgroup\n1 - cgroup', 'x\n::\n1:pids')).to.deep.equal([])
  })

  it('finds directories that are there on this host', () => {
    for (const { own, mount } of readHierarchies()) expect(own.startsWith(mount)).to.equal(true)
  })
})
