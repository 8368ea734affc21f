import type { LineCause } from '../ports/events.ts';
import type { LineOverrides } from '../ports/settings.ts';

/** What a line is opened with. */
export interface LineRequest {
  readonly cause: LineCause;
  readonly requestId: string | null;
  readonly outOfBand: boolean;
  readonly overrides: LineOverrides;
  readonly metadata: Readonly<Record<string, string>> | null;
}
