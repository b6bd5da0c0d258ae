/** Made where a profile says something that cannot be meant: names the field and, where there is one, the fix. */
export function profileError(field: string, why: string, fix?: string): TypeError {
  const place = field === '' ? '' : `${field}: `
  const message = `seccomp profile: ${place}${why}${fix === undefined ? '' : `. ${fix}`}`
  return Object.assign(new TypeError(message), { code: 'ERR_SECCOMP_PROFILE', field, why, fix })
}
