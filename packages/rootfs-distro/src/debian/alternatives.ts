/** A link of the alternatives system (update-alternatives(1)) and what it would lead to. */
export interface AlternativeLink {
  /** Where the link is, e.g. `/usr/bin/awk`. */
  readonly link: string
  /** Its name in /etc/alternatives. */
  readonly name: string
  /** What it leads to, e.g. `/usr/bin/mawk`. */
  readonly path: string
}

/** One way to provide something: a master link and those that follow it. */
export interface AlternativeChoice extends AlternativeLink {
  readonly priority: number
  readonly slaves: readonly AlternativeLink[]
}

const path = /^\/[A-Za-z0-9_.+@/-]+$/
const nameForm = /^[A-Za-z0-9_.+-]+$/

function linkOf(words: readonly string[], at: number): AlternativeLink | undefined {
  const [link = '', name = '', target = ''] = words.slice(at, at + 3)
  const usable = [link, target].every((one) => path.test(one) && !one.split('/').includes('..'))
  return usable && nameForm.test(name) ? { link, name, path: target } : undefined
}

function choiceOf(words: readonly string[]): AlternativeChoice | undefined {
  const install = words.indexOf('--install')
  const master = install < 0 ? undefined : linkOf(words, install + 1)
  const priority = Number(words[install + 4])
  if (master === undefined || !Number.isSafeInteger(priority)) return undefined
  const slaves: AlternativeLink[] = []
  words.forEach((word, index) => {
    const slave = word === '--slave' ? linkOf(words, index + 1) : undefined
    if (slave !== undefined) slaves.push(slave)
  })
  return { ...master, priority, slaves }
}

/**
 * The alternatives that a maintainer script installs, read and not run: calls of update-alternatives whose arguments are
 * written out. Those with variables are left for the second stage.
 */
export function readAlternatives(script: string): readonly AlternativeChoice[] {
  const choices: AlternativeChoice[] = []
  for (const line of script.replace(/\\\n/g, ' ').split('\n')) {
    const call = /(?:^|\s|;|&&)update-alternatives\s([^#;&|]*)/.exec(line)
    const choice = choiceOf((call?.[1] ?? '').split(/\s+/))
    if (choice !== undefined) choices.push(choice)
  }
  return choices
}

/**
 * The links to make: for each name the choice of the highest priority whose program is there, with those slaves that are there;
 * first those in /etc/alternatives, then those that lead to them.
 */
export function chooseAlternatives(
  choices: readonly AlternativeChoice[],
  exists: (path: string) => boolean,
): readonly { readonly path: string; readonly target: string }[] {
  const best = new Map<string, AlternativeChoice>()
  for (const choice of choices) {
    const known = best.get(choice.name)
    if (!exists(choice.path) || (known !== undefined && known.priority >= choice.priority)) continue
    best.set(choice.name, choice)
  }
  const links = [...best.values()].flatMap((choice) => [
    choice,
    ...choice.slaves.filter((slave) => exists(slave.path)),
  ])
  return links.flatMap((one) => [
    { path: `/etc/alternatives/${one.name}`, target: one.path },
    { path: one.link, target: `/etc/alternatives/${one.name}` },
  ])
}
