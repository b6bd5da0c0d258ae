import { createEngine } from 'caisson'

await using engine = await createEngine()
const result = await engine.run(
  ['sh', '-c', 'hostname; rm -rf /bin; ls /bin || echo "Who needs it?"'],
  { limits: { cpuTime: '2s', openFiles: 64 }, timeout: '10s' },
)
console.log(result.stdout)
console.log(result.reason, result.exitCode, `${result.usage.cpuMs} ms of CPU`, result.enforced)
