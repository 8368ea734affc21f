import type { LineTrack } from './line-track.ts';
import type { TurnInput } from '../turn/vocabulary.ts';

/** Smallest change of a line's end that is told, ms. */
const toldChangeMs = 100;
/** A question mark at the end, whatever closes after it. */
const question = /[?？؟][\p{Pe}\p{Pf}"']*\s*$/u;
/** Most closing marks and blanks looked through, characters. */
const tailCharacters = 16;

type Outlook = TurnInput & { readonly type: 'line.outlook' };

/** Tells what is known of a line's end, when it has changed. */
export class LineOutlook {
  readonly #tell: (outlook: Outlook) => void;
  #told: Omit<Outlook, 'type'> = { lineId: '', endsAtMs: null, question: false };

  constructor(tell: (outlook: Outlook) => void) {
    this.#tell = tell;
  }

  /**
   * @param track the latest line; one without a sound, or that is settled, has no outlook
   * @param endsAtMs call time at which all that is known of it will have been heard; `null` = held
   */
  look(track: LineTrack, endsAtMs: number | null): void {
    if (!track.inBand || track.settled || track.generatedSamples === 0) return;
    const { lineId } = track.line;
    const finished = track.outcome !== null;
    const said = finished ? track.text.text : track.sentText;
    const now = {
      lineId,
      endsAtMs: finished ? endsAtMs : null,
      question: question.test(said.slice(-tailCharacters)),
    };
    const told = this.#told.lineId === lineId ? this.#told : { endsAtMs: null, question: false };
    if (now.question === told.question && sameEnd(now.endsAtMs, told.endsAtMs)) return;
    this.#told = now;
    this.#tell({ type: 'line.outlook', ...now });
  }
}

function sameEnd(a: number | null, b: number | null): boolean {
  return a === null || b === null ? a === b : Math.abs(a - b) <= toldChangeMs;
}
