import { describe, expect, it } from 'vitest';
import { OptionalPart } from '../../../src/server/optional-part.ts';
import { silentLogger, type Logger } from '../../../src/ports/log.ts';

interface Warning {
  readonly event: string;
  readonly fields: unknown;
}

function rig(prepared: Promise<void>) {
  const warnings: Warning[] = [];
  const log: Logger = {
    ...silentLogger,
    warn: (event, fields) => warnings.push({ event, fields }),
  };
  let closes = 0;
  const helper = {
    name: 'smart-turn',
    prepare: () => prepared,
    close: () => {
      closes += 1;
      return Promise.resolve();
    },
  };
  return { part: new OptionalPart(() => helper, { log }), helper, warnings, closes: () => closes };
}

const { signal } = new AbortController();

describe('a part that no call waits for', () => {
  it('is given to calls from when it is ready until it is closed', async () => {
    const { part, helper, closes } = rig(Promise.resolve());
    expect(part.ready).toBeNull();
    await part.prepare(signal);
    expect(part.ready).toBe(helper);
    await part.close();
    expect(part.ready).toBeNull();
    expect(closes()).toBe(1);
  });

  it('that cannot be had is in the log, with why, and never given', async () => {
    const { part, warnings } = rig(Promise.reject(new Error('no such file')));
    await part.prepare(signal);
    expect(part.ready).toBeNull();
    expect(warnings).toEqual([
      { event: 'part.not_ready', fields: { part: 'smart-turn', reason: 'no such file' } },
    ]);
  });

  it('that becomes ready after it was closed is not given', async () => {
    const held: PromiseWithResolvers<void> = Promise.withResolvers();
    const { part } = rig(held.promise);
    const preparing = part.prepare(signal);
    await part.close();
    held.resolve();
    await preparing;
    expect(part.ready).toBeNull();
  });

  it('is made when it is first wanted, and only once', async () => {
    let made = 0;
    const { helper } = rig(Promise.resolve());
    const make = (): typeof helper => {
      made += 1;
      return helper;
    };
    const part = new OptionalPart(make, { log: silentLogger });
    expect([made, part.made]).toEqual([0, null]);
    await Promise.all([part.prepare(signal), part.prepare(signal)]);
    await part.prepare(signal);
    expect([made, part.made]).toEqual([1, helper]);
  });

  it('that cannot even be made is in the log', async () => {
    const warnings: unknown[] = [];
    const log: Logger = {
      ...silentLogger,
      warn: (event, fields) => warnings.push([event, fields]),
    };
    const make = (): never => {
      throw new Error('no such library');
    };
    const part = new OptionalPart(make, { log });
    await part.prepare(signal);
    expect(part.ready).toBeNull();
    expect(warnings).toEqual([['part.not_ready', { part: 'unknown', reason: 'no such library' }]]);
  });

  it('may not exist', async () => {
    const part = new OptionalPart(null, { log: silentLogger });
    await part.prepare(signal);
    expect(part.ready).toBeNull();
    await part.close();
  });
});
