import { afterSetUp } from './setup/set-up.mjs'

await afterSetUp(() => 0)
