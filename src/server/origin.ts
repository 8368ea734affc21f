/** What decides whether a web page may call. */
export interface OriginPolicy {
  /** Origins allowed by name, as browsers send them (`https://app.example`); `*` for any. */
  readonly allowedOrigins: readonly string[];
  /**
   * Without keys only this machine is served, and then a name that merely resolves to it does not
   * count as the same host: otherwise any page could rebind its own name to 127.0.0.1.
   */
  readonly loopbackOnly: boolean;
}

/** Whether the names of this machine's own loopback interface include `hostname`. */
export function isLoopbackHost(hostname: string): boolean {
  const bare = hostname.replace(/^\[|\]$/g, '').toLowerCase();
  return (
    bare === 'localhost' ||
    bare.endsWith('.localhost') ||
    bare === '::1' ||
    /^127(?:\.\d{1,3}){3}$/.test(bare)
  );
}

/**
 * Whether a request may come from where it says it comes from. Programs send no `Origin` and are
 * let through; a browser's page must be allowed by name or be served from the same host.
 */
export function originAllowed(
  origin: string | undefined,
  host: string | undefined,
  { allowedOrigins, loopbackOnly }: OriginPolicy,
): boolean {
  if (origin === undefined) return !loopbackOnly || hostAllowed(host);
  if (allowedOrigins.includes('*') || allowedOrigins.includes(origin)) return true;
  const from = urlOf(origin);
  const to = host === undefined ? null : urlOf(`${from?.protocol ?? 'http:'}//${host}`);
  if (to === null || from?.host !== to.host) return false;
  return !loopbackOnly || isLoopbackHost(to.hostname);
}

function hostAllowed(host: string | undefined): boolean {
  if (host === undefined) return true;
  const url = urlOf(`http://${host}`);
  return url !== null && isLoopbackHost(url.hostname);
}

function urlOf(text: string): URL | null {
  return URL.canParse(text) ? new URL(text) : null;
}
