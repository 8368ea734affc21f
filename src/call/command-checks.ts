import { CallError } from '../ports/errors.ts';
import { settingsRefusal } from './allowance.ts';
import { resolveSettings } from './settings.ts';
import type { CommandTarget } from './commands.ts';
import type { LineOverrides } from '../ports/settings.ts';

type Target = Pick<CommandTarget, 'agent' | 'context' | 'settings'>;

/** @throws CallError `unsupported_by_backend`, naming the backend */
export function need(target: Target, able: boolean, what: string, param?: string): void {
  if (able) return;
  const { backend } = target.context();
  throw new CallError('unsupported_by_backend', `Backend ${backend} ${what}.`, {
    ...(param === undefined ? {} : { param }),
  });
}

/** @throws CallError `unsupported_by_backend` where the gateway does not decide about turns */
export function needGateway(target: Target, what: string): void {
  need(target, target.context().authority === 'gateway', what, 'type');
}

/** What holds for one answer only goes through the same checks as the call's settings. */
export function checkedOverrides(target: Target, overrides: LineOverrides): LineOverrides {
  const settings = target.settings();
  const context = target.context();
  const forbidden = settingsRefusal(target.agent(), settings, overrides);
  if (forbidden !== null) throw forbidden;
  const resolved = resolveSettings(settings, overrides, context);
  if (!resolved.ok) throw resolved.error;
  if (context.capabilities.rigid?.perLine !== true) return overrides;
  const { instructions } = overrides;
  const prompt = context.capabilities.promptable === true && instructions !== undefined;
  for (const key of Object.keys(overrides) as (keyof LineOverrides)[]) {
    if (prompt && key === 'instructions') continue;
    const same = JSON.stringify(overrides[key]) === JSON.stringify(settings[key]);
    need(target, same, 'cannot answer once with other settings', `response.${key}`);
  }
  return prompt ? { instructions } : {};
}
