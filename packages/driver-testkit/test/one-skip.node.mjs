// Run by node:test in a process of its own: a test that passes and one that is skipped.
import { after, before, describe, it } from 'node:test'
import { defineTest, skip } from '../dist/test-api.js'

const api = { describe, it, before, after }
defineTest(api, 'passes', async () => {})
defineTest(api, 'cannot run', async () => skip('the moon is wrong'))
