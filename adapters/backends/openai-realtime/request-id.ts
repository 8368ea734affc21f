const kinds = ['create', 'cancel', 'commit', 'truncate', 'item', 'configure'] as const;

/** What a client event of ours is about. */
export type RequestKind = (typeof kinds)[number];

/** An event id that says what the event was about: an upstream's error carries it back. */
export function requestId(kind: RequestKind, subject: string): string {
  return `${kind}:${subject}`;
}

/** What an error is about; `null` where it names none of our events. */
export function requestOf(
  eventId: string | null,
): { readonly kind: RequestKind; readonly subject: string } | null {
  const kind = kinds.find((name) => eventId?.startsWith(`${name}:`));
  if (kind === undefined || eventId === null) return null;
  return { kind, subject: eventId.slice(kind.length + 1) };
}
