import { describe, expect, it } from 'vitest';
import { capabilityTable, toldKeys, withTable } from './capability-table.ts';
import { columns, documentsWithTable } from './documents.ts';
import { pairTable } from './pair-table.ts';

describe('the table of backends', () => {
  it('is in the documents as the code has it (else: npm run docs)', async () => {
    const found = await documentsWithTable();
    expect(found.map(({ path }) => path.split('/').slice(-2).join('/'))).toContain(
      'docs/backends.md',
    );
    for (const { is, shouldBe } of found) expect(is).toBe(shouldBe);
  });

  it('tells of every capability that any backend has', () => {
    const all = new Set(columns.flatMap(({ capabilities }) => Object.keys(capabilities)));
    expect([...all].filter((key) => !toldKeys.has(key))).toEqual([]);
  });

  it('shows a capability that changes', () => {
    const [first] = columns;
    if (first === undefined) throw new Error('there are no backends');
    const { capabilities } = first;
    const before = capabilityTable([first]);
    const changed = { ...capabilities, resumption: !capabilities.resumption };
    expect(capabilityTable([{ ...first, capabilities: changed }])).not.toBe(before);
  });

  it('stands between its marks and nowhere else', () => {
    const marked =
      'a\n<!-- capabilities: written by `npm run docs` -->\nold\n<!-- /capabilities -->\nb\n';
    expect(withTable(marked, 'new')).toBe(
      'a\n<!-- capabilities: written by `npm run docs` -->\n\nnew\n\n<!-- /capabilities -->\nb\n',
    );
    expect(withTable('a\nb\n', 'new')).toBeNull();
  });
});

describe('the table of clients and backends', () => {
  it('stands in the README', async () => {
    const readme = (await documentsWithTable()).find(({ path }) => path.endsWith('README.md'));
    expect(readme?.is).toContain('| Realtime client');
  });

  it('shows what is lost, and no more', () => {
    const [first] = columns;
    if (first === undefined) throw new Error('there are no backends');
    const row = (change: Partial<typeof first.capabilities>): string =>
      pairTable([{ ...first, capabilities: { ...first.capabilities, ...change } }]);
    expect(row({ tools: 'none' })).toContain('delegation');
    expect(row({ tools: 'blocking' })).not.toContain('delegation');
    expect(row({ outOfBand: true })).not.toContain('beside the conversation');
  });
});
