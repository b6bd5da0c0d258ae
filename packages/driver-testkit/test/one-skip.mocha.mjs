// Run by mocha in a process of its own: a test that passes and one that is skipped.
import { defineTest, skip } from '../dist/test-api.js'

const api = { describe, it, before, after }
defineTest(api, 'passes', async () => {})
defineTest(api, 'cannot run', async () => skip('the moon is wrong'))
