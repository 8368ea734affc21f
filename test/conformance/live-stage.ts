import { fixturePath, type FixtureName } from '../ear/speech.ts';
import { startGateway, type TestGateway } from '../support/gateway.ts';

export const liveKey = 'ek_live_0123456789abcdef';

export const spoken = {
  long: 'The museum opens at nine in the morning and closes at half past five.',
  short: 'Two coffees and one slice of lemon cake.',
  late: 'My booking number is seven four nine two.',
} as const;

function recorded(text: string, name: FixtureName): { text: string; audio: string } {
  return { text, audio: fixturePath(name) };
}

/** The gateway with agents for Live clients. `parrot` is the built-in agent. */
export async function openLiveStage(): Promise<TestGateway> {
  const rehearsal = (turns: readonly object[]): object => ({
    type: 'rehearsal',
    firstAudioMs: { p50: 200, p95: 250 },
    script: { turns },
  });
  const config = {
    auth: {
      keys: [
        { id: 'live', keyEnv: 'LIVE_KEY', agents: ['*'], maxCalls: 50 },
        { id: 'other', keyEnv: 'OTHER_KEY', agents: ['*'], maxCalls: 50 },
      ],
    },
    backends: {
      speaking: rehearsal([
        { callerText: 'When does it open?', ...recorded(spoken.long, 'museum') },
        recorded(spoken.short, 'cake'),
      ]),
      delegating: rehearsal([
        {
          callerText: 'Is a table free?',
          tool: { name: 'delegate_to_application' },
          then: { text: 'I am on it.' },
        },
        recorded(spoken.late, 'booking'),
      ]),
      acting: rehearsal([
        {
          callerText: 'How many tables are free?',
          tool: { name: 'count_tables', arguments: { seats: 2 } },
          then: recorded(spoken.late, 'booking'),
        },
      ]),
    },
    agents: {
      speaker: { backends: ['speaking'], aliases: ['gpt-live-1'] },
      delegator: { backends: ['delegating'] },
      actor: { backends: ['acting'] },
    },
  };
  const gateway = await startGateway({
    config: JSON.stringify(config),
    env: { LIVE_KEY: liveKey, OTHER_KEY: 'ek_other_0123456789abcdef' },
  });
  if (gateway.reasons.length > 0) {
    await gateway.close();
    throw new Error(`the gateway is not ready: ${gateway.reasons.join('; ')}`);
  }
  return gateway;
}
