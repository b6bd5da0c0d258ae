/** Of the driver, for its manifest and its errors. */
export const DRIVER = 'cgroupv2'
