/** Languages that the judge takes. */
export type Language = 'c' | 'python' | 'shell'

/** How programs of a language are made and run, in the container. */
export interface LanguageRules {
  readonly file: string
  readonly command?: readonly [string, ...string[]]
  readonly run: readonly [string, ...string[]]
  readonly cpuTime: '1s' | '2s'
}

export const languages: Readonly<Record<Language, LanguageRules>> = {
  c: {
    file: '/tmp/main.c',
    command: ['cc', '-O1', '-o', '/tmp/main', '/tmp/main.c'],
    run: ['/tmp/main'],
    cpuTime: '1s',
  },
  python: { file: '/tmp/main.py', run: ['/usr/bin/python3', '/tmp/main.py'], cpuTime: '2s' },
  shell: { file: '/tmp/main.sh', run: ['/bin/sh', '/tmp/main.sh'], cpuTime: '1s' },
}
