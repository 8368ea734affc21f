import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import type { Api, OperatorRights } from './api.ts';

export interface OperatorControlsProps {
  readonly api: Api;
  readonly callId: string;
  /** Who answers now; `null`: nobody. */
  readonly serving: string | null;
  /** Backends of the call's agent. */
  readonly backends: readonly string[];
  readonly may: OperatorRights;
}

/** What an operator may do with a running call; nothing for those who may not. */
export function OperatorControls(props: OperatorControlsProps): JSX.Element | null {
  const { api, callId, serving, backends, may } = props;
  const [picked, setPicked] = useState('');
  const [said, setSaid] = useState<{ readonly text: string; readonly failed: boolean } | null>(
    null,
  );
  const others = backends.filter((name) => name !== serving);
  const to = others.includes(picked) ? picked : (others[0] ?? '');
  const canSwitch = may.handOver && others.length > 0;
  if (!canSwitch && !may.breakBackend) return null;
  const tell = async (command: Promise<void>, text: string): Promise<void> => {
    try {
      await command;
      setSaid({ text, failed: false });
    } catch (error) {
      setSaid({ text: error instanceof Error ? error.message : String(error), failed: true });
    }
  };
  return (
    <div class="operator" role="group" aria-label="Operator">
      {canSwitch && (
        <>
          <label>
            <span>Other backend</span>
            <select
              id="switch-to"
              value={to}
              onChange={({ currentTarget }) => setPicked(currentTarget.value)}
            >
              {others.map((name) => (
                <option key={name} value={name}>
                  {name}
                </option>
              ))}
            </select>
          </label>
          <button
            id="switch"
            type="button"
            onClick={() => void tell(api.handOver(callId, to), `To ${to} at the next pause.`)}
          >
            Switch
          </button>
        </>
      )}
      {may.breakBackend && (
        <button
          id="break"
          type="button"
          class="danger"
          disabled={serving === null}
          onClick={() => void tell(api.breakBackend(callId), `${serving ?? ''} was made to fail.`)}
        >
          Make {serving ?? 'it'} fail
        </button>
      )}
      <span class={said?.failed === true ? 'failed' : 'faint'} role="status">
        {said?.text}
      </span>
    </div>
  );
}
