import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { writeWav } from '../../../src/audio/wav.ts';
import { Program } from '../../lib/program.ts';
import { TemporaryFolder } from '../../lib/temporary-folder.ts';
import type { DialogueScript } from '../dialogues/script.ts';

const entry = fileURLToPath(new URL('../../../bin/parley.mjs', import.meta.url));

/** Rate of what callers hear, Hz. */
export const wireRateHz = 24_000;

/** What the agent of a dialogue can say, at {@link wireRateHz}, in the order of the script. */
export interface AgentSound {
  readonly text: string;
  readonly samples: Float32Array;
  readonly delayMs: number;
}

export interface GatewayDialogue {
  readonly script: DialogueScript;
  readonly answers: readonly AgentSound[];
}

/** A gateway in a process of its own, with an agent for each dialogue that answers with its recordings. */
export class DialogueGateway {
  readonly #program: Program;
  readonly #folder: TemporaryFolder;
  readonly #url: string;

  private constructor(program: Program, folder: TemporaryFolder, url: string) {
    this.#program = program;
    this.#folder = folder;
    this.#url = url;
  }

  /** @throws Error with its last words when it does not start */
  static async start(dialogues: readonly GatewayDialogue[]): Promise<DialogueGateway> {
    const folder = new TemporaryFolder('parley-turns');
    const configFile = join(folder.path, 'parley.yaml');
    const entries = dialogues.map((dialogue) => agentOf(dialogue, folder.path));
    const config = {
      server: { host: '127.0.0.1', port: 0, maxCalls: 1_000, drainMs: 500 },
      backends: Object.fromEntries(entries.map(({ name, backend }) => [name, backend])),
      agents: Object.fromEntries(entries.map(({ name }) => [name, { backends: [name] }])),
    };
    // JSON is YAML.
    writeFileSync(configFile, JSON.stringify(config));
    const program = new Program({
      command: process.execPath,
      args: [entry, 'serve', '--config', configFile],
    });
    try {
      const [, url] = await program.lineLike(/^Parley listens on (\S+)$/);
      return new DialogueGateway(program, folder, url!.replace('http', 'ws'));
    } catch (thrown) {
      await program.end();
      folder.remove();
      throw thrown;
    }
  }

  /** Where callers connect, without the agent's name. */
  get realtimeUrl(): string {
    return `${this.#url}/v1/realtime`;
  }

  /** Ends it in order. Idempotent. */
  async end(): Promise<void> {
    await this.#program.end();
    this.#folder.remove();
  }
}

/** Name of a dialogue's agent. */
export function agentName({ index }: DialogueScript): string {
  return `dialogue-${index}`;
}

function agentOf(
  { script, answers }: GatewayDialogue,
  folder: string,
): { readonly name: string; readonly backend: unknown } {
  const name = agentName(script);
  const turns = answers.map(({ text, samples, delayMs }, index) => {
    const audio = join(folder, `${name}-${index}.wav`);
    writeFileSync(audio, writeWav({ rateHz: wireRateHz, channels: [samples] }));
    return { audio, text, firstAudioMs: delayMs };
  });
  return { name, backend: { type: 'rehearsal', script: { turns, whenDone: 'repeat' } } };
}
