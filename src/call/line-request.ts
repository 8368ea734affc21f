import type { LineCause } from '../ports/events.ts';
import type { LineOverrides } from '../ports/settings.ts';

/** A line that nobody asked for with a wish of its own. */
export const unasked = {
  requestId: null,
  outOfBand: false,
  overrides: {},
  metadata: null,
} as const;

/** What a line is opened with. */
export interface LineRequest {
  readonly cause: LineCause;
  readonly requestId: string | null;
  readonly outOfBand: boolean;
  readonly overrides: LineOverrides;
  readonly metadata: Readonly<Record<string, string>> | null;
}
