// Which host names are this machine, without asking anybody. Pure.

/** `localhost`, its subdomains, 127.0.0.0/8 and ::1, as `URL.hostname` spells them. */
export const isLoopback = (hostname: string): boolean =>
  hostname === 'localhost' ||
  hostname.endsWith('.localhost') ||
  /^127(?:\.\d{1,3}){3}$/.test(hostname) ||
  hostname === '[::1]';
