export { pivotRoot, type PivotRootOptions } from './pivot-root.js'
