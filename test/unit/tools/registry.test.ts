import { describe, expect, it } from 'vitest';
import type { ToolDefinition } from '../../../src/ports/settings.ts';
import type { ToolPort } from '../../../src/ports/tool.ts';
import { ToolRegistry } from '../../../src/tools/registry.ts';

function definition(name: string, description: string | null = null): ToolDefinition {
  return {
    name,
    description,
    parameters: { type: 'object', properties: { n: { type: 'number' } } },
  };
}

function port(name: string): ToolPort {
  return {
    definition: definition(name),
    deadlineMs: 1000,
    run: () => Promise.resolve('done'),
  };
}

describe('tool registry', () => {
  it("shows Parley's tools first and then the client's", () => {
    const registry = new ToolRegistry([port('clock'), port('weather')]);
    const merged = registry.merge([definition('find_room')]);
    expect(merged).toMatchObject({ ok: true });
    if (!merged.ok) return;
    expect(merged.tools.map((tool) => tool.name)).toEqual(['clock', 'weather', 'find_room']);
  });

  it("refuses a client's own definition under the name of a built-in tool", () => {
    const registry = new ToolRegistry([port('clock')]);
    const merged = registry.merge([definition('find_room'), definition('clock', 'mine')]);
    expect(merged).toMatchObject({
      ok: false,
      error: { code: 'invalid_value', param: 'tools[1].name' },
    });
  });

  it('refuses a name that the client declares twice', () => {
    const merged = new ToolRegistry([]).merge([definition('a'), definition('a')]);
    expect(merged).toMatchObject({ ok: false, error: { param: 'tools[1].name' } });
  });

  it('takes an echo of its own tools, so that merging twice changes nothing', () => {
    const registry = new ToolRegistry([port('clock')]);
    const once = registry.merge([definition('find_room')]);
    if (!once.ok) throw once.error;
    const echoed = JSON.parse(JSON.stringify(once.tools)) as ToolDefinition[];
    expect(registry.merge(echoed)).toEqual(once);
  });

  it('does not mind the order of keys in an echo', () => {
    const registry = new ToolRegistry([port('clock')]);
    const echoed: ToolDefinition = {
      parameters: { properties: { n: { type: 'number' } }, type: 'object' },
      description: null,
      name: 'clock',
    };
    expect(registry.merge([echoed])).toMatchObject({ ok: true });
  });

  it('says who runs a name, and takes unknown names itself', () => {
    const registry = new ToolRegistry([port('clock')]);
    const shown = [definition('clock'), definition('find_room')];
    expect(registry.runnerOf('clock', shown)).toBe('gateway');
    expect(registry.runnerOf('find_room', shown)).toBe('client');
    expect(registry.runnerOf('nothing', shown)).toBe('gateway');
    expect(registry.port('nothing')).toBeUndefined();
  });

  it('refuses two built-in tools of one name', () => {
    expect(() => new ToolRegistry([port('clock'), port('clock')])).toThrow(RangeError);
  });
});
