import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import type { TurnStages } from '../../../src/ports/stages.ts';
import type { TurnRecord } from '../../../src/ports/store.ts';
import { stepsOf } from './stages.ts';

/** Turns drawn at once (a count), and how many more each time. */
const pageLength = 20;

/** The turns of a call, newest first, each with the way from silence to sound. */
export function Turns({
  turns,
  newestFirst = false,
}: {
  readonly turns: readonly TurnRecord[];
  readonly newestFirst?: boolean;
}): JSX.Element {
  const numbered = turns.map((turn, index) => ({ turn, number: index + 1 }));
  const [limit, setLimit] = useState(pageLength);
  const shown = (newestFirst ? numbered.reverse() : numbered).slice(0, limit);
  return (
    <section class="card" aria-labelledby="turns-title">
      <h2 id="turns-title">Turns</h2>
      {turns.length === 0 && (
        <p class="faint">After each turn: where the silence before the answer went.</p>
      )}
      {shown.map(({ turn, number }) => (
        <article key={number} class="turn">
          <h3>
            Turn {number}
            {turn.interrupted && <span class="badge">interrupted</span>}
          </h3>
          {turn.userText !== null && <p class="caller">{turn.userText}</p>}
          {turn.stages === null ? (
            <p class="faint">No stages: {reason(turn)}</p>
          ) : (
            <Waterfall stages={turn.stages} />
          )}
          {turn.heardText !== null && <p class="agent">{turn.heardText}</p>}
        </article>
      ))}
      {turns.length > limit && (
        <button type="button" onClick={() => setLimit(limit + pageLength)}>
          Show more
        </button>
      )}
    </section>
  );
}

function reason({ firstAudioMs, userEndMs }: TurnRecord): string {
  if (firstAudioMs === null) return 'nothing was heard of an answer.';
  return userEndMs === null ? 'the end of the speech is not known.' : 'nobody told.';
}

function Waterfall({ stages }: { readonly stages: TurnStages }): JSX.Element {
  const steps = stepsOf(stages);
  const { silenceMs, heardBy } = stages;
  const share = (ms: number): string => `${silenceMs === 0 ? 0 : (100 * ms) / silenceMs}%`;
  return (
    <table class="waterfall">
      <caption>
        {whole(silenceMs)} from the end of speech to the ear
        <span class="faint">
          {heardBy === 'acknowledgement' ? ' (as the player told)' : ' (estimated)'}
        </span>
      </caption>
      <tbody>
        {steps.map(({ stage, name, fromMs, lengthMs }) => (
          <tr key={stage}>
            <th scope="row">{name}</th>
            <td class="bar-cell" aria-hidden="true">
              <span
                class={`bar stage-${stage}`}
                style={{ marginLeft: share(fromMs), width: share(lengthMs) }}
              />
            </td>
            <td class="number" data-ms={lengthMs}>
              {whole(lengthMs)}
            </td>
          </tr>
        ))}
      </tbody>
      <tfoot>
        <tr>
          <th scope="row">silence</th>
          <td aria-hidden="true" />
          <td class="number" data-ms={silenceMs}>
            {whole(silenceMs)}
          </td>
        </tr>
      </tfoot>
    </table>
  );
}

/** Always in ms, so that a reader can add them up. */
function whole(ms: number): string {
  return `${Math.round(ms)} ms`;
}
