import type { ClientRequest } from '../ports/client.ts';

/** What a request says, as query or header, when its caller has agreed to be recorded. */
const name = 'parley-recording-consent';

/** Whether the client says that its caller may be recorded. */
export function recordingConsent({ query, headers }: ClientRequest): boolean {
  return (query.get(name) ?? headers[name]) === 'yes';
}
