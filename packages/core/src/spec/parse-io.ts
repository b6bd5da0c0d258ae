import { invalidArgument } from '../errors/invalid-argument.js'
import { describeType } from '../values/describe-type.js'
import { parseText } from '../values/parse-text.js'
import { checkFields } from './check-fields.js'
import {
  bytes,
  code,
  count,
  milliseconds,
  orMax,
  parseParts,
  type LimitParser,
} from './parse-limit-number.js'
import type { ParsedIo, ParsedIoDevice } from './parsed-limits.js'

const rate = orMax(bytes(1))
// the kernel counts operations in 32 bits
const operations = orMax(count(1, 2 ** 32 - 1))
const deviceParts = {
  readBps: rate,
  writeBps: rate,
  readIops: operations,
  writeIops: operations,
  // in whole microseconds; 0 is the kernel's word for none
  latency: milliseconds(0.001),
}
const deviceFields: ReadonlySet<string> = new Set(['device', ...Object.keys(deviceParts)])

function parseDeviceName(value: unknown, field: string): string {
  const device = parseText(value, field, { maxBytes: 4095, code })
  if (/^\d{1,4}:\d{1,7}$/.test(device) || device.startsWith('/')) return device
  const why = `${JSON.stringify(device.slice(0, 40))} is neither an absolute path nor numbers like '8:0'`
  throw invalidArgument({ field, why, code })
}

function parseDevice(value: unknown, field: string): ParsedIoDevice {
  const { device: name, ...limits } = checkFields(value, field, deviceFields)
  const device = parseDeviceName(name, `${field}.device`)
  const { latency, ...rates } = parseParts(limits, field, deviceParts)
  const latencyUs = latency === undefined ? {} : { latencyUs: Math.round(latency * 1000) }
  return Object.freeze({ device, ...rates, ...latencyUs })
}

function parseDevices(value: unknown, field: string): readonly ParsedIoDevice[] {
  if (!Array.isArray(value)) {
    throw invalidArgument({ field, why: `must be an array, not ${describeType(value)}`, code })
  }
  return Object.freeze(value.map((device, index) => parseDevice(device, `${field}[${index}]`)))
}

/** Shares, and limits by device. */
export const parseIo: LimitParser<ParsedIo> = (value, field) => {
  const io = parseParts(value, field, { weight: count(1, 10_000), devices: parseDevices })
  if (io.devices?.length !== 0) return io
  return Object.freeze(io.weight === undefined ? {} : { weight: io.weight })
}
