import type { JSX } from 'preact';
import { useCallback } from 'preact/hooks';
import type { Api, ShownBackend } from '../api.ts';
import { figure } from '../format.ts';
import { useLoaded } from '../hooks.ts';
import { quantile, readMetrics, sum, type Sample } from './prometheus.ts';

interface Health {
  readonly samples: readonly Sample[];
  readonly backends: readonly ShownBackend[];
}

/** Wait between looks, ms. */
const everyMs = 3_000;

/** How the process and its backends are. */
export function HealthPage({ api }: { readonly api: Api }): JSX.Element {
  const load = useCallback(
    async (signal: AbortSignal): Promise<Health> => {
      const [text, backends] = await Promise.all([api.metrics(signal), api.backends(signal)]);
      return { samples: readMetrics(text), backends };
    },
    [api],
  );
  const { value, error } = useLoaded(load, everyMs);
  return (
    <>
      <h1>Health</h1>
      {error !== null && <p class="problem">{error}</p>}
      {value !== null && <Figures {...value} />}
      {value !== null && <BackendTable backends={value.backends} />}
    </>
  );
}

function Figures({ samples, backends }: Health): JSX.Element {
  const milliseconds = (name: string): string => {
    const seconds = quantile(samples, name, 0.99);
    return seconds === null ? '–' : `${figure(seconds * 1000, 1)} ms`;
  };
  const total = (name: string): string => figure(sum(samples, name) ?? 0);
  const tiles = [
    ['Calls active', total('parley_calls_active')],
    ['Calls so far', total('parley_calls_total')],
    ['Refused', total('parley_calls_refused_total')],
    ['Frame delay p99', milliseconds('parley_frame_delay_seconds')],
    ['Deadline misses', total('parley_model_deadline_misses_total')],
    ['Event loop delay p99', milliseconds('parley_event_loop_delay_seconds')],
    ['Dropped frames', total('parley_dropped_frames_total')],
    ['Errors', total('parley_errors_total')],
    ['Handovers', total('parley_handovers_total')],
    ['Breakers not closed', figure(backends.filter(({ health }) => health !== 'closed').length)],
    ['Spent', spent(samples)],
  ] as const;
  return (
    <dl class="tiles">
      {tiles.map(([name, value]) => (
        <div key={name} class="card tile">
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

/** Known costs of this process by currency. */
function spent(samples: readonly Sample[]): string {
  const sums = new Map<string, number>();
  for (const { name, labels, value } of samples) {
    if (name !== 'parley_spend_total') continue;
    const currency = labels['currency'] ?? '';
    sums.set(currency, (sums.get(currency) ?? 0) + value);
  }
  if (sums.size === 0) return '–';
  return [...sums].map(([currency, sum]) => `${figure(sum, 2)} ${currency}`).join(', ');
}

function BackendTable({ backends }: { readonly backends: readonly ShownBackend[] }): JSX.Element {
  return (
    <section class="card" aria-labelledby="backends-title">
      <h2 id="backends-title">Backends</h2>
      <div class="scroll" tabIndex={0} role="region" aria-label="List of backends">
        <table class="list">
          <thead>
            <tr>
              <th>Name</th>
              <th>Type</th>
              <th>State</th>
              <th>Breaker</th>
              <th class="number">Calls</th>
              <th>Note</th>
            </tr>
          </thead>
          <tbody>
            {backends.map(({ name, type, state, health, reason, leaving, calls }) => (
              <tr key={name}>
                <td>{name}</td>
                <td>{type}</td>
                <td>
                  <span class={`badge state-${state}`}>{state}</span>
                </td>
                <td>
                  <span class={`badge breaker-${health}`}>{health.replace('_', ' ')}</span>
                </td>
                <td class="number">{calls.held}</td>
                <td>
                  {reason}
                  {leaving && ' leaving: only running calls hold it'}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}
