import { generate } from 'selfsigned';
import { fixturePath, type FixtureName } from '../ear/speech.ts';
import { startGateway, type TestGateway } from '../support/gateway.ts';

/** Key that the stage's gateway wants to see. */
export const stageKey = 'ek_conformance_0123456789abcdef';

/** What the scripted answers say, and the recordings that say it. */
export const answers = {
  long: 'The museum opens at nine in the morning and closes at half past five.',
  short: 'Two coffees and one slice of lemon cake.',
  afterTool: 'My booking number is seven four nine two.',
  outOfBand: 'greeting',
} as const;

/** The whole gateway with agents whose every word is known. `parrot` is the built-in agent. */
export async function openStage(tls?: {
  readonly cert: string;
  readonly key: string;
}): Promise<TestGateway> {
  const gateway = await startGateway({
    config: JSON.stringify(stageConfig),
    env: { CONFORMANCE_KEY: stageKey },
    ...(tls === undefined ? {} : { tls }),
  });
  if (gateway.reasons.length > 0) {
    await gateway.close();
    throw new Error(`the gateway is not ready: ${gateway.reasons.join('; ')}`);
  }
  return gateway;
}

/** A certificate for 127.0.0.1 that nobody else trusts, PEM. */
export async function throwAwayCertificate(): Promise<{ cert: string; key: string }> {
  const { cert, private: key } = await generate([{ name: 'commonName', value: '127.0.0.1' }], {
    keyType: 'ec',
    algorithm: 'sha256',
    extensions: [
      { name: 'basicConstraints', cA: true },
      { name: 'subjectAltName', altNames: [{ type: 7, ip: '127.0.0.1' }] },
    ],
  });
  return { cert, key };
}

function recorded(text: string, name: FixtureName): { text: string; audio: string } {
  return { text, audio: fixturePath(name) };
}

function rehearsal(script: object): object {
  return { type: 'rehearsal', firstAudioMs: { p50: 300, p95: 500 }, script };
}

const stageConfig = {
  auth: { keys: [{ id: 'conformance', keyEnv: 'CONFORMANCE_KEY', agents: ['*'], maxCalls: 50 }] },
  backends: {
    speaking: rehearsal({
      turns: [recorded(answers.long, 'museum'), recorded(answers.short, 'cake')],
      outOfBand: [{ text: answers.outOfBand }],
    }),
    acting: rehearsal({
      turns: [
        {
          callerText: 'How many tables are free?',
          tool: { name: 'count_tables', arguments: { seats: 2 } },
          then: recorded(answers.afterTool, 'booking'),
        },
      ],
    }),
  },
  agents: {
    speaker: { backends: ['speaking'], aliases: ['gpt-realtime-2.1'] },
    actor: { backends: ['acting'] },
  },
};
