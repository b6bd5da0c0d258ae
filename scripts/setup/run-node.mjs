import { spawn } from 'node:child_process'

/** Runs Node with these arguments in `cwd`, the terminal passed through; its exit code, 1 when a signal ended it. */
export function runNode(cwd, args) {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, { cwd, stdio: 'inherit' })
    child.once('error', reject)
    child.once('exit', (code) => resolve(code ?? 1))
  })
}
