// What the kernel counts by user: inotify instances (128 by default), queued signals, processes. What is made in a user
// namespace also counts for whoever made that: a container that uses all up may leave nobody outside without.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { createEngine } from 'caisson'

const HOG = `
#define _GNU_SOURCE
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/inotify.h>
#include <sys/wait.h>
#include <unistd.h>

static int signals(int most)
{
	union sigval v = { 0 };
	sigset_t s;
	int n = 0;

	sigemptyset(&s);
	sigaddset(&s, SIGRTMIN);
	sigprocmask(SIG_BLOCK, &s, NULL);
	while (n < most && sigqueue(getpid(), SIGRTMIN, v) == 0)
		n++;
	return n;
}

static int instances(int most)
{
	int n = 0;

	while (n < most && inotify_init() >= 0)
		n++;
	return n;
}

/* Of several users, since the limit of each is another's. */
static int processes(int users, int each)
{
	int made[2], total = 0, n;

	if (pipe(made) < 0)
		return -1;
	for (int user = 1; user <= users; user++) {
		if (fork() != 0)
			continue;
		if (setgid(user) < 0 || setuid(user) < 0)
			_exit(1);
		for (n = 0; n < each; n++) {
			pid_t pid = fork();

			if (pid < 0)
				break;
			if (pid == 0)
				for (;;)
					pause();
		}
		if (write(made[1], &n, sizeof(n)) < 0)
			_exit(1);
		for (;;)
			pause();
	}
	for (int user = 0; user < users && read(made[0], &n, sizeof(n)) == sizeof(n); user++)
		total += n;
	return total;
}

int main(int argc, char **argv)
{
	if (argc == 3)
		printf("%d\\n", processes(atoi(argv[1]), atoi(argv[2])));
	else if (argc == 2)
		printf("%d %d\\n", instances(1 << 20), signals(1 << 20));
	else
		printf("%d %d\\n", instances(1), signals(1));
	fflush(stdout);
	if (argc == 2)
		pause();
	return 0;
}
`
/** Runs in a process of its own, which may have few processes. */
const forks = (program: string): string => `
  import { createEngine } from ${JSON.stringify(new URL('../../../packages/caisson/dist/index.js', import.meta.url).href)}
  const engine = await createEngine()
  const container = await engine.create({ limits: { processes: 300 } })
  await container.fs.copyIn(${JSON.stringify(program)}, '/tmp/hog')
  console.log((await container.exec('/tmp/hog', ['8', '200'])).stdout)
  await engine[Symbol.asyncDispose]()`

describe('what the kernel counts by user', function () {
  this.timeout(30_000)
  let directory: string
  let hog: string

  before(function () {
    directory = mkdtempSync(join(tmpdir(), 'caisson-shares-'))
    hog = join(directory, 'hog')
    writeFileSync(`${hog}.c`, HOG)
    if (spawnSync('cc', ['-O2', '-o', hog, `${hog}.c`]).status === 0) return
    console.log('      skipped: needs a C compiler (apt-get install gcc)')
    this.skip()
  })
  after(() => rmSync(directory, { recursive: true, force: true }))

  it('is not used up for those outside by a container that takes all it gets', async () => {
    await using engine = await createEngine()
    const container = await engine.create()
    await container.fs.copyIn(hog, '/tmp/hog')
    const greedy = container.exec('/tmp/hog', ['all'])
    let taken: readonly number[] = []
    for await (const line of greedy.lines()) {
      taken = line.split(' ').map(Number)
      break
    }
    expect(Math.min(...taken), 'it has got some').to.be.greaterThan(0)
    expect(spawnSync(hog, { encoding: 'utf8' }).stdout, 'one of each outside').to.equal('1 1\n')
    await greedy.kill()
    await greedy
  })

  it('holds all users of a container together: processes', async function () {
    await using engine = await createEngine()
    if (engine.picked.isolation.facts['mode']?.includes('single') === true) {
      console.log('      skipped: needs containers of many ids')
      return this.skip()
    }
    const args = ['-c', 'ulimit -u 700 && exec "$0" --input-type=module -e "$1"', process.execPath]
    const limited = spawnSync('bash', [...args, forks(hog)], { encoding: 'utf8' })
    const made = Number(limited.stdout)
    expect(made, limited.stderr).to.be.greaterThan(200)
    expect(made).to.be.lessThan(700)
    return undefined
  })
})
